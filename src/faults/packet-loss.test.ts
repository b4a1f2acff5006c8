import assert from 'node:assert/strict'
import test from 'node:test'
import type { z } from 'zod'
import { ResponseHead } from '../codecs/http1/message.ts'
import { createKey } from '../kit/rng.ts'
import { pattern, StageRig, type RigOptions } from '../../test/contract/stage-rig.ts'
import { packetLoss } from './packet-loss.ts'

type Given = z.input<typeof packetLoss.params>

const SEGMENT = 1_448

const rigOf = (given: Given, options?: RigOptions): StageRig => new StageRig((context, next) => packetLoss.stream!(packetLoss.params.parse(given), context, next), options)
const problem = (given: Given): string | undefined => packetLoss.check!(packetLoss.params.parse(given))

/** How often in a row a segment of the contract's flow is lost at `rate`. */
function lossesOf(segment: number, rate: number, seed = 1): number {
  const draws = createKey(seed, 'contract')
  let count = 0
  while (count < 5 && draws.at(2 * (segment * 8 + count)) < rate) count++
  return count
}

const PENALTIES = [0, 200, 600, 1_400, 3_000, 6_000]

test('D-03: a lost segment costs a retransmission time-out, doubling, at most 6 s; nothing is missing, and the stream goes on', () => {
  const rate = 0.6
  const segments = 60
  const rig = rigOf({ rate })
  const data = pattern(segments * SEGMENT)
  rig.send(data)
  rig.stage.end()
  rig.clock.advance(60_000)
  const penalties = Array.from({ length: segments }, (_, segment) => PENALTIES[lossesOf(segment, rate)]!)
  assert.deepEqual(new Set(penalties), new Set(PENALTIES), 'the seed shows every penalty')
  assert.deepEqual(rig.applied.map(({ askedMs }) => askedMs), penalties.filter((ms) => ms > 0))
  let leave = 0
  const expected = new Map<number, number>()
  for (const [segment, ms] of penalties.entries()) expected.set(leave = Math.max(leave, ms), (segment + 1) * SEGMENT)
  assert.deepEqual(rig.timeline, [...expected])
  assert.ok(rig.received.equals(data))
  assert.equal(rig.ends, 1)
})

test('losses in flight overlap: a segment leaves at its predecessor\'s time or its own, whichever is later', () => {
  const rig = rigOf({ rate: 1 })
  for (let count = 0; count < 3; count++) {
    rig.send(pattern(SEGMENT))
    rig.clock.advance(100)
  }
  rig.clock.advance(10_000)
  assert.deepEqual(rig.timeline, [[6_000, SEGMENT], [6_100, 2 * SEGMENT], [6_200, 3 * SEGMENT]])
})

test('a rate of 0 passes the same buffer at once, and what is not lost is neither kept nor cut', () => {
  const seen: unknown[] = []
  const rig = rigOf({ rate: 0 }, { onWrite: (unit) => { seen.push(unit) } })
  const bytes = pattern(100_000)
  rig.stage.write(bytes)
  rig.stage.write(bytes)
  assert.ok(seen.length === 2 && seen.every((unit) => unit === bytes))
  assert.deepEqual([rig.clock.pending, rig.applied.length], [0, 0])
})

test('the share of segments lost is the rate, within a binomial interval', () => {
  const rate = 0.05
  const segments = 20_000
  const rig = rigOf({ rate }, { seed: 4 })
  rig.send(Buffer.alloc(segments * SEGMENT))
  rig.stage.destroy()
  assert.ok(Math.abs(rig.applied.length - segments * rate) < 3 * Math.sqrt(segments * rate * (1 - rate)), `${rig.applied.length} of ${segments}`)
})

test('without a rate the documented chain decides: about a fifth of the segments', () => {
  const segments = 20_000
  const rig = rigOf({ mode: 'drop' }, { seed: 2 })
  for (let count = 0; count < segments; count++) rig.send(Buffer.alloc(SEGMENT))
  rig.stage.end()
  assert.ok(Math.abs(rig.applied.length / segments - 0.204) < 0.03, `${rig.applied.length}`)
})

test('decisions are made by byte offset, never by read: each lost segment counts once, however it came', () => {
  const decisions = (chunkBytes: number): unknown[] => {
    const rig = rigOf({ rate: 0.3 })
    for (let sent = 0; sent < 60 * SEGMENT; sent += chunkBytes) rig.send(pattern(Math.min(chunkBytes, 60 * SEGMENT - sent)))
    rig.clock.advance(60_000)
    return rig.applied.map(({ askedMs, bytes }) => [askedMs, bytes])
  }
  const whole = decisions(60 * SEGMENT)
  for (const chunkBytes of [100, 1_000, 1_448, 8_192]) assert.deepEqual(decisions(chunkBytes), whole)
})

test('bytes of a lost segment that come later share its decision, from their own arrival', () => {
  const seed = Array.from({ length: 100 }, (_, index) => index).find((index) => lossesOf(0, 0.5, index) === 1)!
  const rig = rigOf({ rate: 0.5 }, { seed })
  rig.send(pattern(10))
  rig.clock.advance(1_000)
  rig.send(pattern(10))
  rig.clock.advance(1_000)
  assert.deepEqual(rig.timeline, [[200, 10], [1_200, 20]])
  assert.equal(rig.applied.length, 2)
})

test('a head counts with its length and is never cut: it waits for the longest of its segments', () => {
  const rate = 0.5
  const rig = rigOf({ rate }, { mode: 'exchange' })
  const head = new ResponseHead(200, 'OK')
  head.length = 10 * SEGMENT
  rig.stage.write(head)
  rig.send(pattern(SEGMENT))
  rig.clock.advance(60_000)
  const longest = Math.max(...Array.from({ length: 10 }, (_, segment) => PENALTIES[lossesOf(segment, rate)]!))
  assert.deepEqual(rig.timeline, [[longest, 11 * SEGMENT]].slice(longest < PENALTIES[lossesOf(10, rate)]! ? 1 : 0))
})

test('drop: the bytes of lost segments vanish and are counted, the rest passes at once, and the stream goes on', () => {
  const rate = 0.3
  const segments = 50
  const data = pattern(segments * SEGMENT)
  const rig = rigOf({ mode: 'drop', rate })
  for (let at = 0; at < data.length; at += 1_000) rig.send(data.subarray(at, at + 1_000))
  rig.stage.end()
  const lost = Array.from({ length: segments }, (_, segment) => lossesOf(segment, rate) > 0)
  const left = lost.flatMap((isLost, segment) => (isLost ? [] : [data.subarray(segment * SEGMENT, (segment + 1) * SEGMENT)]))
  assert.ok(rig.received.equals(Buffer.concat(left)))
  assert.deepEqual([rig.ends, rig.endedAt, rig.clock.pending], [1, 0, 0])
  assert.deepEqual(rig.applied, lost.filter(Boolean).map(() => ({ askedMs: 0, measuredMs: 0, bytes: SEGMENT })))
})

test('cut: the connection is reset at the first lost segment, once; what came before it has passed', () => {
  const rig = rigOf({ mode: 'cut', rate: 0.3 })
  const first = Array.from({ length: 50 }, (_, segment) => segment).find((segment) => lossesOf(segment, 0.3) > 0)!
  for (let count = 0; count < 50; count++) rig.send(pattern(SEGMENT))
  assert.deepEqual([rig.resets, rig.passed, rig.applied.length], [1, first * SEGMENT, 1])
  const whole = rigOf({ mode: 'cut', rate: 0.3 })
  whole.send(pattern(50 * SEGMENT))
  assert.deepEqual([whole.resets, whole.passed, whole.applied.length], [1, first * SEGMENT, 1])
})

test('only drop acts on serialized bytes', () => {
  const raw = (given: Given): boolean => packetLoss.raw!(packetLoss.params.parse(given))
  assert.deepEqual([raw({}), raw({ mode: 'cut' }), raw({ mode: 'drop' })], [false, false, true])
})

test('a change of mode that moves the stage to another place is not taken; another rate is', () => {
  const rig = rigOf({ rate: 1 })
  assert.equal(rig.stage.update!(packetLoss.params.parse({ mode: 'drop', rate: 1 })), false)
  rig.send(pattern(SEGMENT))
  assert.equal(rig.stage.update!(packetLoss.params.parse({ rate: 0 })), true)
  rig.send(pattern(SEGMENT))
  rig.clock.advance(10_000)
  assert.deepEqual([rig.applied.length, rig.passed], [1, 2 * SEGMENT])
})

test('models exclude each other, and Gilbert-Elliott needs both its transitions', () => {
  assert.equal(problem({ goodToBad: 0.1, badToGood: 0.5 }), undefined)
  assert.match(problem({ rate: 0.1, badLoss: 0.5 })!, /rate and badLoss exclude each other/)
  assert.match(problem({ goodToBad: 0.1 })!, /needs goodToBad and badToGood/)
  for (const rate of [-0.1, 1.1, NaN, 'often']) assert.equal(packetLoss.params.safeParse({ rate }).success, false)
})

test('it explains itself in words', () => {
  const words = (given: Given): string => packetLoss.explain(packetLoss.params.parse(given))
  assert.equal(words({}), 'stalls for some 20 % of transmissions, in bursts (Markov)')
  assert.equal(words({ rate: 0.02, mode: 'drop' }), 'drops 2 % of segments')
  assert.equal(words({ goodToBad: 0.02, badToGood: 0.2, badLoss: 0.8 }), 'stalls for 7.27 % of transmissions, in bursts (Gilbert-Elliott)')
})
