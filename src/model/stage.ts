import type { Head } from '../codecs/http1/message.ts'
import type { Clock } from '../kit/clock.ts'
import type { Draws } from '../kit/rng.ts'

/** Which of the two connections a fault sits on. */
export type Side = 'client' | 'server'
/** `ingress`: what the proxy reads from that side; `egress`: what it writes to it. */
export type Direction = 'ingress' | 'egress'
/** Where the bytes go: a request towards the upstream, a response towards the client. */
export type Flow = 'request' | 'response'

export function flowOf(side: Side, direction: Direction): Flow {
  return (side === 'client') === (direction === 'ingress') ? 'request' : 'response'
}

/**
 * What passes the stages: bytes, or the head of an HTTP message. `length` is its size on the wire.
 * Bytes are valid only during `write`; what is held must be kept (`StageContext.keep`).
 */
export type Unit = Buffer | Head

export const isBytes = (unit: Unit): unit is Buffer => unit instanceof Uint8Array

/** Where units go next. Synchronous: no promise, no stream object, no allocation per unit. */
export interface Sink {
  write(unit: Unit): void
  end(): void
}

/**
 * One fault on one flow of one exchange (raw: of one connection).
 *
 *   source ─▶ stage ─▶ stage ─▶ … ─▶ serializer ─▶ wire
 */
export interface Stage extends Sink {
  /** Bytes accepted and not yet passed on. Lowered before `next.write`. */
  readonly held: number
  /** The source is paused while more than this is held: deep for delays, shallow for throttles. */
  readonly heldMax: number
  /** True while nothing at all passes, so that a client's FIN can be told from a pause. */
  readonly blocked?: boolean
  /** Passes on everything held, in order, now: the fault leaves the chain. */
  flush(): void
  /** Cancels timers and forgets what is held: the connection died. */
  destroy(): void
  /** Takes changed parameters without dropping what it holds. Absent or false: the stage is flushed and built anew. */
  update?(params: unknown): boolean
}

/** What a fault is given for one flow of one exchange or raw connection. */
export interface StageContext {
  readonly side: Side
  readonly direction: Direction
  readonly flow: Flow
  /** `exchange`: made for one HTTP exchange. `raw`: made for the life of a connection. */
  readonly mode: 'exchange' | 'raw'
  /** True when the fault joined an exchange whose first unit had passed; delays then wait for the next exchange. */
  readonly joinedLate: boolean
  /** Bytes of the flow that had passed this place before the stage was made. */
  readonly offset: number
  readonly clock: Clock
  /** Keyed by seed, proxy, target, exchange, fault and direction; never by time or by what others do. */
  readonly draws: Draws
  /** Raises each time the other end begins to speak (raw connections). */
  readonly turn: number
  /** Makes a unit last beyond the call that brought it. */
  keep<U extends Unit>(unit: U): U
  /** Held units were passed on or dropped outside `write`: the source may go on. */
  wake(): void
  /** What this instance keeps per connection, proxy or process, as its `scope` says; made once, dropped by the engine. */
  state<T extends object>(make: () => T): T
  /** Sends RST to both ends. */
  reset(): void
  /** One application: what was asked and what happened, in milliseconds, and the bytes it touched. */
  applied(askedMs: number, measuredMs: number, bytes: number): void
}
