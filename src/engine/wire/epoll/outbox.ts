import { pin, type Libc, type Pinned } from './libc.ts'

/** What may gather before it is sent. */
export const OUTBOX_BYTES = 64 * 1024

/** Small writes on their way into one system call, at an address C takes as a number. It serves one wire at a time. */
export class Outbox {
  readonly buffer: Buffer
  readonly address: number
  owner: { pour(): void } | undefined
  used = 0

  constructor(libc: Libc) {
    const memory: Pinned = pin(libc, OUTBOX_BYTES)
    this.buffer = memory.buffer
    this.address = memory.address
  }

  /** Whoever used it before sends first. */
  take(owner: { pour(): void }): void {
    if (this.owner === owner) return
    this.owner?.pour()
    this.owner = owner
  }

  put(bytes: Buffer): void {
    this.buffer.set(bytes, this.used)
    this.used += bytes.length
  }

  putText(text: string): void { this.used += this.buffer.write(text, this.used, 'latin1') }

  /** Empties it; how much was in it. */
  release(): number {
    const { used } = this
    this.used = 0
    this.owner = undefined
    return used
  }
}
