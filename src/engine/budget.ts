/** Whoever holds bytes, and can be told that there is room again. */
export interface Holder {
  /** Bytes counted for it at present. */
  counted: number
  /** The budget has room again. */
  roomAgain(): void
}

/** One limit for all bytes held anywhere in the process; when it is used up, sources pause as if their stages were full. */
export class Budget {
  readonly limitBytes: number
  #usedBytes = 0
  readonly #waiting = new Set<Holder>()

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number { return this.#usedBytes }
  get isUsedUp(): boolean { return this.#usedBytes >= this.limitBytes }

  /** Sets what `holder` holds now. */
  count(holder: Holder, bytes: number): void {
    if (bytes === holder.counted) return
    this.#usedBytes += bytes - holder.counted
    holder.counted = bytes
    if (this.#waiting.size > 0 && this.#usedBytes < this.limitBytes) this.#release()
  }

  /** Calls `holder.roomAgain` once there is room. */
  wait(holder: Holder): void { this.#waiting.add(holder) }

  forget(holder: Holder): void {
    this.#waiting.delete(holder)
    this.count(holder, 0)
  }

  #release(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const holder of waiting) holder.roomAgain()
  }
}
