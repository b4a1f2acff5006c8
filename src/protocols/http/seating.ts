import type { ResponseHead } from '../../codecs/http1/message.ts'
import type { DialTarget } from '../../engine/dialer.ts'
import type { Engine } from '../../engine/engine.ts'
import { stagesOf, type Follower } from '../../engine/fault-book.ts'
import { askFaults, type PhaseOutcome } from '../../engine/phase.ts'
import type { Cancellable } from '../../engine/resolver.ts'
import type { Carrier, Seat } from '../../engine/seat.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Answer } from '../../model/fault.ts'
import type { Subject } from '../../model/match.ts'
import type { Flow, Unit } from '../../model/stage.ts'
import type { Exchange } from './exchange.ts'

/** The faults of one exchange: where each sits, and the stages they put into its two flows. */
export class Seating implements Carrier, Follower {
  readonly mode = 'exchange'
  place: number | undefined = undefined
  readonly turn = 0
  /** Undefined: no fault is meant for this exchange. */
  seats: readonly Seat[] | undefined
  readonly states: object
  readonly #engine: Engine
  readonly #exchange: Exchange
  readonly #subject: Subject
  #isFollowing = false
  /** The proxy itself answers: only what sits on the client's side meets that. */
  #isOwn = false

  constructor(engine: Engine, exchange: Exchange, subject: Subject, states: object) {
    this.#engine = engine
    this.#exchange = exchange
    this.#subject = subject
    this.states = states
  }

  get clock(): Clock { return this.#engine.clock }
  get proxy(): string { return this.#subject.proxy }
  get target(): DialTarget { return this.#exchange.target }
  /** Ids of the faults that struck so far. */
  get struck(): string[] { return (this.seats ?? []).filter((seat) => seat.applications > 0).map((seat) => seat.instance.id) }

  begin(): void {
    const { book } = this.#engine
    if (!book.isEmpty) {
      this.seats = book.seats(this.#subject, this)
      this.#install()
    }
    this.#isFollowing = true
    book.follow(this)
  }

  end(): void {
    if (this.#isFollowing) this.#engine.book.unfollow(this)
  }

  refresh(): void {
    this.seats = this.#engine.book.reseat(this.seats, this.#subject, this)
    this.#install()
  }

  offset(flow: Flow): number { return this.#exchange[flow].offset }
  hasBegun(flow: Flow): boolean { return this.#exchange[flow].hasBegun }
  keep<U extends Unit>(flow: Flow, unit: U): U { return unit instanceof Uint8Array ? this.#exchange.keep(flow, unit) as unknown as U : unit }
  wake(flow: Flow): void { this.#exchange[flow].regulate() }
  reset(): void { this.#exchange.reset() }

  /** From here on the response is the proxy's own. */
  beginOwn(): void {
    this.#isOwn = true
    this.#install()
    this.evaluate('response')
  }

  /** The message reached the stages of that flow. */
  evaluate(flow: Flow): void {
    if (this.seats === undefined) return
    for (const seat of this.seats) {
      if (seat.flow === flow && seat.instance.isActive && seat.instance.spec.stream && this.#isMet(seat)) seat.evaluate()
    }
  }

  askRequest(settled: (outcome: PhaseOutcome) => void): Cancellable {
    return this.#ask('request', (seat) => seat.instance.spec.request!(seat.instance.params, seat, this.#exchange.head), settled)
  }

  askResponse(head: ResponseHead, settled: (outcome: PhaseOutcome) => void): Cancellable {
    return this.#ask('response', (seat) => seat.instance.spec.response!(seat.instance.params, seat, this.#exchange.head, head), settled)
  }

  #ask(hook: 'request' | 'response', ask: (seat: Seat) => Answer, settled: (outcome: PhaseOutcome) => void): Cancellable {
    const { book, clock, onBug } = this.#engine
    return askFaults({ book, clock, hook, onBug, seats: this.seats, ask }, settled)
  }

  #install(): void {
    const { request, response } = this.#exchange
    const soft = (seat: Seat): boolean => !isRaw(seat) && this.#isMet(seat)
    const raw = (seat: Seat): boolean => isRaw(seat) && this.#isMet(seat)
    if (!this.#isOwn) request.install(stagesOf(this.seats, 'request', soft), stagesOf(this.seats, 'request', raw))
    response.install(stagesOf(this.seats, 'response', soft), stagesOf(this.seats, 'response', raw))
  }

  #isMet(seat: Seat): boolean { return !this.#isOwn || seat.side === 'client' }
}

const isRaw = ({ instance: { spec, params } }: Seat): boolean => spec.raw?.(params) ?? false
