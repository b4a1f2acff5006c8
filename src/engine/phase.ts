import type { Clock, Timer } from '../kit/clock.ts'
import type { Answer, HookName, Verdict } from '../model/fault.ts'
import type { FaultBook, Follower } from './fault-book.ts'
import type { Cancellable } from './resolver.ts'
import type { Seat } from './seat.ts'

/** An answer that comes later than this is taken as pass. */
export const ANSWER_DEADLINE_MS = 30_000

export type PhaseOutcome = Exclude<Verdict, { readonly action: 'delay' } | { readonly action: 'hang' }>

export interface PhaseOptions {
  readonly book: Pick<FaultBook, 'follow' | 'unfollow'>
  readonly clock: Clock
  readonly hook: HookName
  /** Asks one fault. */
  readonly ask: (seat: Seat) => Answer
  /** A fault threw, or its promise was rejected: a bug in it, taken as pass. */
  readonly onBug: (error: unknown) => void
  readonly seats: readonly Seat[] | undefined
}

/**
 * Asks the faults of one hook in the order of the set, waits as long as they say, and hands over the first verdict that
 * is not pass. `settled` comes once, never after `cancel`; possibly before this returns, and surely when there are no
 * such faults. A fault that goes while it is waited for has no more say; one that hangs is asked again when the set
 * changes.
 */
export function askFaults(options: PhaseOptions, settled: (outcome: PhaseOutcome) => void): Cancellable {
  const wanted = options.seats?.filter((seat) => seat.instance.spec[options.hook] !== undefined)
  if (!wanted || wanted.length === 0) {
    settled(undefined)
    return NOTHING
  }
  const asking = new Asking(options, wanted, settled)
  asking.next()
  return asking
}

const NOTHING: Cancellable = { cancel() {} }

/** One fault that is waited for. */
interface Wait {
  readonly seat: Seat
  /** Undefined: its promise is not settled, so it has asked for nothing. */
  readonly askedMs: number | undefined
  readonly fromMs: number
  /** Undefined: it hangs. */
  readonly timer: Timer | undefined
}

class Asking implements Cancellable, Follower {
  readonly #options: PhaseOptions
  readonly #seats: readonly Seat[]
  readonly #settled: (outcome: PhaseOutcome) => void
  readonly isWaiting = true
  place: number | undefined = undefined
  #at = 0
  #wait: Wait | undefined
  #ended = false

  constructor(options: PhaseOptions, seats: readonly Seat[], settled: (outcome: PhaseOutcome) => void) {
    this.#options = options
    this.#seats = seats
    this.#settled = settled
  }

  /** Asks from the present fault on, until one makes the exchange wait or ends the asking. */
  next(): void {
    for (; !this.#ended; this.#at++) {
      const seat = this.#seats[this.#at]
      if (!seat) return this.#end(undefined)
      if (!seat.isOn) continue
      seat.evaluate()
      if (seat.hit && !this.#passes(seat, this.#ask(seat))) return
    }
  }

  cancel(): void {
    this.#ended = true
    this.#leave()
  }

  refresh(): void {
    const wait = this.#wait
    if (!wait) return
    if (!wait.seat.isOn) {
      this.#leave()
      this.#goOn()
    } else if (wait.timer === undefined) {
      const answer = this.#ask(wait.seat)
      if (!(answer instanceof Promise) && answer?.action === 'hang') return
      this.#leave()
      if (this.#passes(wait.seat, answer)) this.#goOn()
    }
  }

  #ask(seat: Seat): Answer {
    try {
      return this.#options.ask(seat)
    } catch (error) {
      this.#options.onBug(error)
      return undefined
    }
  }

  /** True: on to the next fault. False: the answer is waited for, or ended the asking. */
  #passes(seat: Seat, answer: Answer): boolean {
    if (answer === undefined) return true
    if (answer instanceof Promise) {
      this.#await(seat, answer)
      return false
    }
    if (answer.action === 'hang') {
      this.#hold(seat, 0)
      return false
    }
    const delayMs = answer.action === 'delay' ? answer.delayMs : answer.action === 'fail' ? answer.afterMs ?? 0 : 0
    if (delayMs > 0) {
      this.#hold(seat, delayMs, delayMs, () => {
        this.#leave()
        if (this.#concludes(answer)) this.#goOn()
      })
      return false
    }
    seat.applied(0, 0, 0)
    return this.#concludes(answer)
  }

  /** The wait is over: true when it was all the fault wanted. */
  #concludes(verdict: Exclude<Verdict, undefined | { readonly action: 'hang' }>): boolean {
    if (verdict.action === 'delay') return true
    this.#end(verdict)
    return false
  }

  #await(seat: Seat, answer: Promise<Verdict>): void {
    const { onBug } = this.#options
    const settle = (verdict: Verdict): void => {
      if (this.#wait !== wait) return
      this.#leave()
      if (this.#passes(seat, verdict)) this.#goOn()
    }
    const wait = this.#hold(seat, undefined, ANSWER_DEADLINE_MS, () => settle(undefined))
    answer.then(settle, (error: unknown) => {
      onBug(error)
      settle(undefined)
    }).catch(onBug)
  }

  #goOn(): void {
    this.#at++
    this.next()
  }

  #hold(seat: Seat, askedMs: number | undefined, afterMs?: number, fire: () => void = () => {}): Wait {
    const { book, clock } = this.#options
    const fromMs = clock.now()
    const timer = afterMs === undefined ? undefined : clock.setTimer(afterMs, fire)
    book.follow(this)
    return this.#wait = { seat, askedMs, fromMs, timer }
  }

  /** The wait is over, or cut short: what it really was is reported. */
  #leave(): void {
    const wait = this.#wait
    if (!wait) return
    const { book, clock } = this.#options
    this.#wait = undefined
    book.unfollow(this)
    wait.timer?.cancel()
    if (wait.askedMs !== undefined) wait.seat.applied(wait.askedMs, clock.now() - wait.fromMs, 0)
  }

  #end(outcome: PhaseOutcome): void {
    if (this.#ended) return
    this.#ended = true
    this.#settled(outcome)
  }
}
