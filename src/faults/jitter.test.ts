import assert from 'node:assert/strict'
import test from 'node:test'
import type { z } from 'zod'
import { pattern, StageRig, type RigOptions } from '../../test/contract/stage-rig.ts'
import { jitter } from './jitter.ts'

type Given = z.input<typeof jitter.params>

const rigOf = (given: Given, options?: RigOptions): StageRig => new StageRig((context, next) => jitter.stream!(jitter.params.parse(given), context, next), options)
const problem = (given: Given): string | undefined => jitter.check!(jitter.params.parse(given))

test('D-08: the first traffic in each slot of 1/frequency is delayed, and only that', () => {
  const rig = rigOf({ amplitude: 30, frequency: 5 })
  for (let at = 0; at < 2_000; at += 40) {
    rig.send(pattern(10))
    rig.clock.advance(40)
  }
  rig.clock.advance(1_000)
  assert.equal(rig.applied.length, 10)
  for (const { askedMs, measuredMs } of rig.applied) {
    assert.ok(askedMs > 0 && askedMs <= 30)
    assert.ok(Math.abs(measuredMs - askedMs) < 0.01)
  }
  assert.equal(new Set(rig.applied.map(({ askedMs }) => askedMs)).size, 10)
})

test('D-08: the delay comes before the bytes it is for, in HTTP too', () => {
  const rig = rigOf({ amplitude: 30, frequency: 5 }, { mode: 'exchange' })
  rig.send(pattern(10))
  assert.equal(rig.passed, 0)
  rig.clock.advance(30)
  assert.equal(rig.passed, 10)
  assert.equal(rig.times[0], rig.applied[0]!.askedMs)
})

test('a lone request is always delayed, however long after the fault came', () => {
  for (const idleMs of [0, 1, 99, 100, 12_345.6]) {
    const rig = rigOf({ amplitude: 50, frequency: 10 })
    rig.clock.advance(idleMs)
    rig.send(pattern(1))
    rig.clock.advance(1_000)
    assert.equal(rig.applied.length, 1)
  }
})

test('exchanges of one connection share its slots', () => {
  const states = new Map<string, object>()
  const first = rigOf({ amplitude: 30, frequency: 5 }, { mode: 'exchange', states })
  first.send(pattern(1))
  first.clock.advance(100)
  const delayed = [0, 100, 100].map((waitMs, seed) => {
    first.clock.advance(waitMs)
    const rig = rigOf({ amplitude: 30, frequency: 5 }, { mode: 'exchange', states, clock: first.clock, seed })
    rig.send(pattern(1))
    return rig.stage.held
  })
  assert.deepEqual(delayed, [0, 1, 0])
})

test('E-03: a delay is counted from the arrival of its bytes; idle time uses up nothing', () => {
  const rig = rigOf({ amplitude: 30, frequency: 5 })
  rig.clock.advance(5_000)
  assert.deepEqual([rig.clock.pending, rig.applied.length], [0, 0])
  rig.send(pattern(1))
  rig.clock.advance(30)
  assert.equal(rig.times[0], 5_000 + rig.applied[0]!.askedMs)
})

test('a frequency or amplitude of 0 never strikes, and passes the same buffer at once', () => {
  for (const given of [{ frequency: 0 }, { amplitude: 0 }]) {
    const seen: unknown[] = []
    const rig = rigOf(given, { onWrite: (unit) => { seen.push(unit) } })
    const bytes = pattern(10)
    rig.stage.write(bytes)
    assert.equal(seen[0], bytes)
    assert.deepEqual([rig.clock.pending, rig.applied.length], [0, 0])
  }
})

test('delays are spread evenly from 0 to the amplitude (Kolmogorov-Smirnov at 1 %)', () => {
  const delays = Array.from({ length: 3_000 }, (_, seed) => {
    const rig = rigOf({ amplitude: 80 }, { seed })
    rig.send(pattern(1))
    rig.stage.destroy()
    return rig.applied[0]!.askedMs
  }).sort((a, b) => a - b)
  const distance = Math.max(...delays.map((ms, index) => Math.max(Math.abs(ms / 80 - index / delays.length), Math.abs(ms / 80 - (index + 1) / delays.length))))
  assert.ok(distance < 1.63 / Math.sqrt(delays.length), `distance ${distance}`)
})

test('a changed frequency does not wait for the end of a long slot', () => {
  const rig = rigOf({ frequency: 0.001 })
  rig.send(pattern(1))
  rig.clock.advance(1_000)
  rig.stage.update!(jitter.params.parse({ frequency: 10 }))
  rig.clock.advance(100)
  rig.send(pattern(1))
  rig.clock.advance(1_000)
  assert.equal(rig.applied.length, 2)
  rig.stage.update!(jitter.params.parse({ frequency: 0 }))
  rig.send(pattern(1))
  assert.deepEqual([rig.applied.length, rig.stage.held], [2, 0])
})

test('a chance strikes its share of operations, with delays from min to max', () => {
  const rig = rigOf({ chance: 0.2, min: 5, max: 50 })
  const operations = 5_000
  for (let count = 0; count < operations; count++) rig.send(Buffer.alloc(8 * 1024))
  rig.clock.advance(1_000)
  const deviation = Math.sqrt(operations * 0.2 * 0.8)
  assert.ok(Math.abs(rig.applied.length - operations * 0.2) < 3 * deviation, `${rig.applied.length} of ${operations}`)
  assert.ok(rig.applied.every(({ askedMs }) => askedMs >= 5 && askedMs <= 50))
})

test('E-35: bulk data is not throttled by one delay for each operation', () => {
  const rig = rigOf({ chance: 1, min: 10, max: 50 })
  for (let count = 0; count < 128; count++) rig.send(Buffer.alloc(8 * 1024))
  rig.stage.end()
  rig.clock.advance(10_000)
  assert.ok(rig.endedAt <= 50, `${rig.endedAt} ms for a mebibyte`)
})

test('E-35: operations are those of the stream, not of the slices another fault makes of it', () => {
  const asked = (chunkBytes: number): number[] => {
    const rig = rigOf({ chance: 0.5, min: 10, max: 50 })
    for (let sent = 0; sent < 131_072; sent += chunkBytes) rig.send(Buffer.alloc(chunkBytes))
    rig.clock.advance(1_000)
    return rig.applied.map(({ askedMs }) => askedMs)
  }
  assert.deepEqual(asked(128), asked(65_536))
})

test('the two ways of asking exclude each other', () => {
  assert.equal(problem({}), undefined)
  assert.equal(problem({ chance: 0.5, max: 10 }), undefined)
  assert.match(problem({ min: 1, max: 2 })!, /need a chance: add --jitter-chance/)
  assert.match(problem({ chance: 0.5 })!, /add --jitter-max/)
  assert.match(problem({ chance: 0.5, max: 10, amplitude: 5 })!, /exclude/)
  assert.match(problem({ chance: 0.5, max: 10, frequency: 50 })!, /exclude/)
  assert.match(problem({ chance: 0.5, min: 20, max: 10 })!, /min must not be above max, got 20ms and 10ms/)
  assert.deepEqual(jitter.params.parse({}), { amplitude: 20, frequency: 5 })
})

test('it explains itself in words', () => {
  assert.equal(jitter.explain(jitter.params.parse({})), 'adds up to 20ms, 5 times per second')
  assert.equal(jitter.explain(jitter.params.parse({ chance: 0.2, min: 5, max: 50 })), 'adds 5ms to 50ms to 20 % of operations')
})
