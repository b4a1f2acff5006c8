import type { Clock } from '../kit/clock.ts'
import type { Draws } from '../kit/rng.ts'
import type { HookContext } from '../model/fault.ts'
import { flowOf, type Direction, type Flow, type Side, type Sink, type Stage, type StageContext, type Unit } from '../model/stage.ts'
import type { Instance } from './instance.ts'

/** Where a fault acts: which connection, and which way. */
export interface Place { readonly side: Side; readonly direction: Direction }

/** What an exchange or raw connection offers the faults that sit in it. */
export interface Carrier {
  readonly mode: 'exchange' | 'raw'
  readonly clock: Clock
  /** The proxy's name. */
  readonly proxy: string
  readonly turn: number
  readonly target: { readonly host: string; readonly port: number }
  /** True once units have passed in that flow. */
  hasBegun(flow: Flow): boolean
  /** Bytes of that flow that have come so far. */
  offset(flow: Flow): number
  keep<U extends Unit>(flow: Flow, unit: U): U
  wake(flow: Flow): void
  reset(): void
  /** The same object for everything on one client's connection: what faults with scope `connection` keep lives as long. */
  readonly states: object
}

/** One fault at one place of one exchange or connection: its draw, its context, and what it did. */
export class Seat implements StageContext, HookContext {
  readonly instance: Instance
  readonly side: Side
  readonly direction: Direction
  readonly flow: Flow
  /** Drawn once; stands across changes of the set. */
  readonly hit: boolean
  #draws: Draws | undefined
  /** What its draws were forked from, for a seat in the other direction. */
  readonly origin: Draws
  /** Its stage was made when units had passed already. */
  joinedLate = false
  readonly #carrier: Carrier
  /** Its fault was taken away; it stays for what it did. */
  isPast = false
  applications = 0
  askedMs = 0
  measuredMs = 0
  bytes = 0
  #evaluated = false

  constructor(instance: Instance, carrier: Carrier, { side, direction }: Place, origin: Draws) {
    this.instance = instance
    this.#carrier = carrier
    this.side = side
    this.direction = direction
    this.flow = flowOf(side, direction)
    this.origin = origin
    const { probability } = instance
    this.hit = probability >= 1 || (probability > 0 && this.draws.fork('probability').at(0) < probability)
  }

  get draws(): Draws { return this.#draws ??= this.origin.fork(this.direction) }
  /** The fault is in force and on. */
  get isOn(): boolean { return this.instance.isActive && !this.isPast }
  get mode(): 'exchange' | 'raw' { return this.#carrier.mode }
  get clock(): Clock { return this.#carrier.clock }
  get offset(): number { return this.#carrier.offset(this.flow) }
  get turn(): number { return this.#carrier.turn }
  get target(): { readonly host: string; readonly port: number } { return this.#carrier.target }

  keep<U extends Unit>(unit: U): U { return this.#carrier.keep(this.flow, unit) }
  wake(): void { this.#carrier.wake(this.flow) }
  reset(): void { this.#carrier.reset() }

  state<T extends object>(make: () => T): T {
    return this.instance.state(this.#carrier, this.side, this.direction, make)
  }

  /** The traffic reached the fault while it was in force: counted once. */
  evaluate(): void {
    if (this.#evaluated) return
    this.#evaluated = true
    this.instance.stats.evaluated++
    if (this.hit) this.instance.stats.drawn++
  }

  get wasEvaluated(): boolean { return this.#evaluated }

  applied(askedMs: number, measuredMs: number, bytes: number): void {
    this.evaluate()
    const { stats } = this.instance
    if (this.applications++ === 0) stats.applied++
    this.askedMs += askedMs
    this.measuredMs += measuredMs
    this.bytes += bytes
    stats.applications++
    stats.askedMs += askedMs
    stats.measuredMs += measuredMs
    stats.bytes += bytes
  }

  build(next: Sink): Stage {
    const { spec, params } = this.instance
    this.joinedLate = this.#carrier.hasBegun(this.flow)
    return spec.stream!(params, this, next)
  }
}
