import type { SocketOptions } from '../wire.ts'
import { linux, pin, type Libc, type Pinned } from './libc.ts'

/** Reads and sets socket options, through one piece of memory: an option's value and its length. */
export class Options {
  readonly #libc: Libc
  readonly #memory: Pinned

  constructor(libc: Libc) {
    this.#libc = libc
    this.#memory = pin(libc, 8)
  }

  set(fd: number, level: number, option: number, value: number): void {
    this.#memory.buffer.writeInt32LE(value, 0)
    this.#libc.setsockopt(fd, level, option, this.#memory.address, 4)
  }

  /** On a listening socket, what it accepts has the same options. */
  setUp(fd: number, { keepAliveMs, receiveBufferBytes, sendBufferBytes }: SocketOptions): void {
    this.set(fd, linux.IPPROTO_TCP, linux.TCP_NODELAY, 1)
    if (receiveBufferBytes) this.set(fd, linux.SOL_SOCKET, linux.SO_RCVBUF, receiveBufferBytes)
    if (sendBufferBytes) this.set(fd, linux.SOL_SOCKET, linux.SO_SNDBUF, sendBufferBytes)
    if (!keepAliveMs) return
    this.set(fd, linux.SOL_SOCKET, linux.SO_KEEPALIVE, 1)
    this.set(fd, linux.IPPROTO_TCP, linux.TCP_KEEPIDLE, Math.max(1, Math.round(keepAliveMs / 1000)))
  }

  /** Linger for no time at all: close sends RST. */
  resetOnClose(fd: number): void {
    const { buffer, address } = this.#memory
    buffer.writeInt32LE(1, 0)
    buffer.writeInt32LE(0, 4)
    this.#libc.setsockopt(fd, linux.SOL_SOCKET, linux.SO_LINGER, address, 8)
  }

  /** The errno of what happened to the socket; 0: nothing did. Asking clears it. */
  takeError(fd: number): number {
    const { buffer, address } = this.#memory
    buffer.writeInt32LE(0, 0)
    buffer.writeInt32LE(4, 4)
    this.#libc.getsockopt(fd, linux.SOL_SOCKET, linux.SO_ERROR, address, address + 4)
    return buffer.readInt32LE(0)
  }
}
