import assert from 'node:assert/strict'
import test from 'node:test'
import type { z } from 'zod'
import { normalCdf } from '../kit/distributions.ts'
import { RequestHead } from '../codecs/http1/message.ts'
import { createKey } from '../kit/rng.ts'
import { ObedientSource, pattern, StageRig, type RigOptions } from '../../test/contract/stage-rig.ts'
import { latency } from './latency.ts'

type Given = z.input<typeof latency.params>

const rigOf = (given: Given, options?: RigOptions): StageRig => new StageRig((context, next) => latency.stream!(latency.params.parse(given), context, next), options)
const problem = (given: Given): string | undefined => latency.check!(latency.params.parse(given))

test('the first unit is delayed, those behind it keep their place and flow', () => {
  const rig = rigOf({ mean: 300 })
  rig.send(pattern(10))
  rig.clock.advance(100)
  rig.send(pattern(20))
  rig.clock.advance(300)
  rig.send(pattern(5))
  assert.deepEqual(rig.timeline, [[300, 30], [400, 35]])
  assert.deepEqual(rig.applied, [{ askedMs: 300, measuredMs: 300, bytes: 10 }])
})

test('D-49: every exchange of a connection is delayed, not only the first', () => {
  const states = new Map<string, object>()
  for (let exchange = 0; exchange < 3; exchange++) {
    const rig = rigOf({ mean: 300 }, { mode: 'exchange', states, seed: exchange })
    rig.send(pattern(100))
    rig.clock.advance(1_000)
    assert.deepEqual(rig.timeline, [[300, 100]])
  }
})

test('D-49, E-01: the clock of a delay starts when the bytes arrive, however long the connection was idle', () => {
  const rig = rigOf({ mean: 300 })
  rig.clock.advance(10_000)
  assert.deepEqual([rig.clock.pending, rig.applied.length], [0, 0])
  rig.send(pattern(1))
  rig.clock.advance(1_000)
  assert.deepEqual(rig.timeline, [[10_300, 1]])
})

test('D-07: a request without a body is delayed, by its head', () => {
  const rig = rigOf({ mean: 300 }, { mode: 'exchange' })
  const head = new RequestHead('GET', '/')
  rig.stage.write(head)
  rig.stage.end()
  assert.equal(rig.units.length, 0)
  rig.clock.advance(300)
  assert.equal(rig.units[0], head)
  assert.equal(rig.endedAt, 300)
})

test('E-02: with per turn each message is delayed, on the connection it is on', () => {
  const rig = rigOf({ mean: 50, per: 'turn' })
  for (let turn = 0; turn < 3; turn++) {
    rig.turn = 2 * turn + 1
    rig.send(pattern(10))
    rig.send(pattern(10))
    rig.clock.advance(1_000)
  }
  assert.deepEqual(rig.timeline, [[50, 20], [1_050, 40], [2_050, 60]])
  assert.equal(rig.applied.length, 3)
})

test('each turn has a draw of its own, by its place in the flow', () => {
  const delays = (chunkBytes: number): number[] => {
    const rig = rigOf({ distribution: 'uniform', min: 10, max: 90, per: 'turn' })
    for (let turn = 0; turn < 20; turn++) {
      rig.turn++
      for (let sent = 0; sent < 100; sent += chunkBytes) rig.send(pattern(chunkBytes))
      rig.clock.advance(1_000)
    }
    return rig.applied.map(({ askedMs }) => askedMs)
  }
  assert.equal(new Set(delays(100)).size, 20)
  assert.deepEqual(delays(100), delays(10))
})

test('per read and write each operation is delayed from its own arrival, and their delays overlap', () => {
  const rig = rigOf({ mean: 100, perReadWrite: true })
  for (let count = 0; count < 4; count++) {
    rig.send(pattern(8 * 1024))
    rig.clock.advance(10)
  }
  rig.stage.end()
  rig.clock.advance(1_000)
  assert.deepEqual(rig.timeline, [[100, 8192], [110, 16_384], [120, 24_576], [130, 32_768]])
  assert.deepEqual([rig.applied.length, rig.endedAt], [4, 130])
})

test('operations end at multiples of 8 KiB of the flow and with the turn, wherever reads end', () => {
  const asked = (chunks: readonly number[]): [number, number][] => {
    const rig = rigOf({ distribution: 'uniform', min: 10, max: 90, perReadWrite: true })
    for (const bytes of chunks) rig.send(pattern(bytes))
    rig.clock.advance(100)
    rig.turn++
    rig.send(pattern(10_000))
    rig.clock.advance(100)
    return rig.applied.map(({ askedMs, bytes }) => [askedMs, bytes])
  }
  const whole = asked([20_000])
  assert.deepEqual(whole.map(([, bytes]) => bytes), [8192, 8192, 3616, 4576, 5424])
  assert.equal(new Set(whole.map(([ms]) => ms)).size, 5)
  assert.deepEqual(asked([1, 99, 10_000, 9_900]), whole)
})

test('the end of a stream is never delayed on its own', () => {
  const rig = rigOf({ mean: 300, perReadWrite: true })
  rig.send(pattern(10))
  rig.clock.advance(300)
  rig.clock.advance(50)
  rig.stage.end()
  assert.equal(rig.endedAt, 350)
})

test('an exchange under way when the fault comes is not delayed, a raw connection is, from its next bytes', () => {
  const exchange = rigOf({ mean: 300 }, { mode: 'exchange', joinedLate: true })
  exchange.send(pattern(10))
  assert.deepEqual([exchange.passed, exchange.applied.length], [10, 0])
  const raw = rigOf({ mean: 300 }, { mode: 'raw', joinedLate: true })
  raw.send(pattern(10))
  raw.clock.advance(300)
  assert.deepEqual(raw.timeline, [[300, 10]])
})

test('E-36: changed parameters apply to the next draw and leave delays in progress alone', () => {
  const rig = rigOf({ mean: 300, per: 'turn' })
  rig.send(pattern(1))
  rig.clock.advance(100)
  assert.equal(rig.stage.update!(latency.params.parse({ mean: 50, per: 'turn' })), true)
  rig.clock.advance(199)
  assert.equal(rig.passed, 0)
  rig.clock.advance(1)
  rig.turn++
  rig.send(pattern(1))
  rig.clock.advance(100)
  assert.deepEqual(rig.timeline, [[300, 1], [350, 2]])
})

test('E-37: what is reported is what elapsed, beside what was asked', () => {
  const rig = rigOf({ mean: 300 })
  rig.send(pattern(7))
  rig.clock.advance(120)
  rig.stage.flush()
  assert.deepEqual(rig.applied, [{ askedMs: 300, measuredMs: 120, bytes: 7 }])
})

test('a delay of nothing touches nothing: the same buffer passes, without timer or report', () => {
  const seen: unknown[] = []
  const rig = rigOf({ distribution: 'uniform', min: 0, max: 0 }, { onWrite: (unit) => { seen.push(unit) } })
  const bytes = pattern(100)
  rig.stage.write(bytes)
  assert.equal(seen[0], bytes)
  assert.deepEqual([rig.clock.pending, rig.applied.length], [0, 0])
})

test('a long delay does not limit the throughput', () => {
  const source = new ObedientSource(pattern(16 * 1024 * 1024), 64 * 1024)
  const rig = rigOf({ mean: 200 }, { onWake: () => source.pump() })
  source.start(rig)
  rig.clock.advance(200)
  assert.equal(rig.passed, 16 * 1024 * 1024)
})

test('D-09: what no distribution can be made of is refused, with the flag that is missing', () => {
  assert.match(problem({ distribution: 'pareto', scale: 20 })!, /pareto needs a shape: add --latency-shape/)
  assert.match(problem({ distribution: 'pareto-normal', shape: 20 })!, /needs a scale/)
  assert.match(problem({ distribution: 'pareto', shape: 0, scale: 20 })!, /shape above 0, got 0/)
  assert.match(problem({ distribution: 'pareto', shape: 1, scale: 0 })!, /scale above 0/)
  assert.match(problem({ distribution: 'uniform', min: 20 })!, /uniform needs a max/)
  assert.match(problem({ distribution: 'uniform', min: '2s', max: 1 })!, /min must not be above max, got 2s and 1ms/)
  assert.match(problem({ min: 20, max: 30 })!, /need the distribution uniform/)
  assert.match(problem({ distribution: 'lognormal', mean: 0 })!, /mean above 0/)
  assert.match(problem({ distribution: 'exponential', mean: 1, stddev: 1 })!, /exponential has no stddev/)
  assert.match(problem({ mean: 1, per: 'turn', perReadWrite: true })!, /exclude each other/)
  for (const bad of [{ mean: NaN }, { mean: -1 }, { mean: Infinity }, { mean: '2h' }, { distribution: 'gaussian', mean: 1 }]) {
    assert.equal(latency.params.safeParse(bad).success, false, JSON.stringify(bad))
  }
})

test('the documented lines without a mean are taken, and say that they delay nothing', () => {
  assert.equal(problem({}), undefined)
  assert.match(latency.explain(latency.params.parse({})), /adds nothing/)
})

test('the documented distributions take the documented spellings, and tolerate the parameters of each other', () => {
  for (const distribution of ['normal', 'uniform', 'pareto', 'pareto-normal', 'pareto_normal', 'paretonormal', 'Pareto_Normal']) {
    assert.equal(problem({ distribution, mean: 50, stddev: 5, min: 10, max: 90, shape: 1.5, scale: 20 }), undefined)
  }
  assert.equal(latency.params.parse({ distribution: 'paretonormal' }).distribution, 'pareto-normal')
})

test('E-10: the heaviest tail gives finite delays of at most an hour', () => {
  const delays = sample({ distribution: 'pareto', shape: 0.05, scale: 20 }, 2_000)
  assert.ok(delays.every((ms) => Number.isFinite(ms) && ms >= 20 && ms <= 3_600_000))
  assert.ok(delays.includes(3_600_000))
})

/** One delay each of `count` exchanges. */
function sample(given: Given, count: number): number[] {
  return Array.from({ length: count }, (_, exchange) => {
    const rig = rigOf(given, { seed: exchange })
    rig.send(pattern(1))
    rig.stage.destroy()
    return rig.applied[0]?.askedMs ?? 0
  })
}

const above = (scale: number, shape: number) => (x: number): number => (x < scale ? 0 : 1 - (scale / x) ** shape)
const logStddev = Math.sqrt(Math.log1p(0.25))

const spreads: readonly [Given, cdf: (x: number) => number][] = [
  [{ mean: 300, stddev: 40 }, (x) => normalCdf((x - 300) / 40)],
  [{ mean: 10, stddev: 20 }, (x) => (normalCdf((x - 10) / 20) - normalCdf(-0.5)) / (1 - normalCdf(-0.5))],
  [{ distribution: 'uniform', min: 300, max: 500 }, (x) => Math.min(1, Math.max(0, (x - 300) / 200))],
  [{ distribution: 'pareto', scale: 20, shape: 1.5 }, above(20, 1.5)],
  [{ distribution: 'pareto-normal', scale: 20, shape: 1.5, mean: 50 }, (x) => above(20, 1.5)(x - 50)],
  [{ distribution: 'exponential', mean: 100 }, (x) => 1 - Math.exp(-x / 100)],
  [{ distribution: 'lognormal', mean: 100, stddev: 50 }, (x) => normalCdf((Math.log(x / 100) + logStddev ** 2 / 2) / logStddev)],
]

for (const [given, cdf] of spreads) {
  test(`delays of ${JSON.stringify(given)} are spread as they should be (Kolmogorov-Smirnov at 1 %)`, () => {
    const delays = sample(given, 4_000).sort((a, b) => a - b)
    const distance = Math.max(...delays.map((ms, index) => Math.max(Math.abs(cdf(ms) - index / delays.length), Math.abs(cdf(ms) - (index + 1) / delays.length))))
    assert.ok(distance < 1.63 / Math.sqrt(delays.length), `distance ${distance}`)
  })
}

test('pareto-normal adds a normal delay, drawn on its own, to a Pareto one', () => {
  const tails = sample({ distribution: 'pareto', scale: 20, shape: 3 }, 2_000)
  const sums = sample({ distribution: 'pareto-normal', scale: 20, shape: 3, mean: 50, stddev: 15 }, 2_000)
  const normals = sums.map((sum, index) => sum - tails[index]!)
  const mean = normals.reduce((sum, ms) => sum + ms, 0) / normals.length
  const variance = normals.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / normals.length
  assert.ok(Math.abs(mean - 50) < 1.5 && Math.abs(Math.sqrt(variance) - 15) < 1, `${mean} ± ${Math.sqrt(variance)}`)
  const tailMean = tails.reduce((sum, ms) => sum + ms, 0) / tails.length
  const covariance = normals.reduce((sum, ms, index) => sum + (ms - mean) * (tails[index]! - tailMean), 0) / normals.length
  assert.ok(Math.abs(covariance) < 30, `covariance ${covariance}`)
})

test('a delay is a function of its key and place alone', () => {
  const draws = createKey(1, 'contract')
  const rig = rigOf({ distribution: 'uniform', min: 0, max: 1_000 }, { seed: 1 })
  rig.send(pattern(1))
  rig.stage.destroy()
  assert.equal(rig.applied[0]!.askedMs, draws.at(0) * 1_000)
})

test('it explains itself in words', () => {
  const words = (given: Given): string => latency.explain(latency.params.parse(given))
  assert.equal(words({ mean: 300, stddev: 40 }), 'adds 300ms ± 40ms (normal)')
  assert.equal(words({ mean: 300 }), 'adds 300ms')
  assert.equal(words({ distribution: 'uniform', min: 300, max: 500 }), 'adds 300ms to 500ms (uniform)')
  assert.equal(words({ mean: 20, per: 'turn' }), 'adds 20ms to each turn')
})
