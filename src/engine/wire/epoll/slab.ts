import { pin, type Libc, type Pinned } from './libc.ts'

/** What one read may bring: 256 KiB is where bulk stops getting faster. */
export const READ_BYTES = 256 * 1024
const SLAB_BYTES = 2 * READ_BYTES
const COPY_BELOW_BYTES = 8 * 1024
/** Short messages are alike, so a view of each length up to this is made once. */
const MOST_CACHED_BYTES = 2 * 1024
const LINE_BYTES = 64

/** One read buffer for all wires. Bytes that someone keeps are cut out of it, not copied. */
export class Slab {
  readonly #libc: Libc
  /** Every memory there was: bytes in them that are not read into again last. */
  readonly #memories = new WeakSet<ArrayBufferLike>()
  #memory!: Pinned
  #start = 0
  #views: (Buffer | undefined)[] = []
  #last: Buffer | undefined
  /** Where to read to. */
  address = 0

  constructor(libc: Libc) {
    this.#libc = libc
    this.#renew()
  }

  /** What the last read brought. */
  view(bytes: number): Buffer {
    const start = this.#start
    if (bytes > MOST_CACHED_BYTES) this.#last = this.#memory.buffer.subarray(start, start + bytes)
    else this.#last = this.#views[bytes] ??= this.#memory.buffer.subarray(start, start + bytes)
    return this.#last
  }

  /** Where these bytes are, when that is known; otherwise 0. */
  addressOf(bytes: Buffer): number {
    if (bytes === this.#last) return this.address
    return bytes.buffer === this.#memory.buffer.buffer ? this.#memory.address + bytes.byteOffset : 0
  }

  /** Bytes of the last read, made to last. Others are returned as they are. */
  keep(bytes: Buffer): Buffer {
    const end = bytes.byteOffset + bytes.length
    if (bytes.buffer !== this.#memory.buffer.buffer || end <= this.#start) return bytes
    if (bytes.length < COPY_BELOW_BYTES) return Buffer.from(bytes)
    this.#cut(end)
    return bytes
  }

  /** Bytes of anyone, made to last whatever their owner does with them. */
  own(bytes: Buffer): Buffer {
    return bytes.length >= COPY_BELOW_BYTES && this.#memories.has(bytes.buffer) ? this.keep(bytes) : Buffer.from(bytes)
  }

  #cut(end: number): void {
    this.#start = Math.ceil(end / LINE_BYTES) * LINE_BYTES
    this.address = this.#memory.address + this.#start
    this.#views = []
    this.#last = undefined
    if (this.#start + READ_BYTES > SLAB_BYTES) this.#renew()
  }

  #renew(): void {
    this.#memory = pin(this.#libc, SLAB_BYTES)
    this.#memories.add(this.#memory.buffer.buffer)
    this.#start = 0
    this.#views = []
    this.address = this.#memory.address
  }
}
