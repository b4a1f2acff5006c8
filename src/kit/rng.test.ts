import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createKey, type Draws } from './rng.ts'

/** Standard deviations by which `count` values of `value` miss an even spread over `bins`; |z| > 5 has odds of 1 in a million. */
function deviation(value: (index: number) => number, bins: number, count: number): number {
  const found = new Float64Array(bins)
  for (let index = 0; index < count; index += 1) found[Math.floor(value(index) * bins)]! += 1
  const expected = count / bins
  const chiSquare = found.reduce((sum, hits) => sum + (hits - expected) ** 2 / expected, 0)
  return (chiSquare - (bins - 1)) / Math.sqrt(2 * (bins - 1))
}

const bitsOf = (value: number): bigint => BigInt(value * 2 ** 53)

test('the algorithm is the same for ever: recorded decisions depend on these values', () => {
  const key = createKey(42, 'http', 'localhost:7070', 'GET', '/ping', 3, 'latency', 'ingress')
  assert.deepEqual([0, 1, 2, 1448, 2 ** 32, 2 ** 53 - 1].map((index) => key.at(index)), [0.4450338544962684, 0.983129545873145, 0.6674440008184408, 0.27892077789339664, 0.8294291412978414, 0.7089356552413026])
  assert.equal(createKey(0).at(0), 0.6036270060287469)
  assert.equal(createKey(4_294_967_295, '', '\u00fc\u{1f600}', -1.5).at(7), 0.788591524724537)
})

test('a draw depends on its key and index alone', () => {
  const key = createKey(1, 'a')
  const forwards = Array.from({ length: 100 }, (_, index) => key.at(index))
  const backwards = Array.from({ length: 100 }, (_, index) => createKey(1, 'a').at(99 - index)).reverse()
  assert.deepEqual(forwards, backwards)
})

test('forking is adding labels', () => {
  const label = fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.integer())
  fc.assert(fc.property(fc.array(label), fc.array(label), fc.nat(), (first, second, index) => {
    assert.equal(createKey(5, ...first).fork(...second).at(index), createKey(5, ...first, ...second).at(index))
  }))
})

test('labels that differ in any way are different keys', () => {
  const keys: readonly Draws[] = [
    createKey(1), createKey(2), createKey(1, ''), createKey(1, '', ''), createKey(1, 'ab'), createKey(1, 'a', 'b'), createKey(1, 'b', 'a'), createKey(1, 'a\u0000'), createKey(1, 'a'),
    createKey(1, 1), createKey(1, '1'), createKey(1, 0), createKey(1, 0.5), createKey(1, -1), createKey(1, 2 ** 32), createKey(1, 'a', 1), createKey(1, 'abc'), createKey(1, 'abd'), createKey(1.5),
  ]
  assert.equal(new Set(keys.map((key) => key.at(0))).size, keys.length)
  assert.equal(createKey(1, -0).at(0), createKey(1, 0).at(0))
})

test('draws lie in [0, 1) and use all 53 bits', () => {
  const key = createKey(3)
  let or = 0n
  let and = 2n ** 53n - 1n
  for (let index = 0; index < 10_000; index += 1) {
    const value = key.at(index * 1_000_003)
    assert.ok(value >= 0 && value < 1)
    or |= bitsOf(value)
    and &= bitsOf(value)
  }
  assert.deepEqual([or, and], [2n ** 53n - 1n, 0n])
})

test('draws are spread evenly, along indexes, strides, seeds and labels, in high bits and in low ones', () => {
  for (const seed of [1, 2, 3]) {
    const key = createKey(seed, 'even')
    const spreads = {
      indexes: deviation((index) => key.at(index), 1000, 200_000),
      lowBits: deviation((index) => (key.at(index) * 2 ** 43) % 1, 1024, 200_000),
      segments: deviation((index) => key.at(index * 1448), 1000, 100_000),
      high: deviation((index) => key.at(index * 2 ** 32), 1000, 100_000),
      seeds: deviation((index) => createKey(index, seed).at(0), 256, 20_000),
      occurrences: deviation((index) => createKey(seed, 'http', 'GET', '/', index).at(0), 256, 20_000),
    }
    for (const [name, z] of Object.entries(spreads)) assert.ok(Math.abs(z) < 5, `${name} of seed ${seed}: ${z}`)
  }
})

test('neighbours know nothing of each other: indexes, occurrences and sister keys', () => {
  const pair = (a: number, b: number) => (Math.floor(a * 32) * 32 + Math.floor(b * 32)) / 1024
  const key = createKey(9, 'pairs')
  const [ingress, egress] = [key.fork('ingress'), key.fork('egress')]
  const spreads = {
    indexes: deviation((index) => pair(key.at(index), key.at(index + 1)), 1024, 200_000),
    occurrences: deviation((index) => pair(createKey(9, index).at(0), createKey(9, index + 1).at(0)), 1024, 50_000),
    directions: deviation((index) => pair(ingress.at(index), egress.at(index)), 1024, 200_000),
  }
  for (const [name, z] of Object.entries(spreads)) assert.ok(Math.abs(z) < 5, `${name}: ${z}`)
})

test('one bit of the index changes every bit of the draw half of the time', () => {
  const key = createKey(11)
  const rounds = 2000
  for (let bit = 0; bit < 53; bit += 4) {
    const flips = new Array<number>(53).fill(0)
    for (let round = 0; round < rounds; round += 1) {
      const index = Math.floor(key.at(round) * 2 ** 53)
      const difference = bitsOf(key.at(index)) ^ bitsOf(key.at(Number(BigInt(index) ^ (1n << BigInt(bit)))))
      for (let place = 0; place < 53; place += 1) if ((difference >> BigInt(place)) & 1n) flips[place]! += 1
    }
    // Five standard deviations of a fair coin.
    for (const count of flips) assert.ok(Math.abs(count - rounds / 2) < 5 * Math.sqrt(rounds / 4), `bit ${bit}: ${count} of ${rounds}`)
  }
})
