import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from './table.ts'

for (const { id, run } of table) test(id, { timeout: 20_000 }, run)

test('every row of the table has a name of its own', () => {
  const ids = table.map(({ id }) => id)
  assert.deepEqual(ids.filter((id, index) => ids.indexOf(id) !== index), [])
})
