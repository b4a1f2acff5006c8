import type { Clock, Timer } from '../kit/clock.ts'

export interface HasDeadline {
  /** Milliseconds of the clock; Infinity: none, and so once it has expired. */
  deadlineMs: number
  expired(): void
}

const LOOK_EVERY_MS = 250

/** Deadlines of seconds for thousands of connections: one timer that looks round, instead of one set and cancelled for each request. */
export class Deadlines {
  readonly #clock: Clock
  readonly #members = new Set<HasDeadline>()
  #timer: Timer | undefined
  #lookedAtMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(member: HasDeadline): void {
    this.#members.add(member)
    if (this.#timer) return
    this.#lookedAtMs = this.#clock.now()
    this.#timer = this.#clock.setTimer(LOOK_EVERY_MS, () => this.#look())
  }

  /** An instant at least `ms` from now and at most two looks later, without asking the clock. Only while there is a member. */
  about(ms: number): number { return this.#lookedAtMs + LOOK_EVERY_MS + ms }

  remove(member: HasDeadline): void {
    this.#members.delete(member)
    if (this.#members.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Armed again before anybody is told, and each is told once, so that one that throws stops none of the others for long. */
  #look(): void {
    const now = this.#lookedAtMs = this.#clock.now()
    this.#timer = this.#clock.setTimer(LOOK_EVERY_MS, () => this.#look())
    for (const member of this.#members) {
      if (member.deadlineMs > now) continue
      member.deadlineMs = Infinity
      member.expired()
    }
  }
}
