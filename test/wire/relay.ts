import { HIGH_WATER_BYTES } from '../../src/engine/wire/wire.ts'
import type { CloseReason, DialOptions, Listener, ListenOptions, Transport, Wire } from '../../src/engine/wire/wire.ts'

/** Where bytes go next. */
export interface Sink {
  write(bytes: Buffer): void
  end(): void
}

/** `held`: bytes accepted and not yet passed on. */
export interface Stage extends Sink {
  readonly held: number
  readonly heldMax: number
  flush(): void
  destroy(): void
}

/** Bytes are valid only during `write`. A stage that holds some holds `keep(bytes)`; one that does not pays nothing. */
export type BuildStage = (next: Sink, keep: (bytes: Buffer) => Buffer) => Stage

export interface RelayOptions {
  readonly listen: ListenOptions
  readonly dial: DialOptions
  readonly upstream?: readonly BuildStage[]
  readonly downstream?: readonly BuildStage[]
  /** Gather the writes of every callback. */
  readonly corked?: boolean
}

export interface Relay {
  readonly listener: Listener
  readonly pairs: ReadonlySet<Pair>
}

/** client ⇄ relay ⇄ target, for every client. A target that does not answer costs the client a RST. */
export async function startRelay(transport: Transport, options: RelayOptions): Promise<Relay> {
  const pairs = new Set<Pair>()
  const listener = await transport.listen(options.listen, (client) => {
    const dialing = transport.dial(options.dial, (result) => {
      if ('failure' in result) client.reset()
      else new Pair(client, result.wire, options, pairs)
    })
    client.handler = { data() {}, drained() {}, ended() {}, closed: () => dialing.cancel() }
  })
  return { listener, pairs }
}

/** Both directions of one connection, and how its end spreads. */
export class Pair {
  readonly upstream: Link
  readonly downstream: Link
  readonly #pairs: Set<Pair>
  #open = 2

  constructor(client: Wire, target: Wire, options: Pick<RelayOptions, 'upstream' | 'downstream' | 'corked'>, pairs: Set<Pair>) {
    this.#pairs = pairs.add(this)
    this.upstream = new Link(client, target, options.corked)
    this.downstream = new Link(target, client, options.corked)
    client.handler = this.#handler(this.upstream, this.downstream, target)
    target.handler = this.#handler(this.downstream, this.upstream, client)
    if (options.upstream) this.upstream.install(options.upstream)
    if (options.downstream) this.downstream.install(options.downstream)
    client.resume()
    target.resume()
  }

  /** Bytes inside this process, both directions. */
  get buffered(): number { return this.upstream.buffered + this.downstream.buffered }

  #handler(from: Link, to: Link, other: Wire) {
    return {
      data: (bytes: Buffer) => from.accept(bytes),
      drained: () => to.drained(),
      ended: () => from.ended(),
      closed: (reason: CloseReason) => this.#closed(reason, other),
    }
  }

  #closed(reason: CloseReason, other: Wire): void {
    this.#open--
    if (reason !== 'clean') {
      this.#open = 0
      other.reset()
    }
    if (this.#open > 0) return
    this.#pairs.delete(this)
    this.upstream.destroy()
    this.downstream.destroy()
  }
}

const isOverfull = (stage: Stage) => stage.held > stage.heldMax
const hasRoom = (stage: Stage) => stage.held <= stage.heldMax / 2

/** One direction: source ─▶ stages ─▶ target. Without stages a chunk costs one call and one write. */
export class Link {
  bytes = 0
  readonly #source: Wire
  readonly #target: Wire
  readonly #corked: boolean
  readonly #tail: Sink
  #head: Sink
  #stages: readonly Stage[] = []
  #paused = false

  constructor(source: Wire, target: Wire, corked = false) {
    this.#source = source
    this.#target = target
    this.#corked = corked
    this.#tail = { write: (bytes) => this.#emit(bytes), end: () => target.end() }
    this.#head = this.#tail
  }

  /** Replaces the stages. Bytes held by the old ones leave first, so order and content survive. */
  install(builders: readonly BuildStage[]): void {
    for (const stage of this.#stages) stage.flush()
    this.destroy()
    const stages: Stage[] = []
    let next: Sink = this.#tail
    for (const build of builders.toReversed()) {
      const stage = build(next, (bytes) => this.#source.keep(bytes))
      stages.unshift(stage)
      next = stage
    }
    this.#stages = stages
    this.#head = next
    this.#regulate()
  }

  accept(bytes: Buffer): void {
    this.bytes += bytes.length
    if (this.#corked) this.#target.cork()
    this.#head.write(bytes)
    if (this.#corked) this.#target.uncork()
    if (this.#stages.length > 0) this.#regulate()
  }

  get buffered(): number { return this.#stages.reduce((sum, stage) => sum + stage.held, this.#target.buffered) }

  ended(): void { this.#head.end() }
  drained(): void { this.#regulate() }

  destroy(): void {
    for (const stage of this.#stages) stage.destroy()
    this.#stages = []
    this.#head = this.#tail
  }

  #emit(bytes: Buffer): void {
    const lasting = this.#target.retainsWrites ? this.#source.keep(bytes) : bytes
    if (!this.#target.write(lasting) || this.#paused) this.#regulate()
  }

  #regulate(): void {
    const full = this.#target.buffered > HIGH_WATER_BYTES || this.#stages.some(isOverfull)
    if (full && !this.#paused) {
      this.#paused = true
      this.#source.pause()
    } else if (this.#paused && this.#target.buffered === 0 && this.#stages.every(hasRoom)) {
      this.#paused = false
      this.#source.resume()
    }
  }
}
