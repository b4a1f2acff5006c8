import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock, type ManualClock } from '../kit/clock.ts'
import { Deadlines, type HasDeadline } from './deadlines.ts'

interface Member extends HasDeadline { readonly expiredAt: number[] }

function member(clock: ManualClock, deadlineMs: number, then: (self: Member) => void = () => {}): Member {
  const self: Member = { deadlineMs, expiredAt: [], expired() { self.expiredAt.push(clock.now()); then(self) } }
  return self
}

test('a member is told within a quarter of a second after its deadline, once', () => {
  const clock = createManualClock()
  const deadlines = new Deadlines(clock)
  const [soon, later, never] = [member(clock, 1100), member(clock, 3000), member(clock, Infinity)]
  for (const one of [soon, later, never]) deadlines.add(one)
  clock.advance(1000)
  assert.deepEqual(soon.expiredAt, [])
  clock.advance(250)
  assert.deepEqual(soon.expiredAt, [1250])
  clock.advance(10_000)
  assert.deepEqual([soon.expiredAt, later.expiredAt, never.expiredAt], [[1250], [3000], []])
})

test('a deadline can be moved, also by the member that was told', () => {
  const clock = createManualClock()
  const deadlines = new Deadlines(clock)
  const again = member(clock, 500, (self) => { self.deadlineMs = clock.now() + 1000 })
  const moved = member(clock, 500)
  deadlines.add(again)
  deadlines.add(moved)
  clock.advance(250)
  moved.deadlineMs = 2000
  clock.advance(2000)
  assert.deepEqual([again.expiredAt, moved.expiredAt], [[500, 1500], [2000]])
})

test('one timer serves all, and none is left when nobody waits', () => {
  const clock = createManualClock()
  const deadlines = new Deadlines(clock)
  const members = Array.from({ length: 100 }, () => member(clock, Infinity))
  for (const one of members) deadlines.add(one)
  assert.equal(clock.pending, 1)
  clock.advance(1000)
  assert.equal(clock.pending, 1)
  for (const one of members) deadlines.remove(one)
  assert.equal(clock.pending, 0)
})

test('members that leave and come while they are told leave one timer behind', () => {
  const clock = createManualClock()
  const deadlines = new Deadlines(clock)
  const next = member(clock, 2000, (self) => { deadlines.remove(self) })
  deadlines.add(member(clock, 100, (self) => {
    deadlines.remove(self)
    deadlines.add(next)
  }))
  clock.advance(500)
  assert.equal(clock.pending, 1)
  clock.advance(2000)
  assert.deepEqual([next.expiredAt, clock.pending], [[2000], 0])
})

test('a member that throws keeps none of the others from being told', () => {
  const clock = createManualClock()
  const deadlines = new Deadlines(clock)
  const broken = member(clock, 100, () => { throw new Error('bug') })
  const fine = member(clock, 100)
  deadlines.add(broken)
  deadlines.add(fine)
  assert.throws(() => clock.advance(250))
  clock.advance(500)
  assert.deepEqual([broken.expiredAt.length, fine.expiredAt.length], [1, 1])
})
