import type { LiveConnection } from './connections.ts'
import type { Engine } from './engine.ts'
import type { Incoming } from './protocol.ts'

/**
 * A client's connection until it has an owner who reports its end: while its TLS is ended, its first bytes are looked at, or
 * its target is looked up. So it can be seen, ended and drained like any other.
 */
export class Arrival implements LiveConnection {
  readonly id: number
  readonly proxy: string
  readonly client: string
  readonly openedAtMs: number
  readonly bytesUp = 0
  readonly bytesDown = 0
  readonly faults: readonly string[] = []
  readonly isBusy = false
  readonly #engine: Engine
  readonly #stop: () => void
  #isHere = true

  /** `stop`: ends what is under way, and the wire with it. */
  constructor({ engine, service, wire, id, openedAtMs }: Incoming, stop: () => void) {
    this.id = id
    this.proxy = service.name
    this.client = `${wire.remote.host}:${wire.remote.port}`
    this.openedAtMs = openedAtMs
    this.#engine = engine
    this.#stop = stop
    engine.connections.add(this)
  }

  /** It has found its owner. */
  leave(): void {
    this.#isHere = false
    this.#engine.connections.remove(this)
  }

  /** It will find none: this is its end. */
  lost(reason: string): void {
    if (!this.#isHere) return
    this.leave()
    const { bus, clock } = this.#engine
    bus.emit('connection.closed', { connection: this.id, proxy: this.proxy, reason, bytesUp: 0, bytesDown: 0, durationMs: clock.now() - this.openedAtMs })
  }

  close(): void { this.#end('closed') }
  reset(): void { this.#end('reset') }
  drain(): void { this.#end('drained') }

  #end(reason: string): void {
    this.#stop()
    this.lost(reason)
  }
}
