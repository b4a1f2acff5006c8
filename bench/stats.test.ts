import { test } from 'node:test'
import assert from 'node:assert/strict'
import { logInterval, median, ratioInterval, rankCut, shuffled, verdict, type Interval } from './stats.ts'

const near = (actual: number | undefined, expected: number, tolerance: number) =>
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} ± ${tolerance}`)
const interval = (low: number, estimate: number, high: number): Interval => ({ low, estimate, high, rounds: 15 })

/** Park and Miller's generator, to make noise that is the same in every run. */
function createNoise(seed: number) {
  let state = seed
  const uniform = () => (state = state * 48271 % 2147483647) / 2147483647
  return { normal: () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()) }
}

test('the signed-rank cuts are those of the tables', () => {
  const cuts = [[5, -1], [6, 0], [8, 3], [10, 8], [15, 25], [20, 52], [30, 137]] as const
  for (const [count, cut] of cuts) assert.equal(rankCut(count), cut, `for ${count}`)
})

test('beyond the exact ones the cuts go on without a step', () => {
  assert.equal(rankCut(31), 147)
  assert.ok(Math.abs(rankCut(50) - 434) <= 1)
})

test('the median leaves out rounds without a reading and does not reorder its input', () => {
  const series = [5, null, 1, 3]
  assert.equal(median(series), 3)
  assert.deepEqual(series, [5, null, 1, 3])
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.equal(median([null]), undefined)
  assert.equal(median([]), undefined)
})

test('the interval of equal values is that value', () => {
  const found = logInterval([2, 2, 2])
  near(found?.low, 2, 1e-12)
  near(found?.high, 2, 1e-12)
  assert.equal(found?.rounds, 3)
})

test('the interval of two values follows by hand', () => {
  const found = logInterval([1, Math.E ** 2])
  near(found?.estimate, Math.E, 1e-12)
  near(found?.high, Math.exp(1 + 12.706), 1e-6)
  near(found?.low, Math.exp(1 - 12.706), 1e-6)
})

test('fewer than two readings give no interval', () => {
  assert.equal(logInterval([3]), undefined)
  assert.equal(logInterval([3, null, 0]), undefined)
})

test('ratios are taken within a round, so that drift common to both cancels', () => {
  const found = ratioInterval([90, 45, 180, 9], [100, 50, 200, 10])
  near(found?.estimate, 0.9, 1e-12)
  near(found?.low, 0.9, 1e-9)
})

test('a round in which one of the two is missing is left out', () => {
  const found = ratioInterval([90, null, 45, 7, 3], [100, 50, 50, null, 0])
  assert.equal(found?.rounds, 2)
  near(found?.estimate, 0.9, 1e-12)
  assert.equal(ratioInterval([1, 2], []), undefined)
})

test('the two directions of a ratio agree', () => {
  const [a, b] = [[3, 4, 7], [5, 4, 6]]
  near(ratioInterval(a, b)?.low, 1 / (ratioInterval(b, a)?.high ?? 0), 1e-12)
})

test('the interval holds the true ratio in about 95 of 100 noisy runs', () => {
  const noise = createNoise(7)
  let held = 0
  for (let run = 0; run < 2000; run++) {
    const drift = Array.from({ length: 15 }, () => Math.exp(0.3 * noise.normal()))
    const found = ratioInterval(drift.map((at) => at * 0.9 * Math.exp(0.1 * noise.normal())), drift)
    if (found && found.low <= 0.9 && found.high >= 0.9) held++
  }
  assert.ok(held > 1870 && held < 1940, `${held} of 2000`)
})

test('one stalled round of fifteen does not decide', () => {
  const noise = createNoise(11)
  const calm = Array.from({ length: 15 }, () => 0.95 * Math.exp(0.05 * noise.normal()))
  const ones = calm.map(() => 1)
  const stalled = calm.map((value, round) => round === 4 ? value / 5 : value)
  const [before, after] = [ratioInterval(calm, ones), ratioInterval(stalled, ones)]
  near(after?.estimate, before?.estimate ?? 0, 0.02)
  near(after?.low, before?.low ?? 0, 0.05)
})

test('the interval of six values is their range', () => {
  const found = logInterval([1, 2, 3, 4, 5, 6])
  near(found?.low, 1, 1e-12)
  near(found?.high, 6, 1e-12)
})

test('a must is missed only if the whole interval is on the wrong side', () => {
  const atLeast = { better: 'more', must: 0.9, goal: 1 } as const
  assert.equal(verdict(interval(0.7, 0.8, 0.89), atLeast), 'MISSED')
  assert.equal(verdict(interval(0.7, 0.8, 0.91), atLeast), 'unclear')
  assert.equal(verdict(interval(0.8, 0.95, 1.2), atLeast), 'must')
  assert.equal(verdict(interval(0.8, 1.01, 1.2), atLeast), 'goal')
  const atMost = { better: 'less', must: 1.2, goal: 1 } as const
  assert.equal(verdict(interval(1.21, 1.3, 1.4), atMost), 'MISSED')
  assert.equal(verdict(interval(1.19, 1.3, 1.4), atMost), 'unclear')
  assert.equal(verdict(interval(1.0, 1.1, 1.2), atMost), 'must')
  assert.equal(verdict(interval(0.9, 0.95, 1.2), atMost), 'goal')
})

test('without a goal the best verdict is the must, without an interval there is none', () => {
  assert.equal(verdict(interval(2, 2, 2), { better: 'more', must: 0.9 }), 'must')
  assert.equal(verdict(undefined, { better: 'more', must: 0.9 }), 'not measured')
})

test('an order is a permutation, the same for the same seed, and fair over seeds', () => {
  const list = ['a', 'b', 'c', 'd', 'e']
  assert.deepEqual(shuffled(list, 4).sort(), list)
  assert.deepEqual(shuffled(list, 4), shuffled(list, 4))
  const first = new Map<string, number>()
  for (let seed = 0; seed < 5000; seed++) {
    const [head = ''] = shuffled(list, seed)
    first.set(head, (first.get(head) ?? 0) + 1)
  }
  for (const name of list) near(first.get(name), 1000, 150)
})
