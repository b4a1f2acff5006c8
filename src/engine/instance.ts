import type { Clock } from '../kit/clock.ts'
import { createKey, type Draws } from '../kit/rng.ts'
import type { FaultEntry } from '../model/entry.ts'
import type { AnyFault } from '../model/fault.ts'
import { compileMatch, type Subject } from '../model/match.ts'
import { always, parseSchedule, type Schedule } from '../model/schedule.ts'
import type { Direction, Side } from '../model/stage.ts'
import { Seat, type Carrier, type Place } from './seat.ts'

/**
 * Sums over the life of an instance; durations in milliseconds. Only traffic that was really touched. A fault in both
 * directions is evaluated, drawn and applied in each.
 */
export interface InstanceStats {
  /** Exchanges that matched, whether the fault was on or not. */
  matched: number
  /** Of these, reached while it was on. */
  evaluated: number
  /** Of these, struck by the draw. */
  drawn: number
  /** Exchanges in which it did something. */
  applied: number
  applications: number
  askedMs: number
  measuredMs: number
  bytes: number
  /** Matched exchanges in which it could not act. */
  unable: number
}

/** More keys than this, and the oldest count is forgotten. */
export const MAX_KEYS = 1_000_000

/** Equal exchanges: how many there were, and the key that all of them share. */
interface Met { times: number; readonly key: Draws }

/** When and on what a fault acts, made ready. UserError when the envelope is wrong. */
export interface Rules {
  readonly schedule: Schedule
  readonly matches: (subject: Subject) => boolean
}

export function compileRules({ envelope, spec }: FaultEntry, totalMs: number | undefined): Rules {
  const schedule = envelope.sched === undefined ? always : parseSchedule(envelope.sched, { param: `${spec.name} sched`, totalMs }).schedule
  return { schedule, matches: compileMatch(envelope) }
}

export interface InstanceOptions {
  readonly clock: Clock
  /** Its schedule counts from here. */
  readonly startedAtMs: number
  readonly maxKeys: number
  /** The oldest key was forgotten, for the first time: equal exchanges may get equal numbers again. */
  readonly forgot: (instance: Instance) => void
}

/** One fault in force, from the swap that brought it to the one that removes it. */
export class Instance {
  readonly id: string
  readonly spec: AnyFault
  readonly stats: InstanceStats = { matched: 0, evaluated: 0, drawn: 0, applied: 0, applications: 0, askedMs: 0, measuredMs: 0, bytes: 0, unable: 0 }
  /** Raised by each change of its parameters. */
  revision = 0
  isActive = false
  isForgetful = false
  entry: FaultEntry
  readonly #options: InstanceOptions
  #rules: Rules
  #lookedAtMs: number
  readonly #counts = new Map<string, Met>()
  /** One iterator for the whole life: a new one would pass over every key that was deleted before. */
  readonly #oldest = this.#counts.keys()
  /** What is kept for a proxy or for all, by name. */
  readonly #shared = new Map<string, object>()
  /** What is kept for connections: gone with the connection or with the instance, whichever goes first. */
  readonly #own = new WeakMap<object, Map<string, object>>()

  constructor(id: string, entry: FaultEntry, rules: Rules, options: InstanceOptions) {
    this.id = id
    this.spec = entry.spec
    this.#options = options
    this.entry = entry
    this.#rules = rules
    this.#lookedAtMs = options.startedAtMs
    this.refresh(options.startedAtMs)
  }

  get params(): Readonly<Record<string, unknown>> { return this.entry.params }
  get probability(): number { return this.entry.envelope.probability ?? 1 }
  get schedule(): Schedule { return this.#rules.schedule }
  get startedAtMs(): number { return this.#options.startedAtMs }

  /** Takes a changed entry of the same type; what it keeps survives. */
  change(entry: FaultEntry, rules: Rules): void {
    this.entry = entry
    this.#rules = rules
    this.revision++
  }

  /** It left the set: off for good, for whoever still has a seat of it. */
  retire(): void {
    this.isActive = false
    this.#counts.clear()
    this.#shared.clear()
  }

  /** Recomputes `isActive`; true when it changed. */
  refresh(nowMs: number): boolean {
    const active = this.schedule.activeAt(nowMs - this.startedAtMs)
    const changed = active !== this.isActive
    this.isActive = active
    this.#lookedAtMs = nowMs
    return changed
  }

  /** The clock's time of the first change behind the last `refresh`, if there is one; it may have passed meanwhile. */
  get changesAtMs(): number | undefined {
    const at = this.schedule.nextChange(this.#lookedAtMs - this.startedAtMs)
    return at === undefined ? undefined : this.startedAtMs + at
  }

  matches(subject: Subject): boolean { return this.#rules.matches(subject) }

  /** The seats of this fault in one exchange or raw connection: one for each direction it acts in. */
  seat(subject: Subject, carrier: Carrier, seed: number): Seat[] {
    this.stats.matched++
    const met = this.#meet(subject, seed)
    const origin = met.key.fork(met.times++, this.id)
    return this.#places().map((place) => new Seat(this, carrier, place, origin))
  }

  /** The seats of an exchange that has some: those that are still right, and others that come from the same draw. */
  reseat(seats: readonly Seat[], carrier: Carrier): Seat[] {
    const { origin } = seats[0]!
    return this.#places().map((place) => seats.find(({ side, direction }) => side === place.side && direction === place.direction) ?? new Seat(this, carrier, place, origin))
  }

  /** What is kept for the fault's `scope`. */
  state<T extends object>(carrier: Carrier, side: Side, direction: Direction, make: () => T): T {
    const { scope = 'connection' } = this.entry.envelope
    const shelf = scope === 'connection' ? this.#shelfOf(carrier.states) : this.#shared
    const name = `${side} ${direction} ${scope === 'proxy' ? carrier.proxy : ''}`
    let value = shelf.get(name) as T | undefined
    if (value === undefined) shelf.set(name, value = make())
    return value
  }

  #places(): Place[] {
    const { side = 'server', direction = 'ingress' } = this.entry.envelope
    if (!this.spec.directional) return [{ side, direction: 'ingress' }]
    if (direction === 'both') return [{ side, direction: 'ingress' }, { side, direction: 'egress' }]
    return [{ side, direction }]
  }

  #shelfOf(connection: object): Map<string, object> {
    let shelf = this.#own.get(connection)
    if (!shelf) this.#own.set(connection, shelf = new Map())
    return shelf
  }

  /** What is known of exchanges that are equal to this one. */
  #meet({ proxy, host, port, key }: Subject, seed: number): Met {
    const name = `${proxy} ${host}:${port} ${key.join(' ')}`
    let met = this.#counts.get(name)
    if (met) return met
    if (this.#counts.size >= this.#options.maxKeys) this.#forgetOldest()
    this.#counts.set(name, met = { times: 0, key: createKey(seed, proxy, host, port, ...key) })
    return met
  }

  #forgetOldest(): void {
    this.#counts.delete(this.#oldest.next().value!)
    if (this.isForgetful) return
    this.isForgetful = true
    this.#options.forgot(this)
  }
}
