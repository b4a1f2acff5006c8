import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createManualClock } from '../kit/clock.ts'
import { Budget, type Holder } from './budget.ts'

const LIMIT = 1024 * 1024

interface Paused extends Holder { held: number; told: number }
const holder = (roomAgain: (self: Paused) => void = () => {}): Paused => {
  const self: Paused = { counted: 0, held: 0, told: 0, roomAgain() { self.told++; roomAgain(self) } }
  return self
}

function rig() {
  const clock = createManualClock()
  const budget = new Budget(LIMIT, clock)
  /** As an owner does it that has looked at itself. */
  const count = (one: Paused, bytes: number): void => {
    one.held = bytes
    budget.count(one, bytes)
  }
  return { clock, budget, count }
}

test('the budget is the sum of what all hold', () => {
  const { budget, count } = rig()
  const [a, b] = [holder(), holder()]
  count(a, 60)
  count(b, 30)
  count(a, 50)
  assert.deepEqual([budget.usedBytes, budget.isUsedUp, a.counted], [80, false, 50])
  count(b, LIMIT - 50)
  assert.equal(budget.isUsedUp, true)
})

test('who waits is told once there is room, and only once', () => {
  const { budget, count, clock } = rig()
  const [a, b] = [holder(), holder()]
  count(a, LIMIT)
  budget.wait(b)
  budget.wait(b)
  count(a, LIMIT + 20)
  clock.advance(1000)
  assert.equal(b.told, 0)
  count(a, LIMIT - 1)
  count(a, 0)
  clock.advance(1000)
  assert.deepEqual([b.told, clock.pending], [1, 0])
})

test('who begins to wait when there is room again is told all the same', () => {
  const { budget, count, clock } = rig()
  const late = holder()
  count(late, LIMIT)
  count(late, 0)
  budget.wait(late)
  clock.advance(1000)
  assert.deepEqual([late.told, clock.pending], [1, 0])
})

test('bytes that left without a word are noticed while somebody waits', () => {
  const { budget, count, clock } = rig()
  const [a, b] = [holder(), holder()]
  count(a, LIMIT)
  budget.wait(b)
  a.held = 10
  clock.advance(1000)
  assert.deepEqual([b.told, budget.usedBytes, a.counted], [1, 10, 10])
})

test('many that wait go on in turn, as many at once as there is room for, and all of them in the end', () => {
  const { budget, count, clock } = rig()
  const full = holder()
  const order: number[] = []
  const waiting = Array.from({ length: 40 }, (_, index) => holder(() => { order.push(index) }))
  count(full, LIMIT)
  for (const one of waiting) budget.wait(one)
  count(full, LIMIT - 200_000)
  assert.ok(order.length > 0 && order.length <= 4, `${order.length} at once`)
  clock.advance(1000)
  assert.deepEqual([order, clock.pending], [waiting.map((_, index) => index), 0])
})

test('one who is told may find the room gone and wait again', () => {
  const { budget, count, clock } = rig()
  const [full, other] = [holder(), holder()]
  const again = holder((self) => {
    if (self.told > 1) return
    count(other, LIMIT)
    budget.wait(self)
  })
  count(full, LIMIT)
  budget.wait(again)
  count(full, 0)
  clock.advance(1000)
  assert.equal(again.told, 1)
  count(other, 0)
  clock.advance(1000)
  assert.deepEqual([again.told, clock.pending], [2, 0])
})

test('who is forgotten gives back what it held and is not told', () => {
  const { budget, count, clock } = rig()
  const [a, b, c] = [holder(), holder(), holder()]
  count(a, LIMIT)
  for (const one of [a, b, c]) budget.wait(one)
  budget.forget(b)
  assert.deepEqual([b.told, c.told], [0, 0])
  budget.forget(a)
  clock.advance(1000)
  assert.deepEqual([a.told, b.told, c.told, budget.usedBytes, clock.pending], [0, 0, 1, 0, 0])
})

test('whatever is counted, waited for and forgotten, nobody is left waiting while there is room', () => {
  const step = fc.record({ who: fc.nat(4), do: fc.constantFrom('count', 'leave', 'wait', 'forget'), bytes: fc.nat(LIMIT) })
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const { budget, count, clock } = rig()
    const waits = new Set<Paused>()
    const all = Array.from({ length: 5 }, () => holder((self) => { waits.delete(self) }))
    for (const { who, do: action, bytes } of steps) {
      const one = all[who]!
      if (action === 'count') count(one, bytes)
      else if (action === 'leave') one.held = Math.min(one.held, bytes)
      else if (action === 'forget') {
        one.held = 0
        budget.forget(one)
        waits.delete(one)
      } else {
        waits.add(one)
        budget.wait(one)
      }
      assert.equal(budget.usedBytes, all.reduce((sum, { counted }) => sum + counted, 0))
    }
    clock.advance(1000)
    const held = all.reduce((sum, one) => sum + one.held, 0)
    assert.ok(waits.size === 0 ? clock.pending === 0 : held >= LIMIT, `${waits.size} wait with ${held} held`)
  }))
})
