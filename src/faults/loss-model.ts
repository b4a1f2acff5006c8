import type { Draws } from '../kit/rng.ts'

/** Decides transmission by transmission, in order; `index` is the place of its draws. */
export interface LossModel {
  loses(index: number): boolean
}

/** Every transmission is lost with the same probability. */
export function independentLoss(rate: number, draws: Draws): LossModel {
  return { loses: (index) => rate > 0 && draws.at(2 * index) < rate }
}

/** From each state: probability of moving to each state, and of losing a packet there. */
const STATES: readonly { readonly moves: readonly number[]; readonly loss: number }[] = [
  { moves: [0.9, 0.1, 0, 0, 0], loss: 0 },
  { moves: [0.05, 0.9, 0.05, 0, 0], loss: 0.1 },
  { moves: [0, 0.1, 0.8, 0.1, 0], loss: 0.3 },
  { moves: [0, 0, 0.2, 0.7, 0.1], loss: 0.6 },
  { moves: [0, 0, 0, 0.3, 0.7], loss: 0.9 },
]
const GOOD = 1

/** The documented chain of five states: excellent, good, fair, poor, bad. Starts good; each packet moves first, then is lost or not. */
export function markovLoss(draws: Draws): LossModel {
  let state = GOOD
  return {
    loses(index) {
      let left = draws.at(2 * index)
      const { moves } = STATES[state]!
      for (let to = 0; to < moves.length; to++) {
        if (moves[to]! > 0) state = to
        left -= moves[to]!
        if (left < 0) break
      }
      return draws.at(2 * index + 1) < STATES[state]!.loss
    },
  }
}

export interface GilbertElliott {
  readonly goodToBad: number
  readonly badToGood: number
  readonly goodLoss: number
  readonly badLoss: number
}

/** Two states. Starts in one of them as often as the chain is in it in the long run, so that short exchanges see the full rate. */
export function gilbertElliottLoss({ goodToBad, badToGood, goodLoss, badLoss }: GilbertElliott, draws: Draws): LossModel {
  const moving = goodToBad + badToGood
  let bad = moving > 0 && draws.fork('start').at(0) < goodToBad / moving
  return {
    loses(index) {
      if (draws.at(2 * index) < (bad ? badToGood : goodToBad)) bad = !bad
      return draws.at(2 * index + 1) < (bad ? badLoss : goodLoss)
    },
  }
}
