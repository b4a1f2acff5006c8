import type { Clock, Timer } from '../kit/clock.ts'

/** Whoever holds bytes, and can be told that there is room again. */
export interface Holder {
  /** Bytes counted for it at present. */
  counted: number
  /** Bytes it really holds now. */
  readonly held: number
  /** The budget has room again. */
  roomAgain(): void
}

/** A kernel takes bytes without a word, so while somebody waits, what is held is counted again this often. */
const RECOUNT_EVERY_MS = 20
/** What a source may bring before it is stopped again; so many may go on at once as there is room for. */
const SHARE_BYTES = 64 * 1024

/** One limit for all bytes held anywhere in the process; when it is used up, sources pause as if their stages were full. */
export class Budget {
  readonly limitBytes: number
  readonly #clock: Clock
  #usedBytes = 0
  readonly #holders = new Set<Holder>()
  readonly #waiting = new Set<Holder>()
  #timer: Timer | undefined

  constructor(limitBytes: number, clock: Clock) {
    this.limitBytes = limitBytes
    this.#clock = clock
  }

  get usedBytes(): number { return this.#usedBytes }
  get isUsedUp(): boolean { return this.#usedBytes >= this.limitBytes }

  /** Sets what `holder` holds now. */
  count(holder: Holder, bytes: number): void {
    this.#set(holder, bytes)
    if (this.#waiting.size > 0 && !this.isUsedUp) this.#release()
  }

  /** Looks at every holder. What a holder last counted may have left since. */
  recount(): void { for (const holder of this.#holders) this.#set(holder, holder.held) }

  /** Calls `holder.roomAgain` once there is room, never before this returns. */
  wait(holder: Holder): void {
    this.#waiting.add(holder)
    this.#timer ??= this.#clock.setTimer(RECOUNT_EVERY_MS, () => this.#look())
  }

  forget(holder: Holder): void {
    this.#waiting.delete(holder)
    this.count(holder, 0)
  }

  #set(holder: Holder, bytes: number): void {
    if (bytes === holder.counted) return
    this.#usedBytes += bytes - holder.counted
    holder.counted = bytes
    if (bytes > 0) this.#holders.add(holder)
    else this.#holders.delete(holder)
  }

  #look(): void {
    this.#timer = undefined
    this.recount()
    this.#release()
    if (this.#waiting.size > 0) this.#timer ??= this.#clock.setTimer(RECOUNT_EVERY_MS, () => this.#look())
  }

  /** Those that went on may have used it up; those left over have their turn at the next look. */
  #release(): void {
    let shares = Math.ceil((this.limitBytes - this.#usedBytes) / SHARE_BYTES)
    for (const holder of [...this.#waiting]) {
      if (this.isUsedUp || shares-- <= 0) return
      if (this.#waiting.delete(holder)) holder.roomAgain()
    }
  }
}
