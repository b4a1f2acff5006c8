import type { DelayLine } from '../kit/delay-line.ts'
import { isBytes, type StageContext, type Unit } from '../model/stage.ts'

/** What counts as one read or write: at most this much, at multiples of it in the flow. */
export const OPERATION_BYTES = 8 * 1024

/** Says about a part that its bytes are to vanish. */
export const VANISHES = -1

export interface PartsOptions {
  /** Parts end where the offset in the flow is a multiple of this. */
  readonly size: number
  /** A part also ends when the other end has spoken since. */
  readonly endsWithTurn: boolean
  /** Milliseconds that the part beginning at `offset` waits, or `VANISHES`. Asked once for each part, in order. */
  delayAt(offset: number): number
  /** `length` bytes have vanished; `isPart`: some of the same part had before. */
  vanished?(length: number, isPart: boolean): void
}

/**
 * Cuts a flow into parts by its byte offset, never by how it was read, and sends each through a delay line with a delay of
 * its own, counted from when its bytes arrived. A head is never cut: it waits for the longest of the parts it reaches into.
 */
export class Parts {
  readonly #context: StageContext
  readonly #line: DelayLine<Unit>
  readonly #options: PartsOptions
  #offset: number
  #end: number
  #delayMs = 0
  #turn = -1
  /** Bytes of the present part have come. */
  #isBegun = false

  constructor(context: StageContext, line: DelayLine<Unit>, options: PartsOptions) {
    this.#context = context
    this.#offset = this.#end = context.offset
    this.#line = line
    this.#options = options
  }

  write(unit: Unit): void {
    if (this.#options.endsWithTurn && this.#context.turn !== this.#turn) {
      this.#turn = this.#context.turn
      this.#end = this.#offset
    }
    if (!isBytes(unit)) this.#whole(unit, this.#longest(unit.length))
    else if (this.#end - this.#offset >= unit.length) this.#inPart(unit)
    else this.#cut(unit)
  }

  #inPart(unit: Buffer): void {
    this.#whole(unit, this.#delayMs)
    this.#offset += unit.length
  }

  #whole(unit: Unit, delayMs: number): void {
    const isPart = this.#isBegun
    this.#isBegun = true
    if (delayMs === VANISHES) this.#options.vanished?.(unit.length, isPart)
    else this.#line.write(unit, delayMs, isPart)
  }

  /** Neighbours that do not wait travel as one; when none waits the bytes pass as they came, neither kept nor cut. */
  #cut(unit: Buffer): void {
    let kept: Buffer | undefined
    let from = 0
    for (let at = 0; at < unit.length;) {
      if (this.#offset === this.#end) this.#begin()
      const until = Math.min(unit.length, at + this.#end - this.#offset)
      const isPart = this.#isBegun
      this.#isBegun = true
      this.#offset += until - at
      if (this.#delayMs !== 0) {
        kept ??= this.#context.keep(unit)
        if (at > from) this.#line.push(kept.subarray(from, at), 0)
        if (this.#delayMs === VANISHES) this.#options.vanished?.(until - at, isPart)
        else this.#line.push(kept.subarray(at, until), this.#delayMs, isPart)
        from = until
      }
      at = until
    }
    if (kept === undefined) return this.#line.write(unit, 0)
    if (from < unit.length) this.#line.push(kept.subarray(from), 0)
    this.#line.settle()
  }

  #longest(length: number): number {
    if (this.#offset === this.#end) this.#begin()
    let longest = this.#delayMs
    for (let left = length; left > 0;) {
      if (this.#offset === this.#end) this.#begin()
      longest = Math.max(longest, this.#delayMs)
      const step = Math.min(left, this.#end - this.#offset)
      this.#offset += step
      left -= step
    }
    return longest
  }

  #begin(): void {
    const { size } = this.#options
    this.#end = (Math.floor(this.#offset / size) + 1) * size
    this.#delayMs = this.#options.delayAt(this.#offset)
    this.#isBegun = false
  }
}
