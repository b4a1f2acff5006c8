import { BodyScanner } from '../../codecs/http1/body.ts'
import { HeadReader } from '../../codecs/http1/head.ts'
import type { ResponseHead } from '../../codecs/http1/message.ts'
import { responseBytes, stripHopByHop } from '../../codecs/http1/serialize.ts'
import type { LiveConnection } from '../../engine/connections.ts'
import type { HasDeadline } from '../../engine/deadlines.ts'
import type { DialTarget } from '../../engine/dialer.ts'
import type { Engine } from '../../engine/engine.ts'
import { Gate, PAUSED } from '../../engine/gate.ts'
import { looksLikeTls } from '../../engine/peek.ts'
import type { Incoming, Service } from '../../engine/protocol.ts'
import type { Cancellable } from '../../engine/resolver.ts'
import { HIGH_WATER_BYTES, ignore, type CloseReason, type Wire, type WireHandler } from '../../engine/wire/wire.ts'
import { refusalAnswer } from './answers.ts'
import type { Exchange } from './exchange.ts'
import { NOTICED } from './rewrite.ts'
import { isListener, route, type KnownWay } from './route.ts'
import { tunnelHello } from './tunnel.ts'
import { UpstreamLink } from './upstream-link.ts'

/** A client that is quiet for so long has read its last answer. */
const LINGER_MS = 1000
/** Longest that a client gets to read a last answer while it goes on sending: some look at it only when all is sent. */
const MOST_LINGER_MS = 30_000

/** Why a request is not even begun. */
export interface Refusal { readonly status: number; readonly problem: string; readonly detail: string }

/** One client's connection that speaks HTTP/1: requests one after the other, each an exchange. */
export class HttpConnection implements WireHandler, LiveConnection, HasDeadline {
  readonly id: number
  readonly client: string
  readonly openedAtMs: number
  readonly engine: Engine
  readonly service: Service
  readonly wire: Wire
  readonly gate: Gate
  readonly scanner = new BodyScanner()
  /** State of faults with scope `connection`. */
  readonly states = new Map<string, object>()
  deadlineMs = Infinity
  /** Where the last request in absolute form went: the next one mostly goes there too. */
  lastWay: KnownWay | undefined
  readonly #reader: HeadReader<'request'>
  #exchange: Exchange | undefined
  #link: UpstreamLink | undefined
  #corked: Wire | undefined
  #backlog: Buffer | undefined
  #lastHost = { name: '', isOwn: false }
  #isConsuming = false
  #isDetained = false
  #look: Cancellable | undefined
  #hasBegun = false
  /** No further request: the client ended, asked for it, or was refused. */
  #isLast = false
  /** The last answer is out; what still comes is thrown away. */
  #isLingering = false
  /** What the client had not taken at the last look, and since when. */
  #unsent = { bytes: 0, sinceMs: 0 }
  #lingersUntilMs = 0
  #peerEnded = false
  #gone = false
  #bytesUp = 0
  #bytesDown = 0
  readonly #struck = new Set<string>()

  constructor({ engine, service, id, openedAtMs }: Incoming, wire: Wire) {
    this.engine = engine
    this.service = service
    this.id = id
    this.openedAtMs = openedAtMs
    this.wire = wire
    this.client = `${wire.remote.host}:${wire.remote.port}`
    this.gate = new Gate(wire)
    this.#reader = new HeadReader('request', engine.limits.maxHeadBytes, NOTICED)
  }

  /** The client has sent its FIN. */
  get hasEnded(): boolean { return this.#peerEnded }
  get proxy(): string { return this.service.name }
  get bytesUp(): number { return this.#bytesUp + (this.#exchange?.bytesUp ?? 0) }
  get bytesDown(): number { return this.#bytesDown + (this.#exchange?.bytesDown ?? 0) }
  get faults(): string[] { return [...new Set([...this.#struck, ...(this.#exchange?.struck ?? [])])] }
  get isBusy(): boolean { return this.#exchange?.isBusy ?? this.wire.buffered > 0 }

  open(): void {
    const { connections, deadlines } = this.engine
    connections.add(this)
    deadlines.add(this)
    this.#wait(this.engine.limits.headTimeoutMs)
    this.wire.handler = this
    this.wire.resume()
  }

  data(bytes: Buffer): void {
    if (this.#isLingering) {
      this.#unsent.sinceMs = this.engine.clock.now()
      return
    }
    if (!this.#hasBegun) {
      this.#hasBegun = true
      const { mapping, clientTls } = this.service
      const endsTls = mapping?.clientTls && clientTls
      if (mapping?.upstreamTls && !endsTls && looksLikeTls(bytes)) return tunnelHello(this, this.wire.keep(bytes))
    }
    this.#consume(bytes)
  }

  drained(): void {
    if (this.#exchange) this.#exchange.clientDrained()
    else this.resumeBacklog()
  }

  ended(): void {
    this.#isLast = this.#peerEnded = true
    if (this.#isLingering) return this.#lookAtLinger()
    if (!this.#exchange) return this.#linger()
    if (this.#exchange.clientEnded()) return
    this.#abandon('client-left')
  }

  /** The FIN lies behind bytes that nobody reads at present. */
  hangup(): void { if (this.#exchange?.isStuck) this.#abandon('client-left') }

  closed(reason: CloseReason): void {
    // What the client said last may still be on its way to the upstream.
    if (reason === 'clean' && this.#exchange?.isTunnel) return
    this.#exchange?.abandon(reason === 'clean' ? 'close' : 'reset', `client-${reason}`)
    this.#release(reason === 'clean' ? 'end' : `client-${reason}`)
  }

  expired(): void {
    this.deadlineMs = Infinity
    if (this.#exchange) return
    if (this.#isLingering) return this.#lookAtLinger()
    if (this.#reader.heldBytes === 0 && this.#hasBegun) return this.#leave('idle')
    if (this.#reader.heldBytes === 0) return this.#leave('silent')
    this.refuse({ problem: 'incomplete-head', status: 408, detail: 'the request head did not come in time' })
  }

  close(): void {
    this.#exchange?.abandon('close', 'closed')
    this.#leave('closed')
  }

  reset(): void {
    this.#exchange?.abandon('reset', 'reset')
    this.cut('reset')
  }

  drain(): void {
    this.#isLast = true
    if (this.#exchange || this.#isLingering) return
    if (this.wire.buffered > 0) this.#linger()
    else this.#leave('drained')
  }

  /** Answers a request that cannot be forwarded, and ends. */
  refuse({ status, problem, detail }: Refusal, method?: string): void {
    const { head, body } = refusalAnswer(status, problem, detail)
    const text = Buffer.from(responseBytes(head), 'latin1')
    this.wire.write(method === 'HEAD' ? text : Buffer.concat([text, body]))
    this.engine.bus.emit('notice', { level: 'info', code: 'BAD_REQUEST', message: `${this.client}: ${detail} (${problem})` })
    this.#linger()
  }

  /** Nothing more is read as HTTP while `look` finds out who the next owner is. */
  detain(look: () => Cancellable): void {
    this.#isDetained = true
    this.gate.hold(PAUSED.backlog)
    this.#look = look()
  }

  /** The connection goes to another owner, who reports its end. */
  handOver(): void {
    this.#forget()
    this.wire.handler = ignore
    this.wire.pause()
  }

  /** Whether a client of a mapping means its listener by this Host; the last one is remembered. */
  namesListener(host: string): boolean {
    if (host !== this.#lastHost.name) this.#lastHost = { name: host, isOwn: isListener(this, host) }
    return this.#lastHost.isOwn
  }

  /** Hop-by-hop fields of a response, before it passes the stages. */
  prepareResponse(head: ResponseHead): void {
    if (head.hopByHop) stripHopByHop(head, { upgrade: true })
    if (this.engine.via) head.fields.push('Via', `1.${head.minor} fault`)
  }

  /** The exchange under way; further requests wait until it is over. */
  begin(exchange: Exchange): void { this.#exchange = exchange }

  /** The kept connection, if it leads there and no fault wants each exchange to dial. */
  takeLink(target: DialTarget): UpstreamLink | undefined {
    const link = this.#link
    if (!link) return undefined
    const { book } = this.engine
    if (link.leadsTo(target) && link.isUsable && !book.actsOn('resolve') && !book.actsOn('connect') && !book.actsOn('tls')) {
      this.#cork(link.wire)
      return link
    }
    link.close()
    this.#link = undefined
    return undefined
  }

  newLink(wire: Wire, target: DialTarget): UpstreamLink {
    this.#link = new UpstreamLink(wire, target, this.engine.limits.maxHeadBytes)
    return this.#link
  }

  forgetLink(link: UpstreamLink | undefined): void { if (link && this.#link === link) this.#link = undefined }

  countBytes(up: number, down: number): void {
    for (const id of this.#exchange?.struck ?? []) this.#struck.add(id)
    this.#bytesUp += up
    this.#bytesDown += down
    this.#exchange = undefined
  }

  /** The exchange is over in good order; `ends`: and with it the connection. */
  exchangeOver(ends: boolean): void {
    if (ends || this.#isLast) return this.#linger()
    this.deadlineMs = this.engine.deadlines.about(this.engine.limits.idleTimeoutMs)
    this.resumeBacklog()
  }

  /** Ends the connection where an answer is no longer possible. */
  cut(how: 'close' | 'reset'): void {
    if (this.#gone) return
    this.wire[how]()
    this.#release(how === 'reset' ? 'reset' : 'closed')
  }

  /** Goes on with requests that came while one was under way. */
  resumeBacklog(): void {
    if (this.#isConsuming) return
    const bytes = this.#backlog
    if (bytes) {
      this.#backlog = undefined
      this.#consume(bytes)
    }
    if (this.#backlog === undefined) this.gate.release(PAUSED.backlog)
  }

  #consume(bytes: Buffer): void {
    this.#isConsuming = true
    let at = 0
    while (at < bytes.length && !this.#gone && !this.#isLingering && !this.#isDetained) {
      const exchange = this.#exchange
      if (exchange === undefined && this.wire.buffered <= HIGH_WATER_BYTES) at = this.#readHead(bytes, at)
      else if (exchange?.wantsBytes) at += exchange.requestBytes(bytes, at)
      else {
        this.#hold(bytes, at)
        break
      }
    }
    this.#isConsuming = false
    this.#corked?.uncork()
    this.#corked = undefined
  }

  #readHead(bytes: Buffer, at: number): number {
    const wasFresh = this.#reader.heldBytes === 0
    const head = this.#reader.read(bytes, at)
    const next = at + this.#reader.consumed
    if (head === undefined) {
      if (wasFresh) this.#wait(this.engine.limits.headTimeoutMs)
      return next
    }
    this.deadlineMs = Infinity
    if (head.kind === 'problem') this.refuse(head)
    else route(this, head, () => this.wire.keep(bytes.subarray(next)))
    return next
  }

  #hold(bytes: Buffer, at: number): void {
    const rest = this.wire.keep(at === 0 ? bytes : bytes.subarray(at))
    this.#backlog = this.#backlog ? Buffer.concat([this.#backlog, rest]) : rest
    this.gate.hold(PAUSED.backlog)
  }

  /** Leaves in one piece what is written to `wire` while a read of the client is worked off. */
  #cork(wire: Wire): void {
    if (!this.#isConsuming || this.#corked) return
    this.#corked = wire
    wire.cork()
  }

  /** FIN now, and a moment for the client to read what it was told before the rest of its bytes meets a closed socket. */
  #linger(): void {
    if (this.#gone || this.#isLingering) return
    this.#isLingering = true
    this.#link?.close()
    this.#link = undefined
    this.gate.release(PAUSED.backlog | PAUSED.full)
    this.wire.end()
    const now = this.engine.clock.now()
    this.#unsent = { bytes: this.wire.buffered, sinceMs: now }
    this.#lingersUntilMs = now + MOST_LINGER_MS
    this.#lookAtLinger()
  }

  /** A slow reader is waited for as long as it reads; when both sides have ended the wire closes by itself behind the last byte. */
  #lookAtLinger(): void {
    const now = this.engine.clock.now()
    const { buffered } = this.wire
    if (buffered === 0 && this.#peerEnded) return this.#leave('end')
    if (buffered !== this.#unsent.bytes) this.#unsent = { bytes: buffered, sinceMs: now }
    const quietMs = now - this.#unsent.sinceMs
    if (buffered === 0 ? quietMs >= LINGER_MS || now >= this.#lingersUntilMs : quietMs >= this.engine.limits.idleTimeoutMs) return this.#leave(buffered === 0 ? 'end' : 'timeout')
    this.#wait(LINGER_MS)
  }

  #abandon(cause: string): void {
    this.#exchange?.abandon('close', cause)
    this.#leave(cause)
  }

  #leave(reason: string): void {
    if (this.#gone) return
    this.wire.handler = ignore
    this.wire.close()
    this.#release(reason)
  }

  #wait(ms: number): void { this.deadlineMs = this.engine.clock.now() + ms }

  #forget(): void {
    this.#gone = true
    this.#look?.cancel()
    this.#link?.close()
    this.#link = undefined
    this.engine.deadlines.remove(this)
    this.engine.connections.remove(this)
  }

  #release(reason: string): void {
    if (this.#gone) return
    this.#forget()
    const { bus, clock } = this.engine
    if (bus.isListening) bus.emit('connection.closed', { connection: this.id, proxy: this.proxy, reason, bytesUp: this.bytesUp, bytesDown: this.bytesDown, durationMs: clock.now() - this.openedAtMs })
  }
}
