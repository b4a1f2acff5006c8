import assert from 'node:assert/strict'
import test from 'node:test'
import { pattern, StageRig } from '../../test/contract/stage-rig.ts'
import type { HookContext } from '../model/fault.ts'
import { blackhole } from './blackhole.ts'

const rigOf = (): StageRig => new StageRig((context, next) => blackhole.stream!({}, context, next))

test('D-18: nothing passes until the window ends; then a live connection gets everything, in order, its end too', () => {
  const rig = rigOf()
  rig.send(pattern(100))
  rig.stage.end()
  rig.clock.advance(3_600_000)
  assert.deepEqual([rig.passed, rig.ends, rig.stage.held, rig.stage.blocked], [0, 0, 100, true])
  rig.stage.flush()
  assert.deepEqual([rig.received.equals(pattern(100)), rig.ends, rig.stage.held], [true, 1, 0])
})

test('E-13: an end on its own is held too', () => {
  const rig = rigOf()
  rig.stage.end()
  assert.equal(rig.ends, 0)
  rig.stage.flush()
  assert.equal(rig.ends, 1)
})

test('E-13: a new connection is not set up', () => {
  assert.deepEqual(blackhole.connect!({}, {} as HookContext), { action: 'hang' })
})

test('D-48, E-05: it counts once, when bytes were really held, with how long', () => {
  const rig = rigOf()
  rig.clock.advance(1_000)
  assert.equal(rig.applied.length, 0)
  rig.send(pattern(10))
  rig.clock.advance(400)
  rig.send(pattern(20))
  rig.clock.advance(100)
  rig.stage.flush()
  assert.deepEqual(rig.applied, [{ askedMs: 0, measuredMs: 500, bytes: 30 }])
})

test('a client that gives up is counted with the time it waited', () => {
  const rig = rigOf()
  rig.send(pattern(10))
  rig.clock.advance(2_500)
  rig.stage.destroy()
  assert.deepEqual(rig.applied, [{ askedMs: 0, measuredMs: 2_500, bytes: 10 }])
})

test('an idle connection is not counted when it is closed', () => {
  const rig = rigOf()
  rig.stage.end()
  rig.stage.destroy()
  assert.equal(rig.applied.length, 0)
})
