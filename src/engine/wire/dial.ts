import type { Clock, Timer } from '../../kit/clock.ts'
import type { Address, DialFailure, Dialing, DialOptions, DialResult, Wire } from './wire.ts'

/** One try at one address. Calls `settled` once, later; never after `cancel()`. */
export type Attempt = (address: Address, options: DialOptions, settled: (outcome: Wire | DialFailure) => void) => Dialing

const ATTEMPT_DELAY_MS = 250

/**
 * The dials of one transport. Addresses of one dial are raced as RFC 8305, section 5 has it: the next one starts when
 * one failed or after a delay, and whoever connects first ends the others.
 */
export class Dialer {
  readonly #clock: Clock
  readonly #attempt: Attempt
  readonly #onBug: (error: unknown) => void
  readonly #races = new Set<Race>()

  constructor(clock: Clock, attempt: Attempt, onBug: (error: unknown) => void) {
    this.#clock = clock
    this.#attempt = attempt
    this.#onBug = onBug
  }

  dial(options: DialOptions, settled: (result: DialResult) => void): Dialing {
    const race: Race = new Race(options, this.#clock, this.#attempt, (result) => {
      this.#races.delete(race)
      if (result) this.#tell(result, settled)
    })
    this.#races.add(race)
    race.start()
    return race
  }

  /** A wire whose new owner throws has no owner. */
  #tell(result: DialResult, settled: (result: DialResult) => void): void {
    try {
      settled(result)
    } catch (error) {
      if ('wire' in result) result.wire.reset()
      this.#onBug(error)
    }
  }

  stop(): void {
    for (const race of this.#races) race.cancel()
  }
}

class Race implements Dialing {
  readonly #options: DialOptions
  readonly #clock: Clock
  readonly #attempt: Attempt
  /** Undefined: cancelled. */
  readonly #over: (result: DialResult | undefined) => void
  readonly #attempts: (Dialing | undefined)[] = []
  #firstFailure: DialFailure | undefined
  #running = 0
  #deadline: Timer | undefined
  #headStart: Timer | undefined
  #done = false

  constructor(options: DialOptions, clock: Clock, attempt: Attempt, over: (result: DialResult | undefined) => void) {
    this.#options = options
    this.#clock = clock
    this.#attempt = attempt
    this.#over = over
  }

  start(): void {
    const { addresses, timeoutMs } = this.#options
    this.#deadline = this.#clock.setTimer(addresses.length > 0 ? timeoutMs : 0, () => this.#lose('timeout'))
    this.#startNext()
  }

  cancel(): void { this.#finish(undefined) }

  #startNext(): void {
    this.#headStart?.cancel()
    const { addresses, attemptDelayMs = ATTEMPT_DELAY_MS } = this.#options
    const index = this.#attempts.length
    const address = addresses[index]
    if (!address) return
    this.#running++
    this.#attempts.push(undefined)
    this.#attempts[index] = this.#attempt(address, this.#options, (outcome) => this.#settled(index, address, outcome))
    if (index + 1 < addresses.length) this.#headStart = this.#clock.setTimer(attemptDelayMs, () => this.#startNext())
  }

  #settled(index: number, address: Address, outcome: Wire | DialFailure): void {
    this.#attempts[index] = undefined
    if (typeof outcome !== 'string') return this.#finish({ wire: outcome, address })
    if (index === 0) this.#firstFailure = outcome
    this.#running--
    this.#startNext()
    if (this.#running === 0) this.#lose(outcome)
  }

  #lose(failure: DialFailure): void {
    const [address] = this.#options.addresses
    this.#finish(address ? { failure: this.#firstFailure ?? failure, address } : { failure: 'error' })
  }

  #finish(result: DialResult | undefined): void {
    if (this.#done) return
    this.#done = true
    this.#deadline?.cancel()
    this.#headStart?.cancel()
    for (const attempt of this.#attempts) attempt?.cancel()
    this.#over(result)
  }
}
