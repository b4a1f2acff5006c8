import type { Sink, Stage, Unit } from '../model/stage.ts'
import type { Seat } from './seat.ts'

/** One stage with the place behind it, so that its neighbours can change while it keeps what it holds. */
class Link implements Sink {
  readonly seat: Seat
  stage: Stage
  next: Sink
  #revision: number

  constructor(seat: Seat, next: Sink) {
    this.seat = seat
    this.#revision = seat.instance.revision
    this.next = next
    this.stage = seat.build(this)
  }

  write(unit: Unit): void { this.next.write(unit) }
  end(): void { this.next.end() }

  /** False: the stage cannot take the changed parameters and must be built anew. */
  adopt(): boolean {
    const { params, revision } = this.seat.instance
    if (revision === this.#revision) return true
    this.#revision = revision
    return this.stage.update?.(params) ?? false
  }
}

/**
 * The stages of one flow of one exchange or raw connection, in the order the traffic meets them.
 *
 *   write ─▶ stage ─▶ link ─▶ stage ─▶ link ─▶ tail
 *
 * Everything happens in one turn, so a change needs no lock: stages that leave are flushed in place, the others keep
 * their bytes, timers and draws.
 */
export class Chain implements Sink {
  readonly #tail: Sink
  #links: Link[] = []
  #first: Sink

  constructor(tail: Sink) {
    this.#tail = tail
    this.#first = tail
  }

  get isEmpty(): boolean { return this.#links.length === 0 }

  write(unit: Unit): void { this.#first.write(unit) }
  end(): void { this.#first.end() }

  /** Makes the chain consist of `seats`, in that order, touching only what differs. */
  install(seats: readonly Seat[]): void {
    const old = this.#links
    if (old.length === 0 && seats.length === 0) return
    const kept = new Map<Seat, Link>()
    for (const link of inOrder(old, seats)) if (link.adopt()) kept.set(link.seat, link)
    for (const link of old) {
      if (kept.get(link.seat) === link) continue
      link.stage.flush()
      link.stage.destroy()
      // What was flushed has ended the connection: there is nothing left to install into.
      if (this.#links !== old) return
    }
    let next: Sink = this.#tail
    const links: Link[] = []
    for (let index = seats.length - 1; index >= 0; index--) {
      const seat = seats[index]!
      const link = kept.get(seat) ?? new Link(seat, next)
      link.next = next
      links.unshift(link)
      next = link.stage
    }
    this.#links = links
    this.#first = next
  }

  /** Bytes inside the stages. */
  get held(): number {
    let held = 0
    for (const link of this.#links) held += link.stage.held
    return held
  }

  get isOverfull(): boolean {
    for (const link of this.#links) if (link.stage.held > link.stage.heldMax) return true
    return false
  }

  get hasRoom(): boolean {
    for (const link of this.#links) if (link.stage.held > link.stage.heldMax / 2) return false
    return true
  }

  /** True while some stage lets nothing pass. */
  get isBlocked(): boolean {
    for (const link of this.#links) if (link.stage.blocked) return true
    return false
  }

  /** What a stage still writes while it is taken down goes nowhere. */
  destroy(): void {
    const links = this.#links
    this.#links = []
    this.#first = NOWHERE
    for (const link of links) {
      link.next = NOWHERE
      link.stage.destroy()
    }
  }
}

const NOWHERE: Sink = { write() {}, end() {} }

/**
 * The most links that can stay where they are: those of a longest run that `seats` has in the same order. A stage that
 * changed places with another must be flushed, or what it holds would be overtaken.
 */
function inOrder(links: readonly Link[], seats: readonly Seat[]): Link[] {
  const present = links.map((link) => ({ link, place: seats.indexOf(link.seat), length: 1, before: -1 })).filter(({ place }) => place >= 0)
  let last = -1
  for (const [index, one] of present.entries()) {
    for (let earlier = 0; earlier < index; earlier++) {
      const other = present[earlier]!
      if (other.place < one.place && other.length >= one.length) {
        one.length = other.length + 1
        one.before = earlier
      }
    }
    if (last < 0 || one.length > present[last]!.length) last = index
  }
  const kept: Link[] = []
  for (let at = last; at >= 0; at = present[at]!.before) kept.unshift(present[at]!.link)
  return kept
}
