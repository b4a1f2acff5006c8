import { framingOfRequest, type BodyScanner } from '../../codecs/http1/body.ts'
import { persists, setField, type RequestHead, type ResponseHead } from '../../codecs/http1/message.ts'
import type { HttpProblem } from '../../codecs/http1/problem.ts'
import type { Dialed, DialTarget } from '../../engine/dialer.ts'
import type { Engine } from '../../engine/engine.ts'
import { PAUSED } from '../../engine/gate.ts'
import type { PhaseOutcome } from '../../engine/phase.ts'
import type { Cancellable } from '../../engine/resolver.ts'
import type { Outcome } from '../../model/events.ts'

import type { Flow } from '../../model/stage.ts'
import { brokenAnswer, failureAnswer, refusalAnswer, type LocalAnswer } from './answers.ts'
import type { HttpConnection } from './connection.ts'
import { HttpFlow } from './flow.ts'

import { RequestOutlet, ResponseOutlet } from './outlets.ts'
import { Report, type About } from './report.ts'
import { isRepeatable } from './rewrite.ts'
import { Seating } from './seating.ts'
import type { LinkUser, UpstreamLink } from './upstream-link.ts'


/** One request with its response, and the stages both pass. */
export class Exchange implements LinkUser {
  readonly head: RequestHead
  readonly method: string
  readonly target: DialTarget
  readonly request: HttpFlow
  readonly response: HttpFlow
  readonly #connection: HttpConnection
  readonly #engine: Engine
  readonly #faults: Seating
  readonly #report: Report
  readonly #scanner: BodyScanner
  readonly #sent: RequestOutlet
  readonly #received: ResponseOutlet
  #link: UpstreamLink | undefined
  #step: Cancellable | undefined
  #responseHead: ResponseHead | undefined
  #answered: LocalAnswer | undefined
  #isForwarding = false
  #requestOver = false
  /** The head of the final response is on its way to the client. */
  #isResponding = false
  #responseOver = false
  #isTunnel = false
  #brokeOff = false
  #over = false
  #cause = 'end'
  /** What came behind a response head that a fault is still thinking about. */
  #stalled: { readonly bytes: Buffer[]; ended: boolean } | undefined

  constructor(connection: HttpConnection, about: About) {
    const { engine } = connection
    const { head, target, subject } = about
    this.#connection = connection
    this.#engine = engine
    this.head = head
    this.method = head.method
    this.target = target
    this.#faults = new Seating(engine, this, subject, connection.states)
    this.#report = new Report(engine, connection, about)
    this.#scanner = connection.scanner
    this.#scanner.reset(framingOfRequest(head))
    this.#sent = new RequestOutlet(this)
    this.#received = new ResponseOutlet(this, connection.wire)
    this.request = new HttpFlow(this.#sent, () => connection.gate, engine.budget)
    this.response = new HttpFlow(this.#received, () => this.#link?.gate, engine.budget)
  }

  get bytesUp(): number { return this.#sent.bytes }
  get bytesDown(): number { return this.#received.bytes }
  /** Body bytes of the request may be handed over. */
  get wantsBytes(): boolean { return this.#isForwarding && (!this.#requestOver || this.#isTunnel) }
  get isTunnel(): boolean { return this.#isTunnel }
  /** Something is under way; a tunnel may be silent. */
  get isBusy(): boolean { return !this.#isTunnel || this.request.held + this.response.held > 0 }
  get struck(): string[] { return this.#faults.struck }
  /** The proxy holds its dial, or nothing of the answer may pass: a client that says goodbye is gone. */
  get isStuck(): boolean {
    const { book } = this.#engine
    return this.response.isBlocked || (this.#link === undefined && this.#step !== undefined && (book.actsOn('connect') || book.actsOn('resolve')))
  }

  /** `match` finds out whether its target is meant. */
  open(match: (settled: (matched: boolean) => void) => Cancellable): void {
    this.#do(() => match((matched) => {
      this.#step = undefined
      this.begin(matched)
    }))
  }

  /** The request goes no further: this proxy is its last recipient. */
  answerLast(answer: LocalAnswer): void {
    this.#report.begin(false)
    this.#answer(answer, 'max-forwards')
  }

  begin(matched: boolean): void {
    this.#report.begin(matched)
    if (matched) this.#faults.begin()
    if (this.#faults.seats === undefined) return this.#forward()
    this.#await((settled) => this.#faults.askRequest(settled), () => this.#forward())
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
      if (!this.#answered) this.#fail(refusalAnswer(problem.status, problem.problem, problem.detail), problem.problem, 'reset')
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
    return this.#scanner.done && !this.isStuck
  }

  /** The client is gone. */
  abandon(how: 'close' | 'reset', cause: string): void {
    this.#step?.cancel()
    this.#dropLink(how)
    this.#finish('cancelled', cause)
  }

  /** Bytes of that flow, made to last. */
  keep(flow: Flow, bytes: Buffer): Buffer {
    const source = flow === 'request' ? this.#connection.wire : this.#link?.wire
    return source ? source.keep(bytes) : bytes
  }

  reset(): void {
    this.#dropLink('reset')
    this.#cut('reset')
  }

  cork(): void { this.#connection.wire.cork() }
  uncork(): void { this.#connection.wire.uncork() }
  upstreamDrained(): void { this.request.regulate() }
  clientDrained(): void { this.response.regulate() }

  responseHead(head: ResponseHead, interim: boolean): void {
    this.#report.answering()
    this.#connection.prepareResponse(head)
    this.#faults.evaluate('response')
    if (interim) return this.head.minor === 0 ? undefined : this.response.write(head)
    if (head.status === 101 && !this.head.upgrade) return this.#broke('unasked-upgrade', 'the upstream switched protocols without being asked to')
    this.#responseHead = head
    if (this.#faults.seats === undefined) return this.#respond(head)
    this.#stalled = { bytes: [], ended: false }
    this.#link!.gate.hold(PAUSED.backlog)
    this.#await((settled) => this.#faults.askResponse(head, settled), () => this.#respond(head))
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

  upstreamBroke({ problem, detail }: HttpProblem): void { this.#broke(problem, detail) }

  upstreamLost(cleanly: boolean): void {
    if (this.#over || this.#answered) return
    if (this.#isTunnel) return this.#fail(undefined, 'upstream-reset')
    if (this.#stalled?.ended) return
    if (this.#responseOver) return this.#received.isOver ? this.#complete() : undefined
    if (this.#mayRepeat()) return this.#redial()
    if (cleanly && this.#responseHead && !this.#stalled) return this.#breakOff()
    this.#fail(brokenAnswer('the upstream closed the connection before its answer was complete', this.#targetName(), 'http_response_incomplete', this.#mustClose), 'incomplete-response')
  }

  upstreamClosed(): void { if (this.#isTunnel) this.#endTunnel() }

  /** The outlet has a unit and no upstream yet. */
  needLink(): void {
    if (this.#step || this.#link) return
    const reusable = this.#connection.takeLink(this.target)
    if (reusable) return this.#linked(reusable)
    this.#do(() => this.#engine.dialer.dial(this.target, this.#faults.seats, (dialed) => this.#connected(dialed)))
  }

  /** The last byte of the response has been handed to the client's connection. */
  responseSent(): void {
    this.#responseOver = true
    if (this.#isTunnel) {
      this.#connection.wire.end()
      return this.#endTunnel()
    }
    // An answer may be out before its request is: the rest goes on to the upstream, unless that wants no more of it.
    if (this.#answered || this.#sent.isFinished || this.#clientCloses || this.#upstreamCloses || !this.#link?.isUsable) this.#complete()
  }

  /** The last byte of the request has been handed to the upstream's connection. */
  requestSent(): void {
    if (this.#isTunnel) {
      this.#link?.wire.end()
      this.#endTunnel()
    } else if (this.#received.isOver) this.#complete()
  }

  get #clientCloses(): boolean { return this.head.close || (this.head.minor === 0 && !this.head.keepAlive) }
  get #upstreamCloses(): boolean { return !persists(this.#responseHead!) || this.#received.endsByClose }
  /** No further request can be told from what is left of this one. */
  get #mustClose(): boolean { return !this.#scanner.done || this.#clientCloses }

  #forward(): void {
    this.#isForwarding = true
    this.#faults.evaluate('request')
    this.request.write(this.head)
    if (this.#scanner.done && !this.#over) this.#endRequest()
    this.#connection.resumeBacklog()
  }

  #endRequest(): void {
    if (this.#requestOver) return
    this.#requestOver = true
    // What follows may yet be a tunnel, whose end is another one.
    if (this.head.upgrade && !this.#isTunnel && !this.#isResponding) return
    this.request.end()
  }

  #respond(head: ResponseHead): void {
    this.#isResponding = true
    if (head.status === 101) {
      this.#isTunnel = true
      this.#requestOver = false
    } else if (this.head.upgrade && this.#requestOver) this.request.end()
    this.response.write(head)
    if (this.#isTunnel) {
      this.#connection.resumeBacklog()
      if (this.#connection.hasEnded) this.#endRequest()
    }
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
    this.#report.dialed = dialed
    if ('wire' in dialed) return this.#linked(this.#connection.newLink(dialed.wire, this.target))
    if ('cause' in dialed) return this.#fail(failureAnswer(dialed.cause, dialed.detail, this.#targetName(), this.#mustClose), dialed.cause)
    this.#cut(dialed.action)
  }

  #linked(link: UpstreamLink): void {
    this.#link = link
    link.lend(this)
    this.#sent.connect(link.wire)
    this.request.connected()
  }

  /** A kept connection that its upstream was about to close: the request is sent again if that can do no harm. */
  #mayRepeat(): boolean {
    const link = this.#link
    return link !== undefined && link.exchanges > 1 && !this.#report.isAnswering && !link.isAnswering && this.#requestOver && isRepeatable(this.head)
  }

  #redial(): void {
    this.#dropLink('close')
    this.#sent.disconnect()
    this.#sent.put(this.head)
  }

  /** Says so, if an answer is still possible. */
  #fail(answer: LocalAnswer | undefined, cause: string, how: 'close' | 'reset' = 'close'): void {
    if (this.#over) return
    this.#dropLink(how)
    if (answer && !this.#isResponding) return this.#answer(answer, cause)
    this.#finish('failed', cause)
    this.#connection.cut('reset')
  }

  #broke(cause: string, detail: string): void { this.#fail(brokenAnswer(detail, this.#targetName(), 'http_protocol_error', this.#mustClose), cause) }

  /** Answers in the upstream's place; only faults on the client's side see it. */
  #answer(answer: LocalAnswer, cause: string): void {
    this.#step?.cancel()
    this.#step = undefined
    this.#answered = answer
    this.#stalled = undefined
    this.#isResponding = true
    this.#cause = cause
    this.#responseHead = answer.head
    if (this.#mustClose && !answer.head.close) setField(answer.head, 'Connection', 'close')
    this.request.destroy()
    this.#faults.beginOwn()
    this.response.write(answer.head)
    if (answer.body.length > 0 && this.method !== 'HEAD') this.response.write(answer.body)
    this.response.end()
    this.#connection.resumeBacklog()
  }

  #await(ask: (settled: (outcome: PhaseOutcome) => void) => Cancellable, pass: () => void): void {
    this.#do(() => ask((outcome) => {
      this.#step = undefined
      if (outcome === undefined) pass()
      else this.#obey(outcome)
    }))
  }

  /** The step under way, unless it ends before it can be named. */
  #do(begin: () => Cancellable): void {
    this.#step = NOT_YET
    const step = begin()
    if (this.#over) step.cancel()
    else if (this.#step === NOT_YET) this.#step = step
  }

  #obey(outcome: NonNullable<PhaseOutcome>): void {
    this.#dropLink('close')
    if (outcome.action === 'answer') return this.#answer({ head: outcome.head, body: outcome.body }, 'fault')
    if (outcome.action === 'fail') return this.#answer(failureAnswer(outcome.cause, `failed by a fault: ${outcome.cause}`, this.#targetName(), this.#mustClose), outcome.cause)
    this.#cut(outcome.action)
  }

  /** A fault wants it so. */
  #cut(how: 'close' | 'reset'): void {
    this.#finish('reset', 'fault')
    this.#connection.cut(how)
  }

  #complete(): void {
    if (this.#over) return
    const ends = this.#isTunnel || this.#brokeOff || this.#mustClose || this.#upstreamCloses
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
    this.#step?.cancel()
    this.#faults.end()
    this.request.destroy()
    this.response.destroy()
    this.#connection.countBytes(this.bytesUp, this.bytesDown)
    this.#report.status = this.#responseHead?.status
    this.#report.end(outcome, cause, this, this.#faults.seats)
  }

  #dropLink(how: 'close' | 'reset'): void {
    this.#link?.[how]()
    this.#connection.forgetLink(this.#link)
    this.#link = undefined
  }

  #targetName(): string { return this.#report.targetName }
}

const NOT_YET: Cancellable = { cancel() {} }
