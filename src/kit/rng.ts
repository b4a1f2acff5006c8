/**
 * Keyed, counter-based randomness: a draw is a function of its key and its index and of nothing else, so no draw depends on
 * how many others were made. The values are part of recorded decisions: the algorithm may never change.
 */
export interface Draws {
  /** Uniform in [0, 1) with 53 bits, for a whole `index` from 0 to 2^53 - 1. */
  at(index: number): number
  /** `createKey(seed, 'a').fork('b')` is `createKey(seed, 'a', 'b')`. */
  fork(...labels: readonly Label[]): Draws
}

type Label = string | number

/** A key for each sequence of labels: `('ab')`, `('a', 'b')` and `(1)`, `('1')` are four different ones. */
export function createKey(seed: number, ...labels: readonly Label[]): Draws {
  return draws(absorb(START, [seed, ...labels]))
}

/** 128 bits that have taken in the labels so far. */
type State = [number, number, number, number]

/** Any constants would do; these are the first digits of pi. */
const START: Readonly<State> = [0x243f6a88, 0x85a308d3 | 0, 0x13198a2e, 0x03707344]

function draws(state: Readonly<State>): Draws {
  const [k0, k1, k2, k3] = finish(state)
  return {
    at(index) {
      // Two halves that mix each other and are never compressed: for one key, two indexes never give the same pair.
      let a = index ^ k0
      let b = (index / 0x1_0000_0000) ^ k1
      a = Math.imul(a ^ (a >>> 16), 0x21f0aaad)
      a = Math.imul(a ^ (a >>> 15), 0x735a2d97)
      a ^= a >>> 15
      b = (b + a) | 0
      b = Math.imul(b ^ (b >>> 16), 0x85ebca6b)
      b = Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
      b ^= b >>> 16
      a = (a ^ k2) + b | 0
      a = Math.imul(a ^ (a >>> 17), 0xed5ad4bb)
      a = Math.imul(a ^ (a >>> 11), 0xac4c1b51)
      a ^= a >>> 15
      b = (b ^ k3) + a | 0
      b = Math.imul(b ^ (b >>> 15), 0x2c1b3c6d)
      b = Math.imul(b ^ (b >>> 12), 0x297a2d39)
      b ^= b >>> 15
      return ((a >>> 5) * 0x400_0000 + (b >>> 6)) / 0x20_0000_0000_0000
    },
    fork: (...labels) => draws(absorb(state, labels)),
  }
}

const STRING = 1
const NUMBER = 2

function absorb(from: Readonly<State>, labels: readonly Label[]): State {
  const state: State = [from[0], from[1], from[2], from[3]]
  for (const label of labels) {
    if (typeof label === 'number') {
      // The bits of the double in the same order on every machine; -0 is 0.
      scratch.setFloat64(0, label === 0 ? 0 : label)
      mix(state, NUMBER)
      mix(state, scratch.getInt32(4))
      mix(state, scratch.getInt32(0))
    } else {
      // The length ahead keeps labels apart, whatever characters they hold.
      mix(state, STRING)
      mix(state, label.length)
      for (let index = 0; index < label.length; index += 2) {
        mix(state, label.charCodeAt(index) | ((index + 1 < label.length ? label.charCodeAt(index + 1) : 0) << 16))
      }
    }
  }
  return state
}

const scratch = new DataView(new ArrayBuffer(8))

/** Takes one word into the 128 bits: into the first quarter, and from there round all of them. */
function mix(state: State, word: number): void {
  const k = Math.imul(word, 0x239b961b)
  const a = state[0] ^ Math.imul((k << 15) | (k >>> 17), 0xab0e9789)
  const b = state[1]
  const c = state[2]
  const d = state[3]
  const mixed = Math.imul(((a << 19) | (a >>> 13)) + b | 0, 5) + 0x561ccd1b | 0
  state[0] = mixed
  state[1] = Math.imul(((b << 17) | (b >>> 15)) + c | 0, 5) + 0x0bcaa747 | 0
  state[2] = Math.imul(((c << 15) | (c >>> 17)) + d | 0, 5) + 0x96cd1c35 | 0
  state[3] = Math.imul(((d << 13) | (d >>> 19)) + mixed | 0, 5) + 0x32ac3b17 | 0
}

/** Every bit of the state reaches every bit of the key. */
function finish(state: Readonly<State>): Readonly<State> {
  let [a, b, c, d] = state
  for (let round = 0; round < 3; round += 1) {
    a = avalanche(a + b)
    b = avalanche(b + c + round)
    c = avalanche(c + d)
    d = avalanche(d + a)
  }
  return [a, b, c, d]
}

function avalanche(value: number): number {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}
