import type { Clock, Timer } from '../kit/clock.ts'

/** Somebody who has bytes to send and must pay for them first. */
export interface Payer {
  /** Bytes not paid for yet; more than 0 while it waits. */
  readonly owed: number
  /** So many more of them are paid for: may lead back into the bucket. */
  grant(bytes: number): void
}

/** What may be earned ahead while nobody waits: what a timer could not tell apart anyway. */
const IDLE_MS = 1
/** What late timers may catch up with; the longest burst. */
const BURST_MS = 100
/** What is granted at a time, so that nothing travels in lumps: half a burst, so that a timer may be late by the other half. */
const SLICE_MS = 50
const SLICE_MAX_BYTES = 16 * 1024
/** A byte, and one more for a late timer. */
const LEAST_BURST_BYTES = 2
/** Rates below a byte per hour would need timers no clock has. */
const TIMER_MAX_MS = 3_600_000
/** Sums of fractions miss whole bytes by a little. */
const EPSILON = 1e-6

/**
 * A rate that its payers share, slice by slice in turn. It is a line of that capacity: time in which nobody wanted to send is
 * lost, and bytes are paid for in full before they leave.
 */
export class TokenBucket {
  readonly #clock: Clock
  /** In the order of their turns. */
  readonly #waiting = new Set<Payer>()
  #bytesPerMs: number
  #tokens: number
  #refilledAt: number
  #timer: Timer | undefined
  #isGranting = false

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock
    this.#bytesPerMs = bytesPerSecond / 1000
    this.#refilledAt = clock.now()
    this.#tokens = this.#bytesPerMs * IDLE_MS
  }

  /** Changes the rate; what was earned stays earned at the old one. */
  set rate(bytesPerSecond: number) {
    const bytesPerMs = bytesPerSecond / 1000
    if (bytesPerMs === this.#bytesPerMs) return
    this.#refill()
    this.#bytesPerMs = bytesPerMs
    this.#tokens = Math.min(this.#tokens, bytesPerMs * BURST_MS)
    this.#rearm()
  }

  /** Pays for as many of `bytes` as there is enough for now, when nobody waits. */
  take(bytes: number): number {
    if (this.#waiting.size > 0) return 0
    this.#refill()
    const paid = this.#tokens >= bytes ? bytes : Math.max(0, Math.floor(this.#tokens))
    this.#tokens -= paid
    return paid
  }

  /** Takes a place in the queue. A payer that waits already keeps the one it has. */
  wait(payer: Payer): void {
    if (this.#waiting.size === 0) this.#refill()
    this.#waiting.add(payer)
    // A payer that owes more than when the timer was set only makes it fire early.
    if (!this.#timer) this.#rearm()
  }

  leave(payer: Payer): void {
    if (this.#waiting.delete(payer)) this.#rearm()
  }

  #refill(): void {
    const now = this.#clock.now()
    const most = this.#waiting.size > 0 ? Math.max(LEAST_BURST_BYTES, this.#bytesPerMs * BURST_MS) : this.#bytesPerMs * IDLE_MS
    this.#tokens = Math.min(most, this.#tokens + (now - this.#refilledAt) * this.#bytesPerMs)
    this.#refilledAt = now
  }

  /** What a payer gets at a time. */
  #slice({ owed }: Payer): number {
    return Math.min(owed, SLICE_MAX_BYTES, Math.max(1, Math.floor(this.#bytesPerMs * SLICE_MS)))
  }

  /** A payer that stays goes to the end of the set, where this loop meets it again: each gets its slice in turn. */
  #grant(): void {
    this.#timer = undefined
    this.#refill()
    this.#isGranting = true
    for (const payer of this.#waiting) {
      const slice = this.#slice(payer)
      if (this.#tokens + EPSILON < slice) break
      const bytes = this.#waiting.size === 1 ? Math.max(slice, Math.min(payer.owed, Math.floor(this.#tokens))) : slice
      this.#tokens -= bytes
      this.#waiting.delete(payer)
      if (payer.owed > bytes) this.#waiting.add(payer)
      payer.grant(bytes)
    }
    this.#isGranting = false
    this.#rearm()
  }

  /** One timer, for when the next slice is paid for. */
  #rearm(): void {
    if (this.#isGranting) return
    this.#timer?.cancel()
    this.#timer = undefined
    for (const payer of this.#waiting) {
      const earned = this.#tokens + (this.#clock.now() - this.#refilledAt) * this.#bytesPerMs
      const waitMs = (this.#slice(payer) - earned) / this.#bytesPerMs
      this.#timer = this.#clock.setTimer(Math.min(TIMER_MAX_MS, Math.max(0, waitMs)), () => this.#grant())
      return
    }
  }
}
