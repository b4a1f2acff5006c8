import type { FailureCause } from './fault.ts'

/** What one fault did in one exchange; durations in milliseconds, sums over its applications. */
export interface FaultEffect {
  readonly fault: string
  readonly type: string
  readonly side: 'client' | 'server'
  readonly direction: 'ingress' | 'egress'
  /** The draw struck it. */
  readonly drawn: boolean
  readonly applications: number
  readonly askedMs: number
  readonly measuredMs: number
  readonly bytes: number
}

export type ExchangeKind = 'http' | 'connect' | 'raw' | 'udp'

/** How an exchange ended. `answered`: the proxy itself gave the answer; `cancelled`: the client left. */
export type Outcome = 'completed' | 'answered' | 'failed' | 'cancelled' | 'reset'

/** Everything about one exchange, told when it is over. */
export interface ExchangeRecord {
  readonly exchange: number
  readonly connection: number
  readonly proxy: string
  readonly kind: ExchangeKind
  readonly generation: number
  readonly client: string
  readonly target: string
  readonly method?: string
  /** Without the query. */
  readonly path?: string
  readonly status?: number
  readonly traceparent?: string
  readonly run?: string
  readonly key?: string
  /** False: no upstream rule covers the target, so it passed unaltered. */
  readonly matched: boolean
  readonly outcome: Outcome
  readonly cause?: FailureCause | string
  readonly dnsMs?: number
  readonly connectMs?: number
  /** Request to first byte of the answer. */
  readonly firstByteMs?: number
  readonly durationMs: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly faults: readonly FaultEffect[]
}

/** Sums of one fault instance, sampled. */
export interface FaultTotals {
  readonly fault: string
  readonly type: string
  readonly on: boolean
  readonly matched: number
  readonly evaluated: number
  readonly drawn: number
  readonly applied: number
  readonly applications: number
  readonly askedMs: number
  readonly measuredMs: number
  readonly bytes: number
  readonly unable: number
}

/** Everything that happens, as plain JSON. Terminal, log and reports are views of this one list. */
export interface Events {
  /** First. `durationMs` is null when the run has no end of its own; `wallTime` is ISO 8601, UTC. */
  'run.started': { readonly seed: number; readonly transport: string; readonly durationMs: number | null; readonly wallTime: string }
  /** A proxy listens at these addresses. */
  'listener.opened': { readonly proxy: string; readonly protocol: string; readonly addresses: readonly string[] }
  /** A proxy takes no more connections. */
  'listener.closed': { readonly proxy: string; readonly addresses: readonly string[] }
  /** A client connected. */
  'connection.opened': { readonly connection: number; readonly proxy: string; readonly client: string }
  /** Exactly once for each connection that was opened. */
  'connection.closed': { readonly connection: number; readonly proxy: string; readonly reason: string; readonly bytesUp: number; readonly bytesDown: number; readonly durationMs: number }
  /** A request came, or a connection whose bytes are passed on as they are. */
  'exchange.started': { readonly exchange: number; readonly connection: number; readonly proxy: string; readonly kind: ExchangeKind; readonly target: string; readonly method?: string; readonly path?: string }
  /** Everything about one exchange, told when it is over. */
  'exchange.finished': ExchangeRecord
  /** A fault went on or off, or the set was swapped. */
  'faults.changed': { readonly generation: number; readonly on: readonly string[]; readonly off: readonly string[] }
  /** Sums since the start, once a second and at the end. */
  'traffic.sampled': { readonly openConnections: number; readonly bytesUp: number; readonly bytesDown: number; readonly heldBytes: number; readonly faults: readonly FaultTotals[] }
  /** Something is worth a word; `code` is stable. */
  'notice': { readonly level: 'info' | 'warning' | 'error'; readonly code: string; readonly message: string }
  /** Last. */
  'run.finished': { readonly reason: string; readonly durationMs: number }
}
export type EventName = keyof Events
export type Event = { [Name in EventName]: { readonly event: Name; readonly atMs: number } & Events[Name] }[EventName]
export type EventOf<Name extends EventName> = Extract<Event, { readonly event: Name }>

/** One list of what happens. Never an event per chunk; a producer asks `isListening` before it makes a costly one. */
export class EventBus {
  readonly #now: () => number
  readonly #onBug: (error: unknown, what: string) => void
  readonly #listeners = new Set<(event: Event) => void>()

  /** `now`: milliseconds since the run began. `onBug`: a listener threw, and hears no more; the others and the teller go on. */
  constructor(now: () => number, onBug: (error: unknown, what: string) => void) {
    this.#now = now
    this.#onBug = onBug
  }

  get isListening(): boolean { return this.#listeners.size > 0 }

  subscribe(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  emit<Name extends EventName>(event: Name, data: Events[Name]): void {
    if (this.#listeners.size === 0) return
    const told = { event, atMs: Math.round(this.#now() * 1000) / 1000, ...data } as unknown as Event
    for (const listener of [...this.#listeners]) {
      try {
        listener(told)
      } catch (error) {
        // It would throw again at every event.
        this.#listeners.delete(listener)
        this.#onBug(error, 'an event listener threw')
      }
    }
  }
}
