import type { Wire } from './wire/wire.ts'

/** Why a source is paused; it goes on when no reason is left. */
export const PAUSED = { full: 1, backlog: 2 } as const

/** The tap of one wire, turned off by several hands. */
export class Gate {
  readonly #wire: Wire
  #reasons = 0

  constructor(wire: Wire) {
    this.#wire = wire
  }

  hold(reason: number): void {
    if (this.#reasons === 0) this.#wire.pause()
    this.#reasons |= reason
  }

  release(reason: number): void {
    if (this.#reasons === 0) return
    this.#reasons &= ~reason
    if (this.#reasons === 0) this.#wire.resume()
  }

  isHeld(reason: number): boolean { return (this.#reasons & reason) !== 0 }
}
