import { BodyScanner, framingOfRequest } from '../../codecs/http1/body.ts'
import { setField, type RequestHead, type ResponseHead } from '../../codecs/http1/message.ts'
import type { HttpProblem } from '../../codecs/http1/problem.ts'
import type { Dialed, DialTarget } from '../../engine/dialer.ts'
import { effectsOf, type Engine } from '../../engine/engine.ts'
import { PAUSED } from '../../engine/gate.ts'
import { stagesOf, type Follower } from '../../engine/fault-book.ts'
import { askFaults, type PhaseOutcome } from '../../engine/phase.ts'
import type { Cancellable } from '../../engine/resolver.ts'
import type { Carrier, Seat } from '../../engine/seat.ts'
import type { Outcome } from '../../model/events.ts'
import type { Answer } from '../../model/fault.ts'
import type { Subject } from '../../model/match.ts'
import type { Flow, Unit } from '../../model/stage.ts'
import { brokenAnswer, failureAnswer, refusalAnswer, type LocalAnswer } from './answers.ts'
import type { HttpConnection } from './connection.ts'
import { HttpFlow } from './flow.ts'
import { RequestOutlet, ResponseOutlet } from './outlets.ts'
import type { Trace } from './rewrite.ts'
import type { LinkUser, UpstreamLink } from './upstream-link.ts'

export interface ExchangeOptions {
  readonly head: RequestHead
  readonly target: DialTarget
  readonly subject: Subject
  readonly trace: Trace
}

const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** One request with its response, and the stages both pass. */
export class Exchange implements Carrier, Follower, LinkUser {
  readonly mode = 'exchange'
  readonly turn = 0
  readonly head: RequestHead
  readonly method: string
  readonly target: DialTarget
  readonly request: HttpFlow
  readonly response: HttpFlow
  readonly #connection: HttpConnection
  readonly #engine: Engine
  readonly #options: ExchangeOptions
  readonly #id: number
  readonly #startedAtMs: number
  readonly #generation: number
  readonly #scanner: BodyScanner
  readonly #sent: RequestOutlet
  readonly #received: ResponseOutlet
  #seats: readonly Seat[] | undefined
  #link: UpstreamLink | undefined
  #step: Cancellable | undefined
  #dialed: Dialed | undefined
  #responseHead: ResponseHead | undefined
  #answered: LocalAnswer | undefined
  #matched = true
  #isForwarding = false
  #requestOver = false
  #responseOver = false
  #isTunnel = false
  #brokeOff = false
  #over = false
  #firstByteMs: number | undefined
  #cause = 'end'
  /** What came behind a response head that a fault is still thinking about. */
  #stalled: { readonly bytes: Buffer[]; ended: boolean } | undefined

  constructor(connection: HttpConnection, options: ExchangeOptions) {
    const { engine } = connection
    this.#connection = connection
    this.#engine = engine
    this.#options = options
    this.head = options.head
    this.method = options.head.method
    this.target = options.target
    this.#scanner = connection.scanner
    this.#id = engine.nextExchange()
    this.#startedAtMs = engine.clock.now()
    this.#generation = engine.book.generation
    this.#sent = new RequestOutlet(this)
    this.#received = new ResponseOutlet(this, connection.wire)
    this.request = new HttpFlow(this.#sent, () => connection.gate, engine.budget)
    this.response = new HttpFlow(this.#received, () => this.#link?.gate, engine.budget)
  }

  get clock() { return this.#engine.clock }
  get proxy(): string { return this.#options.subject.proxy }
  get states(): Map<string, object> { return this.#connection.states }
  get bytesUp(): number { return this.#sent.bytes }
  get bytesDown(): number { return this.#received.bytes }
  /** Body bytes of the request may be handed over. */
  get wantsBytes(): boolean { return this.#isForwarding && (!this.#requestOver || this.#isTunnel) }
  get isTunnel(): boolean { return this.#isTunnel }
  get struck(): string[] { return (this.#seats ?? []).filter((seat) => seat.applications > 0).map((seat) => seat.instance.id) }
  /** The proxy holds its dial, or nothing of the answer may pass: a client that says goodbye is gone. */
  get isStuck(): boolean {
    const { book } = this.#engine
    return this.response.isBlocked || (this.#link === undefined && this.#step !== undefined && (book.actsOn('connect') || book.actsOn('resolve')))
  }

  begin(matched: boolean): void {
    if (this.#over) return
    const { bus, book } = this.#engine
    this.#matched = matched
    if (bus.isListening) {
      const { method, path } = this.#options.subject
      bus.emit('exchange.started', { exchange: this.#id, connection: this.#connection.id, proxy: this.proxy, kind: 'http', target: this.#targetName(), method: method!, path: path! })
    }
    if (matched && !book.isEmpty) {
      this.#seats = book.seats(this.#options.subject, this)
      this.#install()
    }
    book.follow(this)
    if (this.#seats === undefined) return this.#forward()
    this.#ask('request', (seat) => seat.instance.spec.request!(seat.instance.params, seat, this.head), () => this.#forward())
  }

  refresh(): void {
    if (this.#over || !this.#matched) return
    this.#seats = this.#engine.book.reseat(this.#seats, this.#options.subject, this)
    this.#install()
  }

  /** Takes what belongs to the request's body from `start` on; returns how many bytes that was. */
  requestBytes(bytes: Buffer, start: number): number {
    if (this.#isTunnel) {
      this.request.write(start === 0 ? bytes : bytes.subarray(start))
      return bytes.length - start
    }
    const count = this.#scanner.scan(bytes, start)
    const { problem } = this.#scanner
    if (problem) {
      this.#refuse(problem)
      return bytes.length - start
    }
    if (count > 0 && !this.#answered) {
      this.request.write(start === 0 && count === bytes.length ? bytes : bytes.subarray(start, start + count))
    }
    if (this.#scanner.done) this.#endRequest()
    return count
  }

  /** The client's FIN: true when the exchange goes on without it. */
  clientEnded(): boolean {
    if (this.#isTunnel) {
      this.#endRequest()
      return true
    }
    if (!this.#requestOver || this.isStuck) return false
    return true
  }

  /** The client is gone. */
  abandon(how: 'close' | 'reset', cause: string): void {
    this.#step?.cancel()
    this.#dropLink(how)
    this.#finish('cancelled', cause)
  }

  hasBegun(flow: Flow): boolean { return (flow === 'request' ? this.request : this.response).hasBegun }
  keep<U extends Unit>(flow: Flow, unit: U): U {
    if (!(unit instanceof Uint8Array)) return unit
    const source = flow === 'request' ? this.#connection.wire : this.#link?.wire
    return (source ? source.keep(unit as Buffer) : unit) as U
  }
  wake(flow: Flow): void { (flow === 'request' ? this.request : this.response).regulate() }

  reset(): void {
    this.#dropLink('reset')
    this.#finish('reset', 'fault')
    this.#connection.cut('reset')
  }

  cork(): void { this.#connection.wire.cork() }
  uncork(): void { this.#connection.wire.uncork() }
  upstreamDrained(): void { this.request.regulate() }
  clientDrained(): void { this.response.regulate() }

  responseHead(head: ResponseHead, interim: boolean): void {
    this.#firstByteMs ??= this.clock.now() - this.#startedAtMs
    this.#connection.prepareResponse(head)
    this.#evaluate('response')
    if (interim) return this.response.write(head)
    this.#responseHead = head
    if (this.#seats === undefined) return this.#respond(head)
    this.#stalled = { bytes: [], ended: false }
    this.#link!.gate.hold(PAUSED.backlog)
    this.#ask('response', (seat) => seat.instance.spec.response!(seat.instance.params, seat, this.head, head), () => this.#respond(head))
  }

  responseBytes(bytes: Buffer): void {
    if (this.#stalled) this.#stalled.bytes.push(this.keep('response', bytes))
    else if (!this.#answered) this.response.write(bytes)
  }

  responseEnded(): void {
    if (this.#stalled) {
      this.#stalled.ended = true
      return
    }
    if (this.#answered || this.#responseOver) return
    this.#responseOver = true
    this.response.end()
  }

  upstreamBroke(problem: HttpProblem): void { this.#fail(brokenAnswer(problem.detail, this.#targetName(), 'http_protocol_error', this.#mustClose), problem.problem) }

  upstreamLost(cleanly: boolean): void {
    if (this.#over || this.#answered) return
    if (this.#isTunnel) return this.#fail(undefined, 'upstream-reset')
    if (this.#responseOver || this.#stalled?.ended) return
    if (this.#mayRepeat()) return this.#redial()
    if (cleanly && this.#responseHead && !this.#stalled) return this.#breakOff()
    this.#fail(brokenAnswer('the upstream closed the connection before its answer was complete', this.#targetName(), 'http_response_incomplete', this.#mustClose), 'incomplete-response')
  }

  upstreamClosed(): void { if (this.#isTunnel) this.#endTunnel() }

  /** The outlet has a unit and no upstream yet. */
  needLink(): void {
    if (this.#step || this.#link) return
    const reusable = this.#connection.takeLink(this.#linkName())
    if (reusable) return this.#linked(reusable)
    this.#step = NOT_YET
    const step = this.#engine.dialer.dial(this.target, this.#seats, (dialed) => this.#connected(dialed))
    if (this.#step === NOT_YET) this.#step = step
  }

  /** The last byte of the response has been handed to the client's connection. */
  responseSent(): void {
    this.#responseOver = true
    if (this.#isTunnel) {
      this.#connection.wire.end()
      return this.#endTunnel()
    }
    if (this.#answered || this.#requestOver) return this.#complete()
    if (this.#mustClose || !this.#link?.isUsable) this.#complete()
  }

  /** The last byte of the request has been handed to the upstream's connection. */
  requestSent(): void {
    if (!this.#isTunnel) return
    this.#link?.wire.end()
    this.#endTunnel()
  }

  get #mustClose(): boolean { return !this.#requestOver || this.head.close || (this.head.minor === 0 && !this.head.keepAlive) }

  #forward(): void {
    const framing = framingOfRequest(this.head)
    this.#scanner.reset(framing)
    this.#isForwarding = true
    this.#evaluate('request')
    this.request.write(this.head)
    if (this.#scanner.done && !this.#over) this.#endRequest()
    this.#connection.resumeBacklog()
  }

  #endRequest(): void {
    if (this.#requestOver) return
    this.#requestOver = true
    this.request.end()
    if (!this.#isTunnel && this.#received.isOver) this.#complete()
  }

  #respond(head: ResponseHead): void {
    if (head.status === 101) {
      this.#isTunnel = true
      this.#requestOver = false
      this.#sent.reopen()
    }
    this.response.write(head)
    if (this.#isTunnel) this.#connection.resumeBacklog()
    const stalled = this.#stalled
    if (!stalled) return
    this.#stalled = undefined
    for (const bytes of stalled.bytes) this.response.write(bytes)
    this.#link?.gate.release(PAUSED.backlog)
    if (stalled.ended) this.responseEnded()
  }

  /** The upstream ended in the middle of its answer, and so do we: what came is passed on, and a FIN behind it. */
  #breakOff(): void {
    this.#brokeOff = this.#responseOver = true
    this.#cause = 'incomplete-response'
    this.response.end()
  }

  /** A tunnel is over when both sides have ended and the upstream has taken everything. */
  #endTunnel(): void {
    if (this.#sent.isFinished && this.#received.isOver && !this.#link?.wire.buffered) this.#complete()
  }

  #connected(dialed: Dialed): void {
    this.#step = undefined
    this.#dialed = dialed
    if ('wire' in dialed) return this.#linked(this.#connection.newLink(dialed.wire, this.#linkName()))
    if ('cause' in dialed) return this.#fail(failureAnswer(dialed.cause, dialed.detail, this.#targetName(), this.#mustClose), dialed.cause)
    this.#finish('reset', 'fault')
    this.#connection.cut(dialed.action)
  }

  #linked(link: UpstreamLink): void {
    this.#link = link
    link.lend(this)
    this.#sent.connect(link.wire)
    this.request.regulate()
  }

  /** A kept connection that its upstream was about to close: the request is sent again if that can do no harm (RFC 9110 §9.2.2). */
  #mayRepeat(): boolean {
    return this.#link !== undefined && this.#link.exchanges > 1 && !this.#responseHead && this.#firstByteMs === undefined &&
      REPEATABLE.has(this.method) && this.head.contentLength <= 0 && !this.head.chunked && this.#requestOver
  }

  #redial(): void {
    this.#dropLink('close')
    this.#sent.disconnect()
    this.#sent.put(this.head)
  }

  #fail(answer: LocalAnswer | undefined, cause: string): void {
    if (this.#over) return
    this.#dropLink('close')
    if (answer && !this.response.hasBegun) return this.#answer(answer, cause)
    this.#finish('failed', cause)
    this.#connection.cut('reset')
  }

  #refuse({ status, problem, detail }: HttpProblem): void {
    this.#dropLink('reset')
    if (!this.response.hasBegun) return this.#answer(refusalAnswer(status, problem, detail), problem)
    this.#finish('failed', problem)
    this.#connection.cut('reset')
  }

  /** Answers in the upstream's place; only faults on the client's side see it. */
  #answer(answer: LocalAnswer, cause: string): void {
    this.#answered = answer
    this.#stalled = undefined
    this.#cause = cause
    this.#responseHead = answer.head
    if (this.#mustClose && !answer.head.close) setField(answer.head, 'Connection', 'close')
    this.request.destroy()
    this.#install()
    this.response.write(answer.head)
    if (answer.body.length > 0 && this.method !== 'HEAD') this.response.write(answer.body)
    this.response.end()
    this.#connection.resumeBacklog()
  }

  #ask(hook: 'request' | 'response', ask: (seat: Seat) => Answer, pass: () => void): void {
    const { book, clock, onBug } = this.#engine
    let settled = false
    const asking = askFaults({ book, clock, hook, onBug, seats: this.#seats, ask }, (outcome) => {
      settled = true
      this.#step = undefined
      if (this.#over) return
      if (outcome === undefined) pass()
      else this.#obey(outcome)
    })
    if (!settled) this.#step = asking
  }

  #obey(outcome: NonNullable<PhaseOutcome>): void {
    this.#dropLink('close')
    if (outcome.action === 'answer') return this.#answer({ head: outcome.head, body: outcome.body }, 'fault')
    if (outcome.action === 'fail') return this.#answer(failureAnswer(outcome.cause, `failed by a fault: ${outcome.cause}`, this.#targetName(), this.#mustClose), outcome.cause)
    this.#finish('reset', 'fault')
    this.#connection.cut(outcome.action)
  }

  #install(): void {
    const own = this.#answered !== undefined
    const soft = (seat: Seat): boolean => !isRaw(seat) && (!own || seat.side === 'client')
    const raw = (seat: Seat): boolean => isRaw(seat) && (!own || seat.side === 'client')
    if (!own) this.request.install(stagesOf(this.#seats, 'request', soft), stagesOf(this.#seats, 'request', raw))
    this.response.install(stagesOf(this.#seats, 'response', soft), stagesOf(this.#seats, 'response', raw))
  }

  #evaluate(flow: Flow): void {
    if (this.#seats === undefined) return
    for (const seat of this.#seats) if (seat.flow === flow && seat.instance.isActive && seat.instance.spec.stream) seat.evaluate()
  }

  #complete(): void {
    if (this.#over) return
    const response = this.#responseHead!
    const ends = this.#isTunnel || this.#brokeOff || this.#mustClose || response.close || (response.minor === 0 && !response.keepAlive && !this.#answered) || this.#received.endsByClose
    const link = this.#link
    if (link) {
      link.giveBack()
      if (ends || !link.isUsable || !this.#sent.isFinished) link.close()
    }
    this.#finish(this.#answered ? 'answered' : this.#brokeOff ? 'failed' : 'completed', this.#cause)
    this.#connection.exchangeOver(ends)
  }

  #finish(outcome: Outcome, cause: string): void {
    if (this.#over) return
    this.#over = true
    const { book, bus, clock } = this.#engine
    this.#step?.cancel()
    book.unfollow(this)
    this.request.destroy()
    this.response.destroy()
    this.#connection.countBytes(this.bytesUp, this.bytesDown)
    if (!bus.isListening) return
    const { subject, trace } = this.#options
    bus.emit('exchange.finished', {
      exchange: this.#id, connection: this.#connection.id, proxy: this.proxy, kind: 'http', generation: this.#generation, client: this.#connection.client,
      target: this.#targetName(), method: this.method, path: subject.path!, ...(this.#responseHead && { status: this.#responseHead.status }),
      ...trace, matched: this.#matched, outcome, cause,
      ...(this.#dialed && { dnsMs: this.#dialed.dnsMs, connectMs: this.#dialed.connectMs }),
      ...(this.#firstByteMs !== undefined && { firstByteMs: this.#firstByteMs }),
      durationMs: clock.now() - this.#startedAtMs, bytesUp: this.bytesUp, bytesDown: this.bytesDown, faults: effectsOf(this.#seats),
    })
  }

  #dropLink(how: 'close' | 'reset'): void {
    this.#link?.[how]()
    this.#connection.forgetLink(this.#link)
    this.#link = undefined
  }

  #targetName(): string { return `${this.target.host}:${this.target.port}` }
  #linkName(): string { return `${this.target.tls ? 'https' : 'http'}://${this.#targetName()}` }
}

const NOT_YET: Cancellable = { cancel() {} }
const isRaw = ({ instance: { spec, params } }: Seat): boolean => spec.raw?.(params) ?? false
