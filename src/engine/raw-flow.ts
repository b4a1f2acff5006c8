import type { Flow, Sink, Unit } from '../model/stage.ts'
import type { Budget, Holder } from './budget.ts'
import { Chain } from './chain.ts'
import type { Seat } from './seat.ts'
import { HIGH_WATER_BYTES, type CloseReason, type Wire, type WireHandler } from './wire/wire.ts'

/** What a flow tells the connection it belongs to. */
export interface FlowOwner {
  /** Bytes came in that flow, and some fault matches the connection. */
  spoke(flow: Flow): void
  /** The source of that flow is gone. */
  sourceClosed(flow: Flow, reason: CloseReason): void
  /** The source sent its FIN: true when the owner has dealt with it. */
  sourceEnded(flow: Flow): boolean
}

/**
 * One direction of a raw connection: source ─▶ stages ─▶ target. It is the handler of its source and the end of its
 * chain. Without stages a chunk costs one call and one write.
 */
export class RawFlow implements WireHandler, Sink, Holder {
  readonly flow: Flow
  /** Its source was the last to say something: the other end may owe an answer. */
  spokeLast = false
  /** Bytes handed to the target. */
  bytes = 0
  counted = 0
  /** The owner wants to know when bytes come: also the side without stages has its turns and draws. */
  isWatched = false
  opposite!: RawFlow
  readonly #owner: FlowOwner
  readonly #budget: Budget
  readonly #source: Wire
  readonly #target: Wire
  #chain: Chain | undefined
  #paused = false
  /** The target said that it is full, and has not drained since. */
  #isBackedUp = false
  #ended = false
  #isDestroyed = false

  constructor(flow: Flow, source: Wire, target: Wire, owner: FlowOwner, budget: Budget) {
    this.flow = flow
    this.#source = source
    this.#target = target
    this.#owner = owner
    this.#budget = budget
  }

  get isBlocked(): boolean { return this.#chain?.isBlocked ?? false }
  get held(): number { return (this.#chain?.held ?? 0) + this.#target.buffered }
  /** Bytes that have come from the source. */
  get offset(): number { return this.bytes + (this.#chain?.held ?? 0) }
  get hasEnded(): boolean { return this.#ended }

  data(bytes: Buffer): void {
    this.spokeLast = true
    this.opposite.spokeLast = false
    if (this.isWatched) this.#owner.spoke(this.flow)
    if (this.#chain === undefined) {
      const target = this.#target
      this.bytes += bytes.length
      if (!target.write(target.retainsWrites ? this.#source.keep(bytes) : bytes)) this.regulate()
      return
    }
    this.#chain.write(bytes)
    this.regulate()
  }

  /** The target's buffer is empty again; told by the wire that is the source of the opposite flow. */
  drained(): void { this.opposite.regulate() }

  ended(): void {
    if (this.#ended || this.#owner.sourceEnded(this.flow)) return
    this.#ended = true
    if (this.#chain) this.#chain.end()
    else this.#target.end()
  }

  hangup(): void { this.#owner.sourceEnded(this.flow) }
  closed(reason: CloseReason): void { this.#owner.sourceClosed(this.flow, reason) }

  write(unit: Unit): void {
    const bytes = unit as Buffer
    this.bytes += bytes.length
    this.#target.write(this.#target.retainsWrites ? this.#source.keep(bytes) : bytes)
  }

  end(): void { this.#target.end() }

  install(seats: readonly Seat[]): void {
    if (seats.length === 0 && !this.#chain) return
    this.#chain ??= new Chain(this)
    this.#chain.install(seats)
    if (this.#chain.isEmpty) this.#chain = undefined
    this.regulate()
  }

  /** Pauses the source while something behind it is full, and lets it go on when there is room. */
  regulate(): void {
    if (this.#isDestroyed) return
    const chain = this.#chain
    const buffered = this.#target.buffered
    this.#budget.count(this, chain ? chain.held + buffered : buffered)
    this.#isBackedUp = buffered > HIGH_WATER_BYTES || (this.#isBackedUp && buffered > 0)
    const { isUsedUp } = this.#budget
    if (isUsedUp) this.#budget.wait(this)
    if (this.#isBackedUp || chain?.isOverfull || isUsedUp) {
      if (this.#paused) return
      this.#paused = true
      this.#source.pause()
    } else if (this.#paused && (chain?.hasRoom ?? true)) {
      this.#paused = false
      this.#source.resume()
    }
  }

  /** Begins to read, unless there is no room for it. */
  start(): void { if (!this.#paused) this.#source.resume() }

  roomAgain(): void { this.regulate() }

  destroy(): void {
    this.#isDestroyed = true
    this.#chain?.destroy()
    this.#chain = undefined
    this.#budget.forget(this)
  }
}
