import type { SocketOptions } from '../wire.ts'
import { linux, pin, type Libc, type Pinned } from './libc.ts'

/** As libuv has it: a peer that does not answer ten questions a second apart is gone. */
const KEEP_ALIVE_INTERVAL_S = 1
const KEEP_ALIVE_PROBES = 10

/** Sets options that are one `int`. */
export class OptionSetter {
  readonly #libc: Libc
  readonly #value: Pinned

  constructor(libc: Libc) {
    this.#libc = libc
    this.#value = pin(libc, 4)
  }

  set(fd: number, level: number, option: number, value: number): void {
    this.#value.buffer.writeInt32LE(value, 0)
    this.#libc.setsockopt(fd, level, option, this.#value.address, 4)
  }

  /** On a listening socket, what it accepts has the same options. */
  setUp(fd: number, { keepAliveMs, receiveBufferBytes, sendBufferBytes }: SocketOptions): void {
    this.set(fd, linux.IPPROTO_TCP, linux.TCP_NODELAY, 1)
    if (receiveBufferBytes) this.set(fd, linux.SOL_SOCKET, linux.SO_RCVBUF, receiveBufferBytes)
    if (sendBufferBytes) this.set(fd, linux.SOL_SOCKET, linux.SO_SNDBUF, sendBufferBytes)
    if (!keepAliveMs) return
    this.set(fd, linux.SOL_SOCKET, linux.SO_KEEPALIVE, 1)
    this.set(fd, linux.IPPROTO_TCP, linux.TCP_KEEPIDLE, Math.max(1, Math.round(keepAliveMs / 1000)))
    this.set(fd, linux.IPPROTO_TCP, linux.TCP_KEEPINTVL, KEEP_ALIVE_INTERVAL_S)
    this.set(fd, linux.IPPROTO_TCP, linux.TCP_KEEPCNT, KEEP_ALIVE_PROBES)
  }
}

/** Why the socket failed; 0: it did not. Asking clears it. */
export function socketError(libc: Libc, fd: number): number {
  const value = Buffer.alloc(4)
  libc.getsockopt(fd, linux.SOL_SOCKET, linux.SO_ERROR, value, Buffer.from([4, 0, 0, 0]))
  return value.readInt32LE(0)
}

/** `{ 1, 0 }`: linger on, for zero seconds, so that close sends RST. */
export function lingerZero(libc: Libc): Pinned {
  const memory = pin(libc, 8)
  memory.buffer.writeInt32LE(1, 0)
  return memory
}
