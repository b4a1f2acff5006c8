import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Ring } from './ring.ts'

interface Box { value: number }

test('a ring gives back what was pushed, first in, first out, however pushes and drops mix', () => {
  fc.assert(fc.property(fc.array(fc.boolean(), { maxLength: 400 }), (steps) => {
    const ring = new Ring<Box>(() => ({ value: -1 }))
    const model: number[] = []
    for (const [value, isPush] of steps.entries()) {
      if (isPush) {
        ring.push().value = value
        model.push(value)
      } else if (ring.length > 0) {
        assert.equal(ring.first?.value, model.shift())
        ring.drop()
      }
      assert.equal(ring.length, model.length)
      assert.equal(ring.first?.value, model[0])
    }
  }))
})

test('a ring makes no more slots than it ever held at once, rounded up to a power of two', () => {
  let made = 0
  const ring = new Ring<Box>(() => { made++; return { value: 0 } })
  for (let round = 0; round < 1_000; round++) {
    for (let index = 0; index < 5; index++) ring.push().value = index
    for (let index = 0; index < 5; index++) ring.drop()
  }
  assert.equal(made, 8)
})

test('a ring that was very long gives its slots back once it is empty', () => {
  let made = 0
  const ring = new Ring<Box>(() => { made++; return { value: 0 } })
  for (let index = 0; index < 5_000; index++) ring.push().value = index
  for (let index = 0; index < 5_000; index++) ring.drop()
  const before = made
  ring.push().value = 1
  assert.equal(made, before + 4)
  assert.equal(ring.first?.value, 1)
})
