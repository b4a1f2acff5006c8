import type { ExchangeKind, ExchangeRecord, Outcome } from '../model/events.ts'
import type { Subject } from '../model/match.ts'
import { stagesOf, type Follower } from './fault-book.ts'
import type { Dialed, DialTarget } from './dialer.ts'
import { effectsOf, type Engine } from './engine.ts'
import type { LiveConnection } from './connections.ts'
import { RawFlow, type FlowOwner } from './raw-flow.ts'
import type { Cancellable } from './resolver.ts'
import type { Carrier, Seat } from './seat.ts'
import type { Flow, Unit } from '../model/stage.ts'
import { ignore, type CloseReason, type Wire } from './wire/wire.ts'

/** The answer a client got in place of a connection. */
export interface Refused { readonly status: number; readonly bytes: number }

/** Hooks that a raw connection asks. */
const RAW_HOOKS = ['accept', 'resolve', 'connect', 'tls', 'stream'] as const

export interface RawOptions {
  readonly id: number
  readonly openedAtMs: number
  readonly proxy: string
  readonly kind: ExchangeKind
  readonly client: Wire
  readonly subject: Subject
  /** False: passes unaltered, whatever the faults are. */
  readonly matched: boolean
  readonly target: DialTarget
  /** Bytes the client sent already; kept. */
  readonly first?: Buffer | undefined
  /** What a client of this protocol is told before the bytes flow. */
  readonly greet?: (client: Wire) => void
  /** How a client of this protocol learns that there is no upstream; default: RST. */
  readonly refuse?: (client: Wire, dialed: Dialed) => Refused | undefined
  readonly trace?: Pick<ExchangeRecord, 'traceparent' | 'run' | 'key'>
}

/** What the client learns by RST, and the words for it. */
const words: Readonly<Record<CloseReason, string>> = { clean: 'end', reset: 'reset', timeout: 'timeout', error: 'error' }

/** Bytes both ways between a client and an upstream: TCP mappings, CONNECT tunnels, captured connections. */
export class RawConnection implements LiveConnection, Carrier, Follower, FlowOwner {
  readonly id: number
  readonly proxy: string
  readonly client: string
  readonly openedAtMs: number
  readonly mode = 'raw'
  readonly target: DialTarget
  readonly states = new Map<string, object>()
  place: number | undefined = undefined
  turn = 0
  readonly #engine: Engine
  readonly #options: RawOptions
  readonly #exchange: number
  readonly #generation: number
  #seats: readonly Seat[] | undefined
  #request: RawFlow | undefined
  #response: RawFlow | undefined
  #upstream: Wire | undefined
  #step: Cancellable | undefined
  #steps = 0
  #dialed: Dialed | undefined
  #answer: Refused | undefined
  #lastSpoke: Flow | undefined
  #open = 2
  #finished = false

  constructor(engine: Engine, options: RawOptions) {
    this.#engine = engine
    this.#options = options
    this.id = options.id
    this.proxy = options.proxy
    this.openedAtMs = options.openedAtMs
    this.target = options.target
    const { host, port } = options.client.remote
    this.client = `${host}:${port}`
    this.#exchange = engine.nextExchange()
    this.#generation = engine.book.generation
  }

  get clock() { return this.#engine.clock }
  get bytesUp(): number { return this.#request?.bytes ?? 0 }
  get bytesDown(): number { return this.#response?.bytes ?? this.#answer?.bytes ?? 0 }
  get faults(): string[] { return (this.#seats ?? []).filter((seat) => seat.applications > 0).map((seat) => seat.instance.id) }

  open(): void {
    const { connections, bus, book, dialer } = this.#engine
    const { client, subject, matched, target, kind } = this.#options
    connections.add(this)
    if (bus.isListening) bus.emit('exchange.started', { exchange: this.#exchange, connection: this.id, proxy: this.proxy, kind, target: `${target.host}:${target.port}`, ...(kind === 'connect' && { method: 'CONNECT' }) })
    client.handler = { ...ignore, closed: (reason) => this.#clientLeft(words[reason]), hangup: () => this.#clientHungUp() }
    if (matched) {
      this.#seats = book.seats(subject, this)
      for (const { instance } of this.#seats ?? []) if (!RAW_HOOKS.some((hook) => instance.spec[hook])) instance.stats.unable++
      book.follow(this)
    }
    this.#do(() => dialer.dial(target, this.#seats, (dialed) => this.#connected(dialed)))
  }

  /** Brings seats and stages in line with the set, on an open connection too. */
  refresh(): void {
    if (this.#finished) return
    const seats = this.#seats = this.#engine.book.reseat(this.#seats, this.#options.subject, this)
    for (const flow of [this.#request, this.#response]) {
      if (!flow) continue
      flow.isWatched = seats !== undefined
      flow.install(stagesOf(seats, flow.flow, anyPlace))
    }
  }

  hasBegun(): boolean { return false }
  offset(flow: Flow): number { return (flow === 'request' ? this.#request : this.#response)?.offset ?? 0 }
  keep<U extends Unit>(flow: Flow, unit: U): U { return (flow === 'request' ? this.#options.client : this.#upstream!).keep(unit as Buffer) as U }
  wake(flow: Flow): void { (flow === 'request' ? this.#request : this.#response)?.regulate() }

  spoke(flow: Flow): void {
    if (flow !== this.#lastSpoke) {
      this.#lastSpoke = flow
      this.turn++
    }
    for (const seat of this.#seats ?? []) if (seat.flow === flow && seat.instance.isActive && seat.instance.spec.stream) seat.evaluate()
  }

  /** A FIN counts as leaving only when nothing passes either way; else it travels like bytes. */
  sourceEnded(flow: Flow): boolean {
    if (flow !== 'request' || !this.#request?.isBlocked || !this.#response?.isBlocked) return false
    this.#clientLeft('left')
    return true
  }

  sourceClosed(flow: Flow, reason: CloseReason): void {
    const end = flow === 'request' ? 'client' : 'upstream'
    if (reason !== 'clean') {
      (flow === 'request' ? this.#upstream : this.#options.client)?.reset()
      return this.#finish(reason === 'reset' ? 'reset' : 'failed', `${end}-${words[reason]}`)
    }
    if (--this.#open === 0) this.#finish('completed', 'end')
  }

  reset(): void { this.#end('reset', 'reset', 'fault') }
  close(): void { this.#end('close', 'cancelled', 'closed') }
  drain(): void {}

  /** The upstream is being dialled, bytes are on their way, or the client waits for an answer. */
  get isBusy(): boolean {
    const [request, response] = [this.#request, this.#response]
    return !request || !response || request.spokeLast || request.held + response.held > 0
  }

  #connected(dialed: Dialed): void {
    this.#dialed = dialed
    const { client, greet, first } = this.#options
    if (!('wire' in dialed)) return this.#refused(dialed)
    const upstream = this.#upstream = dialed.wire
    const request = this.#request = new RawFlow('request', client, upstream, this, this.#engine.budget)
    const response = this.#response = new RawFlow('response', upstream, client, this, this.#engine.budget)
    request.opposite = response
    response.opposite = request
    client.handler = request
    upstream.handler = response
    greet?.(client)
    if (this.#seats) this.refresh()
    if (first && first.length > 0) request.data(first)
    if (this.#finished) return
    request.start()
    response.start()
  }

  #refused(dialed: Exclude<Dialed, { wire: Wire }>): void {
    const { client, refuse } = this.#options
    client.handler = ignore
    const cause = 'cause' in dialed ? dialed.cause : 'fault'
    this.#answer = refuse?.(client, dialed)
    if (!this.#answer) client[cause === 'fault' && 'action' in dialed ? dialed.action : 'reset']()
    this.#finish(this.#answer ? 'answered' : cause === 'fault' ? 'reset' : 'failed', cause)
  }

  /** Nothing is connected yet, so nothing would ever pass: a FIN is a farewell when a fault holds the dial. */
  #clientHungUp(): void {
    if (this.#engine.book.actsOn('connect') || this.#engine.book.actsOn('resolve')) this.#clientLeft('left')
  }

  #clientLeft(how: string): void {
    this.#step?.cancel()
    this.#upstream?.reset()
    this.#options.client.close()
    this.#finish('cancelled', `client-${how}`)
  }

  #end(how: 'reset' | 'close', outcome: Outcome, cause: string): void {
    this.#step?.cancel()
    this.#options.client[how]()
    this.#upstream?.[how]()
    this.#finish(outcome, cause)
  }

  #do(begin: () => Cancellable): void {
    const turn = ++this.#steps
    const step = begin()
    if (this.#finished) step.cancel()
    else if (turn === this.#steps) this.#step = step
  }

  #finish(outcome: Outcome, cause: string): void {
    if (this.#finished) return
    this.#finished = true
    const { book, connections, bus, clock } = this.#engine
    book.unfollow(this)
    this.#request?.destroy()
    this.#response?.destroy()
    connections.remove(this)
    if (!bus.isListening) return
    const { kind, matched, trace, target } = this.#options
    const durationMs = clock.now() - this.openedAtMs
    const times = this.#dialed && { dnsMs: this.#dialed.dnsMs, connectMs: this.#dialed.connectMs }
    bus.emit('exchange.finished', {
      exchange: this.#exchange, connection: this.id, proxy: this.proxy, kind, generation: this.#generation, client: this.client,
      target: `${target.host}:${target.port}`, ...(kind === 'connect' && { method: 'CONNECT' }), ...(this.#answer && { status: this.#answer.status }), ...trace, matched, outcome, cause, ...times,
      durationMs, bytesUp: this.bytesUp, bytesDown: this.bytesDown, faults: effectsOf(this.#seats),
    })
    bus.emit('connection.closed', { connection: this.id, proxy: this.proxy, reason: cause, bytesUp: this.bytesUp, bytesDown: this.bytesDown, durationMs })
  }
}

const anyPlace = (): boolean => true
