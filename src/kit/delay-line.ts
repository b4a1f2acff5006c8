import type { Clock, Timer } from './clock.ts'
import { Ring } from './ring.ts'

/** Where units of a delay line come out. */
export interface LineOutlet<Unit> {
  write(unit: Unit): void
  end(): void
}

/** Whom a delay line works for. */
export interface LineOwner<Unit> {
  readonly clock: Clock
  /** Makes a unit last beyond the call that brought it. */
  keep(unit: Unit): Unit
  /** Units left by the timer. */
  wake(): void
  /** One delay that was asked for, and how long it really was, in milliseconds. */
  applied(askedMs: number, measuredMs: number, bytes: number): void
}

interface Slot<Unit> {
  /** Undefined: the end. */
  unit: Unit | undefined
  /** May be before that of the slot ahead, which it then leaves with. */
  dueAt: number
  arrivedAt: number
  /** 0: the unit only keeps its place in the order. */
  askedMs: number
  /** What the report of this delay counts, units that share it included. */
  bytes: number
}

/** Timers of a clock with fractions may be off by rounding; a microsecond is nothing. */
const SLACK_MS = 0.001

/**
 * First in, first out: each unit leaves at its due time and never before the one ahead of it. One timer for the whole line.
 * Every call into the outlet may lead back into the line: to `write`, `flush` or `destroy`.
 */
export class DelayLine<Unit extends { readonly length: number }> {
  readonly #owner: LineOwner<Unit>
  readonly #outlet: LineOutlet<Unit>
  readonly #slots = new Ring<Slot<Unit>>(emptySlot)
  #timer: Timer | undefined
  #held = 0
  #pushed = 0
  #dropped = 0
  /** The newest slot with a delay of its own, and its number. */
  #lead: Slot<Unit> | undefined
  #leadNumber = -1
  #isPassing = false
  #isDead = false

  constructor(owner: LineOwner<Unit>, outlet: LineOutlet<Unit>) {
    this.#owner = owner
    this.#outlet = outlet
  }

  /** Bytes in the line; lowered before they are passed on. */
  get held(): number { return this.#held }
  get isEmpty(): boolean { return this.#slots.length === 0 }

  /** Passes `unit` on at once when nothing asks it to wait, else keeps it for `delayMs` (`Infinity`: until a flush). See `push` for `isPart`. */
  write(unit: Unit, delayMs: number, isPart = false): void {
    if (delayMs <= 0 && this.#slots.length === 0 && !this.#isDead) {
      this.#outlet.write(unit)
      return
    }
    this.push(this.#owner.keep(unit), delayMs, isPart)
    if (!this.#isPassing) this.#arm()
  }

  /**
   * Puts a unit that was kept at the end of the line. Nothing is passed on before `settle`, so that a caller who has several
   * units has handed over all of them by then. `isPart`: it shares the delay of the unit before it and is reported with it.
   */
  push(kept: Unit, delayMs: number, isPart = false): void {
    if (this.#isDead) return
    const { length } = kept
    const slot = this.#put(kept, delayMs)
    this.#held += length
    if (delayMs <= 0) return
    if (isPart && this.#lead && this.#leadNumber >= this.#dropped) {
      this.#lead.bytes += length
      return
    }
    slot.askedMs = delayMs
    slot.bytes = length
    this.#lead = slot
    this.#leadNumber = this.#pushed - 1
  }

  /** Passes on what is due. */
  settle(): void {
    if (!this.#isPassing) this.#pass(this.#owner.clock.now() + SLACK_MS)
  }

  /** The end leaves behind everything in the line; on its own it waits only when `delayMs` says so. */
  end(delayMs = 0): void {
    if (this.#isDead) return
    if (delayMs <= 0 && this.#slots.length === 0) this.#outlet.end()
    else {
      this.#put(undefined, delayMs)
      if (!this.#isPassing) this.#arm()
    }
  }

  /** Passes on everything now, in order. */
  flush(): void { this.#pass(Infinity) }

  /** Reports what was still waiting, forgets it, and takes nothing more. */
  destroy(): void {
    this.#isDead = true
    this.#timer?.cancel()
    this.#timer = undefined
    const now = this.#owner.clock.now()
    for (let slot = this.#slots.first; slot; slot = this.#slots.first) {
      const { askedMs, arrivedAt, bytes } = slot
      slot.unit = undefined
      this.#slots.drop()
      if (askedMs > 0) this.#owner.applied(askedMs, now - arrivedAt, bytes)
    }
    this.#slots.clear()
    this.#lead = undefined
    this.#held = 0
  }

  #put(unit: Unit | undefined, delayMs: number): Slot<Unit> {
    const now = this.#owner.clock.now()
    const slot = this.#slots.push()
    this.#pushed++
    slot.unit = unit
    slot.arrivedAt = now
    slot.dueAt = now + delayMs
    slot.askedMs = 0
    slot.bytes = 0
    return slot
  }

  #pass(until: number): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const wasPassing = this.#isPassing
    this.#isPassing = true
    for (let slot = this.#slots.first; slot && slot.dueAt <= until; slot = this.#slots.first) this.#passOne(slot)
    this.#isPassing = wasPassing
    if (!wasPassing) this.#arm()
  }

  /** The slot is used again by whatever the call into the outlet brings, so everything is read before it. */
  #passOne(slot: Slot<Unit>): void {
    const { unit, askedMs, arrivedAt, bytes } = slot
    slot.unit = undefined
    this.#slots.drop()
    this.#dropped++
    this.#held -= unit?.length ?? 0
    if (askedMs > 0) this.#owner.applied(askedMs, this.#owner.clock.now() - arrivedAt, bytes)
    if (unit === undefined) this.#outlet.end()
    else this.#outlet.write(unit)
  }

  /** One timer while something waits; the first in line is the first due. */
  #arm(): void {
    const { first } = this.#slots
    if (!first || this.#timer || first.dueAt === Infinity) return
    this.#timer = this.#owner.clock.setTimer(Math.max(0, first.dueAt - this.#owner.clock.now()), () => this.#fire())
  }

  #fire(): void {
    this.#timer = undefined
    this.#pass(this.#owner.clock.now() + SLACK_MS)
    if (!this.#isDead) this.#owner.wake()
  }
}

function emptySlot<Unit>(): Slot<Unit> {
  return { unit: undefined, dueAt: 0, arrivedAt: 0, askedMs: 0, bytes: 0 }
}
