import type { Clock } from '../kit/clock.ts'
import { isIp, joinHostPort } from '../kit/ip.ts'
import type { FailureCause } from '../model/fault.ts'
import type { FaultBook } from './fault-book.ts'
import { askFaults, type PhaseOutcome } from './phase.ts'
import type { Cancellable, LookupResult, Resolver } from './resolver.ts'
import type { Seat } from './seat.ts'
import { isCertificateProblem, tlsWords } from './tls-words.ts'
import type { Address, DialFailure, DialResult, Transport, Wire } from './wire/wire.ts'

export interface DialTarget {
  readonly host: string
  readonly port: number
  /** Undefined: clear text. */
  readonly tls?: UpstreamTls | undefined
}

export interface UpstreamTls {
  readonly ca: string | undefined
  readonly verify: boolean
  readonly alpn?: readonly string[]
  /** What the protocol says before the handshake, such as PostgreSQL's SSLRequest; calls back with the outcome. */
  readonly before?: (wire: Wire, ready: (problem: string | undefined) => void) => Cancellable
}

export type Dialed =
  | { readonly wire: Wire; readonly address: string; readonly dnsMs: number; readonly connectMs: number }
  | { readonly cause: FailureCause; readonly detail: string; readonly dnsMs: number; readonly connectMs: number }
  | { readonly action: 'reset' | 'close'; readonly dnsMs: number; readonly connectMs: number }

export interface DialerOptions {
  readonly transport: Transport
  readonly resolver: Resolver
  readonly book: FaultBook
  readonly clock: Clock
  readonly connectTimeoutMs: number
  readonly dnsTimeoutMs: number
  /** True for an address one of our own listeners answers on. */
  readonly isSelf: (address: string, port: number) => boolean
  /** No descriptor was left for a dial. */
  readonly onExhausted?: () => void
  readonly onBug: (error: unknown) => void
}

const KEEP_ALIVE_MS = 60_000
/** RFC 8305 §5: Connection Attempt Delay. */
const ATTEMPT_DELAY_MS = 250

const causes: Readonly<Record<DialFailure, FailureCause>> = {
  refused: 'refused', unreachable: 'unreachable', timeout: 'connect-timeout', exhausted: 'exhausted', busy: 'error', error: 'error',
}

/** Look-up, connect and TLS towards an upstream, each with its faults, under one time limit. */
export class Dialer {
  readonly options: DialerOptions

  constructor(options: DialerOptions) {
    this.options = options
  }

  /** `settled` comes once, never after `cancel`; possibly before this returns. */
  dial(target: DialTarget, seats: readonly Seat[] | undefined, settled: (dialed: Dialed) => void): Cancellable {
    const dial = new Dial(this.options, target, seats, settled)
    dial.begin()
    return dial
  }
}

class Dial implements Cancellable {
  readonly #options: DialerOptions
  readonly #target: DialTarget
  readonly #seats: readonly Seat[] | undefined
  readonly #settled: (dialed: Dialed) => void
  readonly #startedAt: number
  /** What is under way, and how many there have been. */
  #step: Cancellable | undefined
  #steps = 0
  readonly #isIp: boolean
  #address = ''
  /** Connected, and not yet handed over. */
  #wire: Wire | undefined
  #dnsMs = 0
  #connectFrom: number
  /** Of the time limit for connecting and TLS; what faults take does not count. */
  #leftMs: number
  #ended = false

  constructor(options: DialerOptions, target: DialTarget, seats: readonly Seat[] | undefined, settled: (dialed: Dialed) => void) {
    this.#options = options
    this.#target = target
    this.#seats = seats
    this.#settled = settled
    this.#isIp = isIp(target.host) !== 0
    this.#startedAt = this.#connectFrom = options.clock.now()
    this.#leftMs = options.connectTimeoutMs
  }

  cancel(): void {
    if (this.#ended) return
    this.#ended = true
    this.#step?.cancel()
    this.#wire?.close()
  }

  begin(): void {
    if (this.#isIp) return this.#found({ addresses: [this.#target.host] })
    this.#ask('resolve', () => {
      this.#do(() => this.#options.resolver.lookup(this.#target.host, this.#options.dnsTimeoutMs, (result) => this.#found(result)))
    })
  }

  #found(result: LookupResult): void {
    if (this.#ended) return
    const now = this.#options.clock.now()
    if (!this.#isIp) this.#dnsMs = now - this.#startedAt
    this.#connectFrom = now
    if ('cause' in result) return this.#fail(result.cause, `cannot resolve ${this.#target.host}`)
    const { port } = this.#target
    if (result.addresses.some((address) => this.#options.isSelf(address, port))) return this.#fail('loop', `${this.#name()} is this proxy itself`)
    this.#ask('connect', () => this.#connect(result.addresses))
  }

  #connect(addresses: readonly string[]): void {
    const { transport, connectTimeoutMs, clock } = this.#options
    const { port } = this.#target
    const from = clock.now()
    this.#do(() => transport.dial({
      addresses: this.#isIp ? literalAddresses(this.#target) : addresses.map((host) => ({ host, port })),
      timeoutMs: connectTimeoutMs, attemptDelayMs: ATTEMPT_DELAY_MS, keepAliveMs: KEEP_ALIVE_MS,
    }, (result) => {
      this.#leftMs -= clock.now() - from
      this.#connected(result)
    }))
  }

  #connected(result: DialResult): void {
    if ('failure' in result && result.failure === 'exhausted') this.#options.onExhausted?.()
    if ('failure' in result) return this.#fail(causes[result.failure], `cannot connect to ${this.#name()}: ${result.failure}`)
    this.#wire = result.wire
    this.#address = result.address.host
    const { tls } = this.#target
    if (!tls) return this.#succeed(result.wire)
    this.#ask('tls', () => this.#secure(result.wire, tls))
  }

  #secure(wire: Wire, tls: UpstreamTls): void {
    const { before } = tls
    if (!before) return this.#handshake(wire, tls)
    const { clock } = this.#options
    const from = clock.now()
    let isOver = false
    const ready = (problem: string | undefined): void => {
      if (isOver || this.#ended) return
      isOver = true
      silence.cancel()
      this.#leftMs -= clock.now() - from
      if (problem === undefined) this.#handshake(wire, tls)
      else this.#fail('tls', `${this.#name()}: ${problem}`)
    }
    const silence = clock.setTimer(this.#timeoutMs(), () => {
      this.#step?.cancel()
      ready('no answer when asked for TLS')
    })
    this.#do(() => {
      const asking = before(wire, ready)
      return { cancel: () => { silence.cancel(); asking.cancel() } }
    })
  }

  /** The wire goes into it; from here on there is only what comes out. */
  #handshake(wire: Wire, { ca, verify, alpn }: UpstreamTls): void {
    const options = {
      role: 'client' as const, servername: this.#target.host, verify, timeoutMs: this.#timeoutMs(),
      ...(ca !== undefined && { ca }), ...(alpn && { alpn }),
    }
    this.#wire = undefined
    this.#do(() => this.#options.transport.secure(wire, options, (result) => {
      if ('failure' in result) this.#fail(isCertificateProblem(result.code) ? 'tls-certificate' : 'tls', `TLS to ${this.#name()} failed: ${tlsWords(result)} (${result.code})`)
      else this.#succeed(result.wire)
    }))
  }

  #ask(hook: 'resolve' | 'connect' | 'tls', pass: () => void): void {
    const { book, clock, onBug } = this.#options
    this.#do(() => askFaults({ book, clock, hook, onBug, seats: this.#seats, ask: (seat) => seat.instance.spec[hook]!(seat.instance.params, seat) }, (outcome) => {
      if (outcome === undefined) pass()
      else this.#refused(outcome, hook)
    }))
  }

  #refused(outcome: NonNullable<PhaseOutcome>, hook: string): void {
    if (hook === 'resolve') {
      this.#dnsMs = this.#options.clock.now() - this.#startedAt
      this.#connectFrom = this.#options.clock.now()
    }
    if (outcome.action === 'fail') return this.#fail(outcome.cause, `${hook} of ${this.#name()} failed by a fault: ${outcome.cause}`)
    if (outcome.action === 'answer') return this.#fail('error', `a fault cannot answer while ${hook} is under way`)
    this.#end({ action: outcome.action, ...this.#times() })
  }

  /** Begins a step. One that was over at once has begun the next, which is then the one to cancel. */
  #do(begin: () => Cancellable): void {
    const turn = ++this.#steps
    const step = begin()
    if (this.#ended) step.cancel()
    else if (turn === this.#steps) this.#step = step
  }

  #timeoutMs(): number { return Math.max(1, this.#leftMs) }
  #name(): string { return joinHostPort(this.#target.host, this.#target.port) }
  #times() { return { dnsMs: this.#dnsMs, connectMs: this.#options.clock.now() - this.#connectFrom } }
  #fail(cause: FailureCause, detail: string): void { this.#end({ cause, detail, ...this.#times() }) }

  #succeed(wire: Wire): void {
    this.#wire = undefined
    this.#end({ wire, address: this.#address, ...this.#times() })
  }

  /** Called from timers, sockets and look-ups alike: what its owner throws costs this connection only. */
  #end(dialed: Dialed): void {
    if (this.#ended) return
    this.#ended = true
    this.#wire?.close()
    try {
      this.#settled(dialed)
    } catch (error) {
      if ('wire' in dialed) dialed.wire.reset()
      this.#options.onBug(error)
    }
  }
}

/** Kept with the target: the transport remembers the encoded form of an address that it has seen. */
const literals = new WeakMap<DialTarget, readonly Address[]>()
function literalAddresses(target: DialTarget): readonly Address[] {
  let addresses = literals.get(target)
  if (!addresses) literals.set(target, addresses = [{ host: target.host, port: target.port }])
  return addresses
}
