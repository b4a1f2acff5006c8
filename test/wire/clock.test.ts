import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { HeapClock } from '../../src/engine/wire/heap-clock.ts'
import { kinds, makeTransport, sleep, until } from './support.ts'

for (const kind of kinds) describe(kind, () => {
  const bugs: unknown[] = []
  const transport = makeTransport(kind, (error) => { bugs.push(error) })
  const { clock } = transport
  after(() => transport.stop())

  test('timers fire in order, cancel, and survive one that throws', async () => {
    const fired: number[] = []
    for (const delay of [30, 5, 20, 10, 0]) clock.setTimer(delay, () => fired.push(delay))
    clock.setTimer(15, () => fired.push(-1)).cancel()
    clock.setTimer(12, () => { throw new Error('late') })
    await until('all', () => fired.length === 5)
    assert.deepEqual(fired, [0, 5, 10, 20, 30])
    assert.equal((bugs.pop() as Error).message, 'late')
  })

  test('no timer fires early', async () => {
    const earliness: number[] = []
    for (let round = 0; round < 60; round++) {
      for (const delay of [0.2, 1, 2.7, 5, 11.3]) {
        const dueAt = clock.now() + delay
        clock.setTimer(delay, () => earliness.push(dueAt - clock.now()))
      }
      await sleep(3)
    }
    await until('all', () => earliness.length === 300)
    assert.ok(Math.max(...earliness) <= 0, `${Math.max(...earliness)} ms early`)
  })

  test('a timer can cancel and set others while it fires', async () => {
    const fired: string[] = []
    const victim = clock.setTimer(5, () => fired.push('victim'))
    clock.setTimer(5, () => { fired.push('same time') })
    clock.setTimer(4, () => {
      victim.cancel()
      clock.setTimer(0, () => fired.push('new'))
      fired.push('first')
    })
    await until('all', () => fired.length === 3)
    assert.equal(fired[0], 'first')
    assert.ok(!fired.includes('victim'))
  })

  if (transport.can('sub-millisecond-timers') === true) test('half a millisecond is half a millisecond', async () => {
    const lateness: number[] = []
    for (let round = 0; round < 40; round++) {
      const dueAt = clock.now() + 0.5
      await new Promise<void>((resolve) => { clock.setTimer(0.5, resolve) })
      lateness.push(clock.now() - dueAt)
    }
    const median = lateness.toSorted((a, b) => a - b)[20]!
    assert.ok(median < 0.4, `${median} ms late`)
  })
})

test('any order of setting, cancelling and ringing fires every living timer once, in time order', () => {
  const step = fc.record({ delay: fc.integer({ min: 0, max: 50 }), cancel: fc.option(fc.nat({ max: 40 })), ring: fc.boolean() })
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    let now = 0
    const fired: number[] = []
    const clock = new HeapClock({ set() {}, clear() {} }, (error) => { throw error })
    clock.now = () => now
    const timers = new Map<number, { dueAt: number; cancel(): void }>()
    const ring = () => {
      const due = [...timers].filter(([, timer]) => timer.dueAt <= now).toSorted(([a, one], [b, other]) => one.dueAt - other.dueAt || a - b).map(([id]) => id)
      clock.ring()
      assert.deepEqual(fired.splice(0), due)
      for (const id of due) timers.delete(id)
    }
    steps.forEach(({ delay, cancel, ring: rings }, id) => {
      const timer = clock.setTimer(delay, () => fired.push(id))
      timers.set(id, { dueAt: now + delay, cancel: () => timer.cancel() })
      if (cancel !== null) {
        timers.get(cancel)?.cancel()
        timers.delete(cancel)
      }
      now += 7
      if (rings) ring()
    })
    now += 100
    ring()
  }))
})
