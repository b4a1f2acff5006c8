import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createManualClock, systemClock } from './clock.ts'

test('a manual clock moves only when told, and fires what is due at its own time', () => {
  const clock = createManualClock()
  const fired: [string, number][] = []
  const set = (name: string, ms: number): void => { clock.setTimer(ms, () => { fired.push([name, clock.now()]) }) }
  set('late', 100)
  set('soon', 10.5)
  set('now', 0)
  set('past', -5)
  assert.deepEqual([clock.now(), clock.pending, fired], [0, 4, []])
  clock.advance(0)
  assert.deepEqual(fired, [['now', 0], ['past', 0]])
  clock.advance(99)
  assert.deepEqual([fired.slice(2), clock.now()], [[['soon', 10.5]], 99])
  clock.advance(1)
  assert.deepEqual([fired.slice(3), clock.pending], [[['late', 100]], 0])
})

test('a timer set or cancelled by another takes part in the same step', () => {
  const clock = createManualClock()
  const fired: string[] = []
  const doomed = clock.setTimer(20, () => { fired.push('doomed') })
  clock.setTimer(10, () => {
    fired.push('first')
    doomed.cancel()
    clock.setTimer(5, () => { fired.push(`second at ${clock.now()}`) })
    clock.setTimer(50, () => { fired.push('much later') })
  })
  clock.advance(30)
  assert.deepEqual([fired, clock.pending], [['first', 'second at 15'], 1])
})

test('timers fire in the order they are due, and equal ones in the order they were set', () => {
  fc.assert(fc.property(fc.array(fc.record({ ms: fc.nat(50), isCancelled: fc.boolean() }), { maxLength: 30 }), fc.array(fc.nat(20), { maxLength: 10 }), (timers, steps) => {
    const clock = createManualClock()
    const fired: number[] = []
    const set = timers.map(({ ms }, index) => clock.setTimer(ms, () => { fired.push(index) }))
    for (const [index, { isCancelled }] of timers.entries()) if (isCancelled) set[index]!.cancel()
    for (const step of steps) clock.advance(step)
    const passed = steps.reduce((sum, step) => sum + step, 0)
    const due = [...timers.entries()].filter(([, { ms, isCancelled }]) => !isCancelled && (steps.length > 0 && ms <= passed))
    assert.deepEqual(fired, due.sort(([a, one], [b, other]) => one.ms - other.ms || a - b).map(([index]) => index))
  }))
})

test('the system\'s clock goes forward by fractions of a millisecond, and fires after the time that was asked for', async () => {
  const before = systemClock.now()
  const fired = await new Promise<number>((resolve) => { systemClock.setTimer(20, () => resolve(systemClock.now())) })
  assert.ok(fired - before >= 18.5 && fired - before < 2000, `${fired - before} ms`)
})

test('a timer that is cancelled never fires, and one that is far away does not fire at once', async () => {
  const fired: string[] = []
  systemClock.setTimer(5, () => { fired.push('cancelled') }).cancel()
  const far = [2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER].map((ms) => systemClock.setTimer(ms, () => { fired.push(`after ${ms}`) }))
  await new Promise<void>((resolve) => { systemClock.setTimer(30, resolve) })
  for (const timer of far) timer.cancel()
  assert.deepEqual(fired, [])
})
