import { BodyScanner, framingOfResponse } from '../../codecs/http1/body.ts'
import { HeadReader } from '../../codecs/http1/head.ts'
import type { ResponseHead } from '../../codecs/http1/message.ts'
import type { HttpProblem } from '../../codecs/http1/problem.ts'
import type { DialTarget } from '../../engine/dialer.ts'
import { Gate } from '../../engine/gate.ts'
import { ignore, type CloseReason, type Wire, type WireHandler } from '../../engine/wire/wire.ts'

/** What an upstream connection tells the exchange that is using it. */
export interface LinkUser {
  /** Method of the request under way: it decides how the response is framed. */
  readonly method: string
  /** Output that follows leaves in one piece until `uncork`. */
  cork(): void
  uncork(): void
  responseHead(head: ResponseHead, interim: boolean): void
  responseBytes(bytes: Buffer): void
  responseEnded(): void
  upstreamBroke(problem: HttpProblem): void
  /** `cleanly`: by FIN. */
  upstreamLost(cleanly: boolean): void
  /** Both sides have ended, and everything is written. */
  upstreamClosed(): void
  upstreamDrained(): void
}

/** One connection to an upstream, used by one client connection, for one exchange at a time. */
export class UpstreamLink implements WireHandler {
  readonly wire: Wire
  readonly gate: Gate
  exchanges = 0
  readonly #target: DialTarget
  readonly #reader: HeadReader<'response'>
  readonly #scanner = new BodyScanner()
  #user: LinkUser | undefined
  #inBody = false
  /** The body lasts until the upstream's FIN. */
  #endsByFin = false
  /** Bytes came that answer nothing: they must not be taken for the next answer. */
  #isSpoiled = false
  #gone = false
  #peerEnded = false

  constructor(wire: Wire, target: DialTarget, maxHeadBytes: number) {
    this.wire = wire
    this.#target = target
    this.gate = new Gate(wire)
    this.#reader = new HeadReader('response', maxHeadBytes)
    wire.handler = this
  }

  get isUsable(): boolean { return !this.#gone && !this.#peerEnded && !this.#isSpoiled }
  leadsTo({ host, port, tls }: DialTarget): boolean { return host === this.#target.host && port === this.#target.port && tls === this.#target.tls }
  /** Part of a response head has come. */
  get isAnswering(): boolean { return this.#reader.heldBytes > 0 }

  /** Begins an exchange. */
  lend(user: LinkUser): void {
    this.#user = user
    this.#inBody = false
    this.#endsByFin = false
    if (this.exchanges++ === 0) this.wire.resume()
  }

  /** The exchange is over; the connection may serve another. */
  giveBack(): void { this.#user = undefined }

  close(): void { this.#release('close') }
  reset(): void { this.#release('reset') }


  data(bytes: Buffer): void {
    const user = this.#user
    if (!user) return this.close()
    user.cork()
    let at = 0
    while (at < bytes.length && this.#user === user && !this.#gone) {
      const taken = this.#inBody ? this.#body(user, bytes, at) : this.#head(user, bytes, at)
      if (taken === 0) break
      at += taken
    }
    user.uncork()
  }

  drained(): void { this.#user?.upstreamDrained() }

  ended(): void {
    this.#peerEnded = true
    const user = this.#user
    if (!user) return this.close()
    if (this.#inBody && this.#endsByFin) user.responseEnded()
    else user.upstreamLost(true)
  }

  closed(reason: CloseReason): void {
    if (this.#gone) return
    this.#gone = true
    if (reason !== 'clean' || !this.#peerEnded) this.#user?.upstreamLost(false)
    else this.#user?.upstreamClosed()
  }

  #head(user: LinkUser, bytes: Buffer, at: number): number {
    const head = this.#reader.read(bytes, at)
    const { consumed } = this.#reader
    if (head === undefined) return consumed
    if (head.kind === 'problem') {
      user.upstreamBroke(head)
      return 0
    }
    const interim = head.status < 200 && head.status !== 101
    if (!interim) {
      const framing = framingOfResponse(head, user.method)
      this.#endsByFin = framing.kind === 'tunnel' || framing.kind === 'until-close'
      this.#inBody = true
      this.#scanner.reset(framing)
      this.#isSpoiled ||= this.#scanner.done && at + consumed < bytes.length
    }
    user.responseHead(head, interim)
    if (!interim && this.#user === user && this.#scanner.done) user.responseEnded()
    return consumed
  }

  /** With the answer complete and the request still on its way, whatever comes is one answer too many. */
  #body(user: LinkUser, bytes: Buffer, at: number): number {
    const scanner = this.#scanner
    const wasDone = scanner.done
    const count = scanner.scan(bytes, at)
    if (scanner.problem) {
      user.upstreamBroke(scanner.problem)
      return 0
    }
    this.#isSpoiled ||= scanner.done && at + count < bytes.length
    if (count > 0) user.responseBytes(at === 0 && count === bytes.length ? bytes : bytes.subarray(at, at + count))
    if (scanner.done && !wasDone && this.#user === user) user.responseEnded()
    return count
  }

  #release(how: 'close' | 'reset'): void {
    if (this.#gone) return
    this.#gone = true
    this.#user = undefined
    this.wire.handler = ignore
    this.wire[how]()
  }
}
