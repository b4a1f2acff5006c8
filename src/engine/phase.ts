import type { Clock } from '../kit/clock.ts'
import type { Answer, HookName, Verdict } from '../model/fault.ts'
import type { FaultBook, Follower } from './fault-book.ts'
import type { Cancellable } from './resolver.ts'
import type { Seat } from './seat.ts'

/** An answer that comes later than this is taken as pass. */
export const ANSWER_DEADLINE_MS = 30_000

export type PhaseOutcome = Exclude<Verdict, { readonly action: 'delay' } | { readonly action: 'hang' }>

export interface PhaseOptions {
  readonly book: FaultBook
  readonly clock: Clock
  readonly hook: HookName
  /** Asks one fault. */
  readonly ask: (seat: Seat) => Answer
  /** A promise was rejected: a bug in the fault. */
  readonly onBug: (error: unknown) => void
  readonly seats: readonly Seat[] | undefined
}

/**
 * Asks the faults of one hook in the order of the set, waits as long as they say, and hands over the first verdict that
 * is not pass. Without such faults `settled` is called before this returns. A hanging fault is asked again when the
 * set changes, so the end of its window lets the exchange go on.
 */
export function askFaults(options: PhaseOptions, settled: (outcome: PhaseOutcome) => void): Cancellable {
  const wanted = options.seats?.filter((seat) => seat.instance.spec[options.hook] !== undefined)
  if (!wanted || wanted.length === 0) {
    settled(undefined)
    return NOTHING
  }
  return new Asking(options, wanted, settled)
}

const NOTHING: Cancellable = { cancel() {} }

class Asking implements Cancellable, Follower {
  readonly #options: PhaseOptions
  readonly #seats: readonly Seat[]
  readonly #settled: (outcome: PhaseOutcome) => void
  #at = 0
  #hangs = false
  #hungAtMs = 0
  #wait: Cancellable | undefined
  #ended = false

  constructor(options: PhaseOptions, seats: readonly Seat[], settled: (outcome: PhaseOutcome) => void) {
    this.#options = options
    this.#seats = seats
    this.#settled = settled
    this.#next()
  }

  cancel(): void {
    if (this.#hangs) this.#unhang()
    this.#ended = true
    this.#wait?.cancel()
  }

  refresh(): void {
    if (!this.#hangs) return
    this.#unhang()
    this.#next()
  }

  #next(): void {
    while (!this.#ended) {
      const seat = this.#seats[this.#at]
      if (!seat) return this.#end(undefined)
      if (!seat.instance.isActive) { this.#at++; continue }
      seat.evaluate()
      if (!seat.hit) { this.#at++; continue }
      const answer = this.#options.ask(seat)
      if (answer instanceof Promise) return this.#await(seat, answer)
      if (!this.#take(seat, answer)) return
    }
  }

  /** True: go on with the next fault. */
  #take(seat: Seat, verdict: Verdict): boolean {
    if (verdict === undefined) {
      this.#at++
      return true
    }
    if (verdict.action === 'hang') {
      this.#hangs = true
      this.#hungAtMs = this.#options.clock.now()
      this.#options.book.follow(this)
      return false
    }
    const delayMs = verdict.action === 'delay' ? verdict.delayMs : verdict.action === 'fail' ? verdict.afterMs ?? 0 : 0
    if (delayMs <= 0) {
      seat.applied(0, 0, 0)
      this.#conclude(verdict)
      return false
    }
    const from = this.#options.clock.now()
    this.#wait = this.#options.clock.setTimer(delayMs, () => {
      seat.applied(delayMs, this.#options.clock.now() - from, 0)
      this.#conclude(verdict)
    })
    return false
  }

  #conclude(verdict: Exclude<Verdict, undefined>): void {
    if (verdict.action === 'hang') return
    if (verdict.action !== 'delay') return this.#end(verdict)
    this.#at++
    this.#next()
  }

  #await(seat: Seat, answer: Promise<Verdict>): void {
    const pass = (): void => { if (this.#take(seat, undefined)) this.#next() }
    let open = true
    const once = (use: () => void) => (): void => {
      if (!open || this.#ended) return
      open = false
      deadline.cancel()
      use()
    }
    const deadline = this.#options.clock.setTimer(ANSWER_DEADLINE_MS, () => once(pass)())
    this.#wait = deadline
    answer.then(
      (verdict) => once(() => { if (this.#take(seat, verdict)) this.#next() })(),
      (error: unknown) => { this.#options.onBug(error); once(pass)() },
    )
  }

  #unhang(): void {
    this.#hangs = false
    this.#options.book.unfollow(this)
    this.#seats[this.#at]?.applied(0, this.#options.clock.now() - this.#hungAtMs, 0)
  }

  #end(outcome: PhaseOutcome): void {
    if (this.#ended) return
    this.#ended = true
    this.#settled(outcome)
  }
}
