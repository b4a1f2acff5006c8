/** A client's connection while it lives. */
export interface LiveConnection {
  readonly id: number
  readonly proxy: string
  readonly client: string
  readonly openedAtMs: number
  readonly bytesUp: number
  readonly bytesDown: number
  /** Ids of the faults that struck it so far. */
  readonly faults: readonly string[]
  /** Ends it in good order, at once. */
  close(): void
  /** Ends it with RST on both sides. */
  reset(): void
  /** Something is under way: bytes are held, or an exchange waits for its answer. */
  readonly isBusy: boolean
  /** No new exchange; it closes when what is under way is over. */
  drain(): void
}

/** All live connections of a runtime, and sums over those that have gone. */
export class Connections {
  readonly #live = new Map<number, LiveConnection>()
  #lastId = 0
  opened = 0
  bytesUp = 0
  bytesDown = 0

  get size(): number { return this.#live.size }

  nextId(): number { return ++this.#lastId }

  add(connection: LiveConnection): void {
    this.opened++
    this.#live.set(connection.id, connection)
  }

  remove(connection: LiveConnection): void {
    if (!this.#live.delete(connection.id)) return
    this.bytesUp += connection.bytesUp
    this.bytesDown += connection.bytesDown
  }

  list(): LiveConnection[] { return [...this.#live.values()] }

  /** Bytes of all connections, those that have gone included. */
  totals(): { bytesUp: number; bytesDown: number } {
    let { bytesUp, bytesDown } = this
    for (const connection of this.#live.values()) {
      bytesUp += connection.bytesUp
      bytesDown += connection.bytesDown
    }
    return { bytesUp, bytesDown }
  }
}
