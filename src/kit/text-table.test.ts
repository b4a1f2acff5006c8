import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table, twoColumns, wrap } from './text-table.ts'

test('the right column is wrapped and continued under itself, a long left one stands alone', () => {
  assert.equal(twoColumns([['a', 'one two three four five six seven'], ['much-too-long', 'x'], ['b', '']], { width: 34, leftMax: 4 }), [
    '  a     one two three four five',
    '        six seven',
    '  much-too-long',
    '        x',
    '  b',
  ].join('\n'))
})

test('a table has columns as wide as their widest cell', () => {
  assert.equal(table(['a', 'bb'], [['ccc', 'd']]), 'a    bb\n───  ──\nccc  d')
})

test('a word longer than the line keeps its own', () => {
  assert.deepEqual(wrap('a bbbbbbbb c', 4), ['a', 'bbbbbbbb', 'c'])
})
