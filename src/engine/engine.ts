import type { Clock } from '../kit/clock.ts'
import type { EventBus, FaultEffect } from '../model/events.ts'
import type { Upstreams } from '../model/upstream.ts'
import type { Budget } from './budget.ts'
import type { Connections } from './connections.ts'
import type { Deadlines } from './deadlines.ts'
import type { Dialer } from './dialer.ts'
import type { FaultBook } from './fault-book.ts'
import type { Resolver } from './resolver.ts'
import type { Seat } from './seat.ts'
import type { Transport } from './wire/wire.ts'

/** Time limits and sizes of the data plane; milliseconds and bytes. */
export interface Limits {
  readonly headTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly dnsTimeoutMs: number
  readonly udpIdleTimeoutMs: number
  readonly maxHeadBytes: number
}

/** The data plane's shared parts, handed to every protocol. */
export interface Engine {
  readonly transport: Transport
  readonly clock: Clock
  readonly resolver: Resolver
  readonly dialer: Dialer
  readonly book: FaultBook
  readonly budget: Budget
  readonly bus: EventBus
  readonly connections: Connections
  readonly deadlines: Deadlines
  readonly limits: Limits
  /** What the forward proxy faults. */
  readonly upstreams: Upstreams
  /** Adds a `Via` field to forwarded messages. */
  readonly via: boolean
  nextExchange(): number
  /** True for an address that one of our own listeners answers on; of those for datagrams when asked so, else of those for streams. */
  isSelf(address: string, port: number, datagrams?: boolean): boolean
  readonly onBug: (error: unknown) => void
}

export function effectsOf(seats: readonly Seat[] | undefined): FaultEffect[] {
  const effects: FaultEffect[] = []
  for (const seat of seats ?? []) {
    if (!seat.wasEvaluated) continue
    effects.push({
      fault: seat.instance.id, type: seat.instance.spec.name, side: seat.side, direction: seat.direction, drawn: seat.hit,
      applications: seat.applications, askedMs: seat.askedMs, measuredMs: seat.measuredMs, bytes: seat.bytes,
    })
  }
  return effects
}
