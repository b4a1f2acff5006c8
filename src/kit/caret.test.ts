import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { caretUnder, quoted } from './caret.ts'

test('carets stand under the place', () => {
  assert.equal(caretUnder('start:30s,duraton:3m', 10, 7), 'start:30s,duraton:3m\n          ^^^^^^^')
  assert.equal(caretUnder('abc', 3), 'abc\n   ^')
  assert.equal(caretUnder('', 0), '\n^')
})

test('long text is cut round the place', () => {
  const text = `${'a'.repeat(500)}!${'b'.repeat(500)}`
  const [line = '', carets = ''] = caretUnder(text, 500).split('\n')
  assert.equal(line.length, 76)
  assert.match(line, /^….*…$/)
  assert.equal(line[carets.indexOf('^')], '!')
})

test('whatever the text, two printable lines come out and the caret points into the first', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(250), fc.nat(250), (text, index, length) => {
    const lines = caretUnder(text, index, length).split('\n')
    assert.equal(lines.length, 2)
    assert.ok([...lines[1]!].length <= [...lines[0]!].length + 1)
    assert.match(lines[1]!, /^ *\^+$/)
    assert.doesNotMatch(lines[0]!, /\p{Cc}/u)
  }))
})

test('quoted text can move no cursor', () => {
  assert.equal(quoted('a=b'), `'a=b'`)
  assert.equal(quoted('a\n\u001b[31m'), String.raw`'a\n\u001b[31m'`)
  assert.equal(quoted('x'.repeat(500)).length, 403)
})
