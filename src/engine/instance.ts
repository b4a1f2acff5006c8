import type { Clock } from '../kit/clock.ts'
import { createKey, type Draws } from '../kit/rng.ts'
import type { FaultEntry } from '../model/entry.ts'
import type { AnyFault } from '../model/fault.ts'
import { compileMatch, type Subject } from '../model/match.ts'
import { always, parseSchedule, type Schedule } from '../model/schedule.ts'
import type { Direction, Side } from '../model/stage.ts'
import { Seat, type Carrier } from './seat.ts'

/** Sums over the life of an instance; durations in milliseconds. Only traffic that was really touched. */
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
const MAX_KEYS = 1_000_000

/** One fault in force, from the swap that brought it to the one that removes it. */
export class Instance {
  readonly id: string
  readonly spec: AnyFault
  readonly stats: InstanceStats = { matched: 0, evaluated: 0, drawn: 0, applied: 0, applications: 0, askedMs: 0, measuredMs: 0, bytes: 0, unable: 0 }
  readonly startedAtMs: number
  params: Readonly<Record<string, unknown>>
  probability: number
  /** Raised by each change of its parameters. */
  revision = 0
  isActive = false
  /** The oldest key was forgotten: equal exchanges may get equal numbers again. */
  isForgetful = false
  entry: FaultEntry
  readonly #clock: Clock
  #schedule: Schedule
  #match: (subject: Subject) => boolean
  readonly #counts = new Map<string, number>()
  readonly #states = new Map<string, object>()

  constructor(entry: FaultEntry, id: string, clock: Clock, totalMs: number | undefined) {
    this.id = id
    this.spec = entry.spec
    this.#clock = clock
    this.startedAtMs = clock.now()
    this.entry = entry
    this.params = entry.params
    this.probability = entry.envelope.probability ?? 1
    this.#match = compileMatch(entry.envelope)
    this.#schedule = scheduleOf(entry, totalMs)
    this.refresh()
  }

  /** Takes a changed entry of the same type; what it keeps survives. */
  change(entry: FaultEntry, totalMs: number | undefined): void {
    this.entry = entry
    this.params = entry.params
    this.probability = entry.envelope.probability ?? 1
    this.#match = compileMatch(entry.envelope)
    this.#schedule = scheduleOf(entry, totalMs)
    this.revision++
    this.refresh()
  }

  /** Recomputes `isActive`; true when it changed. */
  refresh(): boolean {
    const active = this.#schedule.activeAt(this.#clock.now() - this.startedAtMs)
    const changed = active !== this.isActive
    this.isActive = active
    return changed
  }

  /** Milliseconds until the schedule may change, if it will. */
  get changesInMs(): number | undefined {
    const elapsed = this.#clock.now() - this.startedAtMs
    const at = this.#schedule.nextChange(elapsed)
    return at === undefined ? undefined : Math.max(0, at - elapsed)
  }

  get schedule(): Schedule { return this.#schedule }

  matches(subject: Subject): boolean { return this.#match(subject) }

  /** The seats of this fault in one exchange or raw connection: one for each direction it acts in. */
  seat(subject: Subject, carrier: Carrier, seed: number): Seat[] {
    this.stats.matched++
    const draws = createKey(seed, subject.proxy, subject.host, subject.port, ...subject.key, this.#occurrence(subject), this.id)
    const { side = 'server', direction = 'ingress' } = this.entry.envelope
    if (!this.spec.directional) return [this.#place(carrier, side, 'ingress', draws)]
    if (direction === 'both') return [this.#place(carrier, side, 'ingress', draws), this.#place(carrier, side, 'egress', draws)]
    return [this.#place(carrier, side, direction, draws)]
  }

  /** What is kept for the fault's `scope`. */
  state<T extends object>(carrier: Carrier, side: Side, direction: Direction, make: () => T): T {
    const { scope = 'connection' } = this.entry.envelope
    const shelf = scope === 'connection' ? carrier.states : this.#states
    const name = `${this.id} ${side} ${direction} ${scope === 'proxy' ? carrier.proxy : ''}`
    let value = shelf.get(name) as T | undefined
    if (value === undefined) shelf.set(name, value = make())
    return value
  }

  #place(carrier: Carrier, side: Side, direction: Direction, draws: Draws): Seat {
    return new Seat(this, carrier, side, direction, draws.fork(direction))
  }

  /** How many equal exchanges this instance has matched before. */
  #occurrence(subject: Subject): number {
    const key = `${subject.proxy} ${subject.host}:${subject.port} ${subject.key.join(' ')}`
    const count = this.#counts.get(key) ?? 0
    if (count === 0 && this.#counts.size >= MAX_KEYS) {
      this.#counts.delete(this.#counts.keys().next().value!)
      this.isForgetful = true
    }
    this.#counts.set(key, count + 1)
    return count
  }
}

function scheduleOf({ envelope, spec }: FaultEntry, totalMs: number | undefined): Schedule {
  if (envelope.sched === undefined) return always
  return parseSchedule(envelope.sched, { param: `${spec.name} sched`, ...(totalMs !== undefined && { totalMs }) }).schedule
}
