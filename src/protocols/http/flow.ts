import type { Budget, Holder } from '../../engine/budget.ts'
import { Chain } from '../../engine/chain.ts'
import { PAUSED, type Gate } from '../../engine/gate.ts'
import type { Seat } from '../../engine/seat.ts'
import { HIGH_WATER_BYTES } from '../../engine/wire/wire.ts'
import type { Sink, Unit } from '../../model/stage.ts'

/** Less than this, which is mostly what gathers for one system call, is not worth the count. */
const UNCOUNTED_BYTES = 4096

/** Where the units of a flow end up: they are serialized there and leave for a wire. */
export interface Outlet {
  /** A unit after the last stage. */
  put(unit: Unit): void
  /** Serialized bytes after the last raw stage. */
  emit(bytes: Buffer): void
  /** The same for a head, as latin1 text, where no raw stage wants its bytes. */
  emitText(text: string): void
  /** The message is over. */
  finish(): void
  /** Bytes that wait behind the outlet. */
  readonly buffered: number
}

/**
 * One direction of one HTTP exchange.
 *
 *   units ─▶ stages ─▶ outlet.put (serialize) ─▶ raw stages ─▶ outlet.emit ─▶ wire
 */
export class HttpFlow implements Sink, Holder {
  counted = 0
  /** Bytes that have passed the entrance. */
  offset = 0
  /** A unit has passed the entrance. */
  hasBegun = false
  /** The outlet's wire said that it is full, and has not drained since. */
  #isBackedUp = false
  #isDestroyed = false
  readonly #gate: () => Gate | undefined
  readonly #budget: Budget
  readonly #outlet: Outlet
  #stages: Chain | undefined
  #raw: Chain | undefined

  /** `gate`: of the wire the units come from, when there is one. */
  constructor(outlet: Outlet, gate: () => Gate | undefined, budget: Budget) {
    this.#outlet = outlet
    this.#gate = gate
    this.#budget = budget
  }

  get isBlocked(): boolean { return (this.#stages?.isBlocked ?? false) || (this.#raw?.isBlocked ?? false) }
  get held(): number { return (this.#stages?.held ?? 0) + (this.#raw?.held ?? 0) + this.#outlet.buffered }

  write(unit: Unit): void {
    this.hasBegun = true
    this.offset += unit.length
    if (this.#stages === undefined) this.#outlet.put(unit)
    else this.#stages.write(unit)
    this.regulate()
  }

  end(): void {
    if (this.#stages) this.#stages.end()
    else this.#toRaw()
  }

  /** A serialized head, from the outlet. */
  passText(text: string): void {
    if (this.#raw === undefined) this.#outlet.emitText(text)
    else this.#raw.write(Buffer.from(text, 'latin1'))
  }

  /** Serialized bytes, from the outlet. */
  pass(bytes: Buffer): void {
    if (this.#raw === undefined) this.#outlet.emit(bytes)
    else this.#raw.write(bytes)
  }

  install(stages: readonly Seat[], raw: readonly Seat[]): void {
    this.#stages = installed(this.#stages, stages, () => ({ write: (unit) => this.#outlet.put(unit), end: () => this.#toRaw() }))
    this.#raw = installed(this.#raw, raw, () => ({ write: (unit) => this.#outlet.emit(unit as Buffer), end: () => this.#outlet.finish() }))
    this.regulate()
  }

  regulate(): void {
    if (this.#isDestroyed) return
    const buffered = this.#outlet.buffered
    if (this.#stages === undefined && this.#raw === undefined && buffered < UNCOUNTED_BYTES && this.counted === 0 && !this.#isBackedUp) return this.#gate()?.release(PAUSED.full)
    this.#budget.count(this, this.held)
    const { isUsedUp } = this.#budget
    this.#isBackedUp = buffered > HIGH_WATER_BYTES || (this.#isBackedUp && buffered > 0)
    const gate = this.#gate()
    if (!gate) return
    if (this.#isBackedUp || this.#stages?.isOverfull || this.#raw?.isOverfull || isUsedUp) {
      gate.hold(PAUSED.full)
      if (isUsedUp) this.#budget.wait(this)
    } else if ((this.#stages?.hasRoom ?? true) && (this.#raw?.hasRoom ?? true)) {
      gate.release(PAUSED.full)
    }
  }

  /** What waited for a connection has one, which may take it without ever being full. */
  connected(): void {
    this.#isBackedUp = false
    this.regulate()
  }

  roomAgain(): void { this.regulate() }

  destroy(): void {
    this.#isDestroyed = true
    this.#stages?.destroy()
    this.#raw?.destroy()
    this.#stages = this.#raw = undefined
    this.#budget.forget(this)
    this.#gate()?.release(PAUSED.full)
  }

  #toRaw(): void {
    if (this.#raw) this.#raw.end()
    else this.#outlet.finish()
  }
}

function installed(present: Chain | undefined, seats: readonly Seat[], tail: () => Sink): Chain | undefined {
  if (seats.length === 0 && !present) return undefined
  const chain = present ?? new Chain(tail())
  chain.install(seats)
  return chain.isEmpty ? undefined : chain
}
