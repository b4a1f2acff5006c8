import type { Clock, Timer } from '../kit/clock.ts'
import type { FaultEntry } from '../model/entry.ts'
import type { HookName } from '../model/fault.ts'
import type { Subject } from '../model/match.ts'
import type { Flow } from '../model/stage.ts'
import { Instance } from './instance.ts'
import { Seat, type Carrier } from './seat.ts'

/** An exchange or connection that carries faults and follows their changes. */
export interface Follower {
  /** The set, or what is on of it, changed: bring the stages in line, now. */
  refresh(): void
}

export interface FaultBookOptions {
  readonly clock: Clock
  readonly seed: number
  /** Length of the run, for schedules in percent; undefined: no end. */
  readonly totalMs: number | undefined
  /** Faults went on or off, or the set was swapped. */
  readonly changed: (generation: number, on: readonly Instance[], off: readonly Instance[]) => void
}

/** Timers of schedules may be late by this much without being asked again. */
const SCHEDULE_SLACK_MS = 0.05

/**
 * The one fault set in force. Every change is a swap to a new generation, made in one turn, and reaches every follower
 * before it returns. Instances that are equal before and after keep everything.
 */
export class FaultBook {
  readonly #options: FaultBookOptions
  readonly #followers = new Set<Follower>()
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

  /** Replaces the set. Resolved by its return: every live connection carries the returned generation. */
  apply(entries: readonly FaultEntry[]): number {
    const { clock, totalMs } = this.#options
    const before = new Map(this.#instances.map((instance) => [instance.id, instance]))
    const wasActive = new Set(this.#instances.filter((instance) => instance.isActive))
    this.#instances = identify(entries).map(([id, entry]) => {
      const known = before.get(id)
      if (!known || known.spec !== entry.spec) return new Instance(entry, id, clock, totalMs)
      if (JSON.stringify(known.entry.source) !== JSON.stringify(entry.source)) known.change(entry, totalMs)
      return known
    })
    this.#swapped(wasActive)
    return this.#generation
  }

  stop(): void { this.#timer?.cancel() }

  follow(follower: Follower): void { this.#followers.add(follower) }
  unfollow(follower: Follower): void { this.#followers.delete(follower) }

  /** The seats of every fault that matches, in the order of the set; undefined when none does. */
  seats(subject: Subject, carrier: Carrier): Seat[] | undefined {
    let seats: Seat[] | undefined
    for (const instance of this.#instances) {
      if (!instance.matches(subject)) continue
      seats = [...(seats ?? []), ...instance.seat(subject, carrier, this.#options.seed)]
    }
    return seats
  }

  /** The seats after a swap: those of instances that stayed, and new ones for instances that came. */
  reseat(current: readonly Seat[] | undefined, subject: Subject, carrier: Carrier): Seat[] | undefined {
    const seats: Seat[] = []
    for (const instance of this.#instances) {
      const kept = current?.filter((seat) => seat.instance === instance) ?? []
      const stays = kept.length > 0 && instance.matches(subject) && sameFlows(kept, instance)
      if (stays) seats.push(...kept)
      else if (instance.matches(subject)) seats.push(...instance.seat(subject, carrier, this.#options.seed))
    }
    return seats.length > 0 ? seats : undefined
  }

  /** True while some fault that is on may act on look-ups, dials or TLS: upstream connections are then not reused. */
  actsOn(hook: HookName): boolean {
    return this.#instances.some((instance) => instance.isActive && instance.spec[hook] !== undefined)
  }

  #swapped(wasActive: ReadonlySet<Instance>): void {
    this.#generation++
    const on = this.#instances.filter((instance) => instance.isActive && !wasActive.has(instance))
    const off = [...wasActive].filter((instance) => !instance.isActive || !this.#instances.includes(instance))
    for (const follower of [...this.#followers]) follower.refresh()
    this.#arm()
    this.#options.changed(this.#generation, on, off)
  }

  #arm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    let soonest = Infinity
    for (const instance of this.#instances) soonest = Math.min(soonest, instance.changesInMs ?? Infinity)
    if (soonest === Infinity) return
    this.#timer = this.#options.clock.setTimer(soonest + SCHEDULE_SLACK_MS, () => this.#tick())
  }

  #tick(): void {
    const wasActive = new Set(this.#instances.filter((instance) => instance.isActive))
    const changed = this.#instances.filter((instance) => instance.refresh()).length > 0
    if (changed) this.#swapped(wasActive)
    else this.#arm()
  }
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

function sameFlows(seats: readonly Seat[], { entry, spec }: Instance): boolean {
  if (!spec.directional) return true
  const { side = 'server', direction = 'ingress' } = entry.envelope
  const wanted = direction === 'both' ? 2 : 1
  return seats.length === wanted && seats.every((seat) => seat.side === side && (direction === 'both' || seat.direction === direction))
}

/**
 * The seats whose stages make up one flow, in the order the traffic meets them: the first fault of the set is nearest
 * the client in both directions, and the client's side is nearer than the server's.
 */
export function stagesOf(seats: readonly Seat[] | undefined, flow: Flow, wants: (seat: Seat) => boolean): Seat[] {
  const ready = (seats ?? []).filter((seat) => seat.flow === flow && seat.hit && seat.instance.isActive && seat.instance.spec.stream !== undefined && wants(seat))
  const towardsUpstream = [...ready.filter((seat) => seat.side === 'client'), ...ready.filter((seat) => seat.side === 'server')]
  return flow === 'request' ? towardsUpstream : towardsUpstream.reverse()
}
