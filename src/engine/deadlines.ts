import type { Clock, Timer } from '../kit/clock.ts'

export interface HasDeadline {
  /** Milliseconds of the clock; Infinity: none. */
  deadlineMs: number
  expired(): void
}

const LOOK_EVERY_MS = 250

/** Deadlines of seconds for thousands of connections: one timer that looks round, instead of one set and cancelled for each request. */
export class Deadlines {
  readonly #clock: Clock
  readonly #members = new Set<HasDeadline>()
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(member: HasDeadline): void {
    this.#members.add(member)
    this.#timer ??= this.#clock.setTimer(LOOK_EVERY_MS, () => this.#look())
  }

  remove(member: HasDeadline): void {
    this.#members.delete(member)
    if (this.#members.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #look(): void {
    const now = this.#clock.now()
    for (const member of this.#members) if (member.deadlineMs <= now) member.expired()
    this.#timer = this.#members.size > 0 ? this.#clock.setTimer(LOOK_EVERY_MS, () => this.#look()) : undefined
  }
}
