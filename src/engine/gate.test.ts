import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gate, PAUSED } from './gate.ts'
import type { Wire } from './wire/wire.ts'

function rig() {
  const calls: string[] = []
  const wire = { pause: () => { calls.push('pause') }, resume: () => { calls.push('resume') } } as unknown as Wire
  return { calls, gate: new Gate(wire) }
}

test('a source is paused by the first reason and goes on when none is left', () => {
  const { calls, gate } = rig()
  gate.hold(PAUSED.full)
  gate.hold(PAUSED.backlog)
  gate.release(PAUSED.full)
  assert.deepEqual([calls, gate.isHeld(PAUSED.full), gate.isHeld(PAUSED.backlog)], [['pause'], false, true])
  gate.release(PAUSED.backlog)
  assert.deepEqual(calls, ['pause', 'resume'])
})

test('a reason given twice is one, and one that was not given is none', () => {
  const { calls, gate } = rig()
  gate.release(PAUSED.full)
  gate.hold(PAUSED.full)
  gate.hold(PAUSED.full)
  gate.release(PAUSED.backlog)
  assert.deepEqual(calls, ['pause'])
  gate.release(PAUSED.full)
  gate.release(PAUSED.full)
  assert.deepEqual(calls, ['pause', 'resume'])
})

test('several reasons can be released at once', () => {
  const { calls, gate } = rig()
  gate.hold(PAUSED.full)
  gate.hold(PAUSED.backlog)
  gate.release(PAUSED.full | PAUSED.backlog)
  assert.deepEqual(calls, ['pause', 'resume'])
})
