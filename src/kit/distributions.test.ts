import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SAMPLE_MAX_MS, exponential, lognormal, normalCdf, normalQuantile, pareto, truncatedNormal, uniform } from './distributions.ts'
import { createKey } from './rng.ts'

const LARGEST = 1 - 2 ** -53

function close(actual: number, expected: number, relative = 1e-9): void {
  assert.ok(Math.abs(actual - expected) <= relative * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`)
}

/** Largest distance between 100,000 draws and the distribution they should have, times √n: above 2.2 has odds of 1 in 8,000. */
function kolmogorov(sample: (u: number) => number, cdf: (x: number) => number): number {
  const key = createKey(20, 'kolmogorov')
  const count = 100_000
  const values = Float64Array.from({ length: count }, (_, index) => sample(key.at(index))).sort()
  let distance = 0
  for (const [index, value] of values.entries()) {
    const p = cdf(value)
    distance = Math.max(distance, (index + 1) / count - p, p - index / count)
  }
  return distance * Math.sqrt(count)
}

test('normal quantiles are the known ones', () => {
  const table: readonly [number, number][] = [
    [0.5, 0], [0.975, 1.959963984540054], [0.025, -1.959963984540054], [0.999, 3.090232306167813], [0.3, -0.5244005127080407], [0.07, -1.4757910281791702],
    [1e-10, -6.361340902404056], [1e-15, -7.941345326170995], [1e-300, -37.0470962993612], [0.8413447460685429, 1],
  ]
  for (const [u, z] of table) close(normalQuantile(u), z, 1e-13)
  assert.equal(normalQuantile(0), -Infinity)
  assert.equal(normalQuantile(1), Infinity)
})

test('the normal CDF is the known one, and the inverse of the quantile', () => {
  const table: readonly [number, number][] = [[0, 0.5], [1, 0.8413447460685429], [-3.5, 2.3262907903552507e-4], [-8, 6.220960574271784e-16], [-20, 2.753624118606233e-89], [9, 1], [-40, 0]]
  for (const [x, p] of table) assert.ok(Math.abs(normalCdf(x) - p) <= 1e-12 * p, `${x}: ${normalCdf(x)}`)
  for (let x = -8; x < 5; x += 0.01) close(normalQuantile(normalCdf(x)), x)
})

test('quantiles of each distribution are the known ones', () => {
  close(uniform(0.25, 100, 300), 150)
  close(pareto(0, 20, 2), 20)
  close(pareto(0.75, 20, 2), 40)
  close(exponential(0.5, 100), 100 * Math.LN2)
  close(truncatedNormal(0.5, 300, 20), 300)
  close(truncatedNormal(0.975, 300, 20), 300 + 20 * 1.959963984540054)
  // Half of a normal around 0 is cut off, and its third quartile is the median of what is left.
  close(truncatedNormal(0.5, 0, 10), 6.744897501960817)
  // For mean = stddev the logarithm has variance ln 2 and the median is the mean / √2.
  close(lognormal(0.5, 100, 100), 100 / Math.SQRT2)
})

test('100,000 draws have the distribution they should', () => {
  const cdfAbove0 = (x: number, mean: number, stddev: number) => (normalCdf((x - mean) / stddev) - normalCdf(-mean / stddev)) / normalCdf(mean / stddev)
  const sigma = Math.sqrt(Math.log1p(0.25))
  const mu = Math.log(100) - sigma ** 2 / 2
  const distances = {
    uniform: kolmogorov((u) => uniform(u, 50, 150), (x) => (x - 50) / 100),
    normal: kolmogorov((u) => truncatedNormal(u, 300, 50), (x) => cdfAbove0(x, 300, 50)),
    cutNormal: kolmogorov((u) => truncatedNormal(u, 10, 50), (x) => cdfAbove0(x, 10, 50)),
    pareto: kolmogorov((u) => pareto(u, 20, 3), (x) => 1 - (20 / x) ** 3),
    exponential: kolmogorov((u) => exponential(u, 100), (x) => 1 - Math.exp(-x / 100)),
    lognormal: kolmogorov((u) => lognormal(u, 100, 50), (x) => normalCdf((Math.log(x) - mu) / sigma)),
  }
  for (const [name, distance] of Object.entries(distances)) assert.ok(distance < 2.2, `${name}: ${distance}`)
})

test('lognormal means the mean and deviation of the result', () => {
  const key = createKey(4)
  const count = 200_000
  const values = Array.from({ length: count }, (_, index) => lognormal(key.at(index), 100, 50))
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const stddev = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count)
  assert.ok(Math.abs(mean - 100) < 1 && Math.abs(stddev - 50) < 1, `${mean} ± ${stddev}`)
})

test('without deviation the sample is the mean', () => {
  for (const u of [0, 0.3, LARGEST]) {
    assert.equal(truncatedNormal(u, 300, 0), 300)
    assert.equal(lognormal(u, 300, 0), 300)
    assert.equal(uniform(u, 300, 300), 300)
    assert.equal(lognormal(u, 0, 50), 0)
    assert.equal(exponential(u, 0), 0)
  }
})

test('E-10: whatever the parameters, a sample is finite, not negative and at most an hour', () => {
  const u = fc.oneof(fc.double({ min: 0, max: LARGEST, noNaN: true }), fc.constantFrom(0, 2 ** -53, 0.5, LARGEST))
  const size = fc.oneof(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), fc.double({ min: 0, max: 1e4, noNaN: true }))
  fc.assert(fc.property(u, size, size, (draw, a, b) => {
    for (const sample of [uniform(draw, Math.min(a, b), Math.max(a, b)), pareto(draw, a, b), exponential(draw, a), lognormal(draw, a, b), truncatedNormal(draw, a, b)]) {
      assert.ok(sample >= 0 && sample <= SAMPLE_MAX_MS, String(sample))
    }
  }), { numRuns: 5000 })
  assert.equal(pareto(LARGEST, 20, 0.1), SAMPLE_MAX_MS)
})

test('a larger draw is never a smaller sample', () => {
  const unit = fc.double({ min: 0, max: LARGEST, noNaN: true })
  fc.assert(fc.property(unit, unit, (a, b) => {
    const [low, high] = a < b ? [a, b] : [b, a]
    for (const sample of [(x: number) => truncatedNormal(x, 30, 20), (x: number) => pareto(x, 20, 2), (x: number) => exponential(x, 5), (x: number) => lognormal(x, 50, 20)]) {
      // The polynomial pieces of the quantile meet within rounding.
      assert.ok(sample(low) <= sample(high) * (1 + 1e-12))
    }
  }))
})
