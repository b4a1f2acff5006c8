import type { Clock, Timer } from '../kit/clock.ts'
import type { FaultEntry } from '../model/entry.ts'
import type { HookName } from '../model/fault.ts'
import type { Subject } from '../model/match.ts'
import type { Flow } from '../model/stage.ts'
import { Followers, type Listed } from './followers.ts'
import { compileRules, Instance, MAX_KEYS, type Rules } from './instance.ts'
import type { Carrier, Seat } from './seat.ts'

/** An exchange or connection that carries faults and follows their changes. */
export interface Follower extends Listed {
  /** The set, or what is on of it, changed: bring the stages in line, now. */
  refresh(): void
  /** True for one that waits on a seat: its turn is behind those who have just settled which seats there are. */
  readonly isWaiting?: boolean
  /** `refresh` threw, which is a bug: what it left behind is good for nothing. */
  reset?(): void
}

export interface FaultBookOptions {
  readonly clock: Clock
  readonly seed: number
  /** Length of the run, for schedules in percent; undefined: no end. */
  readonly totalMs: number | undefined
  /** Faults went on or off, or the set was swapped. */
  readonly changed: (generation: number, on: readonly Instance[], off: readonly Instance[]) => void
  /** An instance has counted more different exchanges than it can tell apart. */
  readonly forgot?: (instance: Instance) => void
  readonly onBug: (error: unknown) => void
  readonly maxKeys?: number
}

/** Timers of schedules may be late by this much without being asked again. */
const SCHEDULE_SLACK_MS = 0.05
/** Seats of faults that went away, which an exchange keeps for its record. */
const MAX_PAST_SEATS = 64

/**
 * The one fault set in force. Every change is a swap to a new generation, made in one turn, and reaches every follower
 * before it returns. Instances that are equal before and after keep everything.
 */
export class FaultBook {
  readonly #options: FaultBookOptions
  readonly #followers = new Followers<Follower>()
  #instances: readonly Instance[] = []
  #generation = 0
  #timer: Timer | undefined

  constructor(options: FaultBookOptions) {
    this.#options = options
  }

  get generation(): number { return this.#generation }
  get instances(): readonly Instance[] { return this.#instances }
  get isEmpty(): boolean { return this.#instances.length === 0 }
  get seed(): number { return this.#options.seed }

  /**
   * Replaces the set, or throws and changes nothing (UserError: a wrong envelope). Resolved by its return: every live
   * connection carries the returned generation.
   */
  apply(entries: readonly FaultEntry[]): number {
    const before = this.#instances
    const wanted = identify(entries).map(([id, entry]) => this.#plan(id, entry, before.find((instance) => instance.id === id)))
    const wasActive = this.#active()
    const nowMs = this.#options.clock.now()
    this.#instances = wanted.map((plan) => this.#fulfil(plan, nowMs))
    for (const instance of this.#instances) instance.refresh(nowMs)
    for (const instance of before) if (!this.#instances.includes(instance)) instance.retire()
    this.#swapped(wasActive)
    return this.#generation
  }

  stop(): void { this.#timer?.cancel() }

  follow(follower: Follower): void { this.#followers.add(follower) }
  unfollow(follower: Follower): void { this.#followers.delete(follower) }

  /** The seats of every fault that matches, in the order of the set; undefined when none does. `hook`: only of those that have it. */
  seats(subject: Subject, carrier: Carrier, hook?: HookName): Seat[] | undefined {
    let seats: Seat[] | undefined
    for (const instance of this.#instances) {
      if (!instance.matches(subject) || (hook && !instance.spec[hook])) continue
      seats = [...(seats ?? []), ...instance.seat(subject, carrier, this.#options.seed)]
    }
    return seats
  }

  /**
   * The seats after a swap: those of instances that stayed, new ones for instances that came, and behind them, for the
   * record, those of instances that went but did something.
   */
  reseat(current: readonly Seat[] | undefined, subject: Subject, carrier: Carrier): Seat[] | undefined {
    const seats: Seat[] = []
    for (const instance of this.#instances) {
      if (!instance.matches(subject)) continue
      const known = current?.filter((seat) => seat.instance === instance) ?? []
      seats.push(...(known.length > 0 ? instance.reseat(known, carrier) : instance.seat(subject, carrier, this.#options.seed)))
    }
    const past = current?.filter((seat) => seat.wasEvaluated && !seats.includes(seat)).slice(-MAX_PAST_SEATS) ?? []
    for (const seat of seats) seat.isPast = false
    for (const seat of past) seat.isPast = true
    seats.push(...past)
    return seats.length > 0 ? seats : undefined
  }

  /** True while some fault that is on may act on look-ups, dials or TLS: upstream connections are then not reused. */
  actsOn(hook: HookName): boolean {
    return this.#instances.some((instance) => instance.isActive && instance.probability > 0 && instance.spec[hook] !== undefined)
  }

  /** What can go wrong goes wrong here, before anything has changed. */
  #plan(id: string, entry: FaultEntry, known: Instance | undefined): Plan {
    if (known?.spec === entry.spec && JSON.stringify(known.entry.source) === JSON.stringify(entry.source)) return { id, entry, known }
    return { id, entry, known: known?.spec === entry.spec ? known : undefined, rules: compileRules(entry, this.#options.totalMs) }
  }

  #fulfil({ id, entry, known, rules }: Plan, nowMs: number): Instance {
    const { clock, maxKeys = MAX_KEYS, forgot = () => {} } = this.#options
    if (!known) return new Instance(id, entry, rules!, { clock, startedAtMs: nowMs, maxKeys, forgot })
    if (rules) known.change(entry, rules)
    return known
  }

  #active(): Set<Instance> { return new Set(this.#instances.filter((instance) => instance.isActive)) }

  #swapped(wasActive: ReadonlySet<Instance>): void {
    const generation = ++this.#generation
    const on = this.#instances.filter((instance) => instance.isActive && !wasActive.has(instance))
    const off = [...wasActive].filter((instance) => !instance.isActive)
    const waiting: Follower[] = []
    for (const follower of this.#followers) {
      if (follower.isWaiting) waiting.push(follower)
      else this.#refresh(follower)
    }
    for (const follower of waiting) if (this.#followers.has(follower)) this.#refresh(follower)
    this.#arm()
    this.#options.changed(generation, on, off)
  }

  /** A bug that shows in one exchange ends that one. */
  #refresh(follower: Follower): void {
    try {
      follower.refresh()
    } catch (error) {
      this.#options.onBug(error)
      follower.reset?.()
    }
  }

  #arm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    let soonestMs = Infinity
    for (const instance of this.#instances) soonestMs = Math.min(soonestMs, instance.changesAtMs ?? Infinity)
    if (soonestMs === Infinity) return
    const { clock } = this.#options
    this.#timer = clock.setTimer(Math.max(0, soonestMs - clock.now()) + SCHEDULE_SLACK_MS, () => this.#tick())
  }

  #tick(): void {
    const wasActive = this.#active()
    const nowMs = this.#options.clock.now()
    const changed = this.#instances.filter((instance) => instance.refresh(nowMs)).length > 0
    if (changed) this.#swapped(wasActive)
    else this.#arm()
  }
}

interface Plan {
  readonly id: string
  readonly entry: FaultEntry
  /** The instance that stays. */
  readonly known: Instance | undefined
  /** Absent: nothing changed. */
  readonly rules?: Rules
}

/** `id`, else the type with its rank among its type: `latency`, `latency#2`. */
function identify(entries: readonly FaultEntry[]): [string, FaultEntry][] {
  const ranks = new Map<string, number>()
  const taken = new Set<string>()
  return entries.map((entry) => {
    const { name } = entry.spec
    const rank = (ranks.get(name) ?? 0) + 1
    ranks.set(name, rank)
    let id = entry.envelope.id ?? (rank === 1 ? name : `${name}#${rank}`)
    while (taken.has(id)) id += "'"
    taken.add(id)
    return [id, entry]
  })
}

/**
 * The seats whose stages make up one flow, in the order the traffic meets them: the first fault of the set is nearest
 * the client in both directions, and the client's side is nearer than the server's.
 */
export function stagesOf(seats: readonly Seat[] | undefined, flow: Flow, wants: (seat: Seat) => boolean): Seat[] {
  const ready = (seats ?? []).filter((seat) => seat.flow === flow && seat.hit && seat.isOn && seat.instance.spec.stream !== undefined && wants(seat))
  const towardsUpstream = [...ready.filter((seat) => seat.side === 'client'), ...ready.filter((seat) => seat.side === 'server')]
  return flow === 'request' ? towardsUpstream : towardsUpstream.reverse()
}
