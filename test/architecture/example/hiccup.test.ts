import assert from 'node:assert/strict'
import test from 'node:test'
import { builder, parse } from '../../contract/fault-contract.ts'
import { pattern, StageRig } from '../../contract/stage-rig.ts'
import { hiccup } from './hiccup.ts'

test('hiccup: the pause begins behind the last byte that may pass, and comes once', () => {
  const rig = new StageRig(builder(hiccup, parse(hiccup, { pause: '2s', lead: 1_000 })))
  rig.send(pattern(1_500))
  rig.clock.advance(500)
  rig.send(pattern(700))
  rig.clock.advance(10_000)
  rig.send(pattern(5_000))
  assert.deepEqual(rig.timeline, [[0, 1_000], [2_000, 2_200], [10_500, 7_200]])
})
