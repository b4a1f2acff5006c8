import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Connections, type LiveConnection } from '../engine/connections.ts'
import { createManualClock, type ManualClock } from '../kit/clock.ts'
import { drain } from './drain.ts'

interface Open extends LiveConnection { bytesUp: number; bytesDown: number; isBusy: boolean; closedAt: number | undefined; drained: number }

function rig() {
  const clock = createManualClock()
  const connections = new Connections()
  const open = (over: Partial<Open> = {}, onDrain: (self: Open) => void = () => {}): Open => {
    const self: Open = {
      id: connections.nextId(), proxy: 'db', client: '', openedAtMs: 0, bytesUp: 0, bytesDown: 0, faults: [], isBusy: false, closedAt: undefined, drained: 0,
      close() { self.closedAt = clock.now(); connections.remove(self) },
      reset() {},
      drain() { self.drained++; onDrain(self) },
      ...over,
    }
    connections.add(self)
    return self
  }
  const begin = (limitMs: number): { isOver: boolean; all: Promise<void> } => {
    const state = { isOver: false, all: Promise.resolve() }
    state.all = drain(connections, clock, limitMs).then(() => { state.isOver = true })
    return state
  }
  return { clock, connections, open, begin }
}

/** Lets time pass as a real clock does: promises get their turn. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    clock.advance(50)
    await Promise.resolve()
    await Promise.resolve()
  }
}

test('without connections a drain is over at once', async () => {
  const { begin, clock } = rig()
  await begin(5000).all
  assert.deepEqual([clock.now(), clock.pending], [0, 0])
})

test('every connection is asked once, and one that has nothing under way may go by itself', async () => {
  const { open, begin, connections } = rig()
  const [a, b] = [open({}, (self) => connections.remove(self)), open({}, (self) => connections.remove(self))]
  await begin(5000).all
  assert.deepEqual([a.drained, b.drained, a.closedAt], [1, 1, undefined])
})

test('a raw connection that moves nothing is closed within a moment', async () => {
  const { open, begin, clock } = rig()
  const idle = open()
  const state = begin(5000)
  await pass(clock, 400)
  assert.equal(state.isOver, true)
  assert.ok(idle.closedAt! <= 300, `${idle.closedAt} ms`)
})

test('one that still moves bytes is left alone until it is quiet', async () => {
  const { open, begin, clock } = rig()
  const moving = open()
  const state = begin(5000)
  for (let step = 0; step < 20; step++) {
    if (step % 2 === 0) moving.bytesUp++
    else moving.bytesDown++
    await pass(clock, 50)
  }
  assert.equal(moving.closedAt, undefined)
  await pass(clock, 400)
  assert.deepEqual([state.isOver, moving.closedAt! > 1000 && moving.closedAt! <= 1400], [true, true])
})

test('one that is busy is left until it is done, or until the limit', async () => {
  const { open, begin, clock } = rig()
  const [brief, stuck] = [open({ isBusy: true }), open({ isBusy: true })]
  const state = begin(2000)
  await pass(clock, 1000)
  assert.deepEqual([brief.closedAt, stuck.closedAt], [undefined, undefined])
  brief.isBusy = false
  await pass(clock, 300)
  assert.ok(brief.closedAt! <= 1300)
  assert.equal(state.isOver, false)
  await pass(clock, 750)
  assert.deepEqual([state.isOver, stuck.closedAt], [true, 2000])
})

test('no time at all cuts everything now', async () => {
  const { open, begin, clock } = rig()
  const busy = open({ isBusy: true })
  await begin(0).all
  assert.deepEqual([busy.closedAt, clock.now()], [0, 0])
})

test('one that comes while others drain is drained with them', async () => {
  const { open, begin, clock } = rig()
  open({ isBusy: true })
  const state = begin(1000)
  await pass(clock, 100)
  const late = open()
  await pass(clock, 1000)
  assert.deepEqual([state.isOver, late.closedAt! < 1000], [true, true])
})
