import type { RequestHead } from '../../codecs/http1/message.ts'
import type { Dialed, DialTarget } from '../../engine/dialer.ts'
import { effectsOf, type Engine } from '../../engine/engine.ts'
import type { Seat } from '../../engine/seat.ts'
import type { Outcome } from '../../model/events.ts'
import type { Subject } from '../../model/match.ts'
import type { Trace } from './rewrite.ts'

/** A request that is to be an exchange. */
export interface About {
  readonly head: RequestHead
  readonly target: DialTarget
  readonly subject: Subject
  readonly trace: Trace
}

interface Client { readonly id: number; readonly client: string }
interface Counted { readonly bytesUp: number; readonly bytesDown: number }

/** What one exchange tells about itself: that it has begun, and everything else when it is over. */
export class Report {
  dialed: Dialed | undefined
  status: number | undefined
  readonly #engine: Engine
  readonly #target: DialTarget
  readonly #client: Client
  readonly #subject: Subject
  readonly #trace: Trace
  readonly #id: number
  /** The clock is only looked at for somebody who listens. */
  readonly #startedAtMs: number
  readonly #generation: number
  #matched: boolean | undefined
  #firstByteMs: number | undefined

  constructor(engine: Engine, client: Client, { target, subject, trace }: About) {
    this.#engine = engine
    this.#client = client
    this.#subject = subject
    this.#trace = trace
    this.#target = target
    this.#id = engine.nextExchange()
    this.#startedAtMs = engine.bus.isListening ? engine.clock.now() : 0
    this.#generation = engine.book.generation
  }

  begin(matched: boolean): void {
    this.#matched = matched
    const { bus } = this.#engine
    if (!bus.isListening) return
    const { proxy, method, path } = this.#subject
    bus.emit('exchange.started', { exchange: this.#id, connection: this.#client.id, proxy, kind: 'http', target: this.targetName, method: method!, path: path! })
  }

  get targetName(): string { return `${this.#target.host}:${this.#target.port}` }
  /** Something of an answer has come. */
  answering(): void { this.#firstByteMs ??= this.#engine.bus.isListening ? this.#engine.clock.now() - this.#startedAtMs : 0 }
  get isAnswering(): boolean { return this.#firstByteMs !== undefined }

  end(outcome: Outcome, cause: string, { bytesUp, bytesDown }: Counted, seats: readonly Seat[] | undefined): void {
    const { bus, clock } = this.#engine
    if (!bus.isListening || this.#matched === undefined) return
    const { proxy, method, path } = this.#subject
    bus.emit('exchange.finished', {
      exchange: this.#id, connection: this.#client.id, proxy, kind: 'http', generation: this.#generation, client: this.#client.client,
      target: this.targetName, method: method!, path: path!, ...(this.status !== undefined && { status: this.status }),
      ...this.#trace, matched: this.#matched, outcome, cause,
      ...(this.dialed && { dnsMs: this.dialed.dnsMs, connectMs: this.dialed.connectMs }),
      ...(this.#firstByteMs !== undefined && { firstByteMs: this.#firstByteMs }),
      durationMs: clock.now() - this.#startedAtMs, bytesUp, bytesDown, faults: effectsOf(seats),
    })
  }
}
