import assert from 'node:assert/strict'
import test from 'node:test'
import { createKey } from '../kit/rng.ts'
import { gilbertElliottLoss, independentLoss, markovLoss, type LossModel } from './loss-model.ts'

function run(model: LossModel, count: number): boolean[] {
  return Array.from({ length: count }, (_, index) => model.loses(index))
}

const share = (losses: readonly boolean[]): number => losses.filter(Boolean).length / losses.length

test('independent losses have the asked rate within a binomial interval, and no memory', () => {
  const count = 100_000
  for (const rate of [0, 0.001, 0.1, 0.5, 1]) {
    const losses = run(independentLoss(rate, createKey(1, rate)), count)
    assert.ok(Math.abs(share(losses) - rate) <= 3 * Math.sqrt((rate * (1 - rate)) / count), `${share(losses)} instead of ${rate}`)
  }
  const losses = run(independentLoss(0.3, createKey(2)), count)
  const afterLoss = losses.filter((_, index) => losses[index - 1])
  assert.ok(Math.abs(share(afterLoss) - 0.3) < 0.01)
})

test('the Markov chain loses 20.4 % in the long run, and 10.5 % of first packets', () => {
  assert.ok(Math.abs(share(run(markovLoss(createKey(1)), 400_000)) - 0.204) < 0.01)
  const firsts = Array.from({ length: 40_000 }, (_, seed) => markovLoss(createKey(seed)).loses(0))
  assert.ok(Math.abs(share(firsts) - 0.105) < 0.006, `${share(firsts)}`)
})

test('the Markov chain loses its first packet after a median of 7 and a mean of 11.5', () => {
  const waits = Array.from({ length: 20_000 }, (_, seed) => {
    const model = markovLoss(createKey(seed, 'wait'))
    let packets = 1
    while (!model.loses(packets - 1)) packets++
    return packets
  }).sort((a, b) => a - b)
  assert.equal(waits[10_000], 7)
  assert.ok(Math.abs(waits.reduce((sum, wait) => sum + wait, 0) / waits.length - 11.5) < 0.4)
})

test('Gilbert-Elliott has the long-run rate from the first packet on, and loses in bursts', () => {
  const shape = { goodToBad: 0.02, badToGood: 0.2, goodLoss: 0, badLoss: 0.8 }
  const expected = (0.02 / 0.22) * 0.8
  const long = run(gilbertElliottLoss(shape, createKey(1)), 400_000)
  assert.ok(Math.abs(share(long) - expected) < 0.004, `${share(long)}`)
  const firsts = Array.from({ length: 40_000 }, (_, seed) => gilbertElliottLoss(shape, createKey(seed)).loses(0))
  assert.ok(Math.abs(share(firsts) - expected) < 0.005, `${share(firsts)}`)
  const afterLoss = long.filter((_, index) => long[index - 1])
  assert.ok(share(afterLoss) > 0.6, `${share(afterLoss)}`)
})

test('a Gilbert-Elliott chain that never moves stays good', () => {
  assert.equal(share(run(gilbertElliottLoss({ goodToBad: 0, badToGood: 0, goodLoss: 0, badLoss: 1 }, createKey(1)), 100)), 0)
})

test('the same key gives the same losses', () => {
  assert.deepEqual(run(markovLoss(createKey(5)), 1_000), run(markovLoss(createKey(5)), 1_000))
  assert.notDeepEqual(run(markovLoss(createKey(5)), 1_000), run(markovLoss(createKey(6)), 1_000))
})
