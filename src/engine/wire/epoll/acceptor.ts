import { EXHAUSTED } from '../wire.ts'
import type { Address, Listener, ListenOptions, Wire } from '../wire.ts'
import { EpollWire, type Shared } from './epoll-wire.ts'
import { errorName, linux, pin, type Pinned } from './libc.ts'
import type { Watcher } from './reactor.ts'
import { decodeAddress, nameOf, SOCKADDR_BYTES } from './sockaddr.ts'

const ACCEPTS_PER_TURN = 32
const ACCEPT_AGAIN_MS = 50
const EAGAIN = 11
/** Of the connection that was to be accepted, not of the listener (accept(2)). */
const OF_ONE_CONNECTION = new Set(['EINTR', 'ECONNABORTED', 'EPROTO', 'EPERM', 'ENETDOWN', 'ENETUNREACH', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENONET', 'ENOPROTOOPT', 'EOPNOTSUPP'])

/** A listening socket. No error of accept ends it. */
export class Acceptor implements Listener, Watcher {
  readonly address: Address
  readonly #shared: Shared
  readonly #fd: number
  readonly #options: ListenOptions
  readonly #accepted: (wire: Wire) => void
  readonly #peer: Pinned
  #away: NodeJS.Timeout | undefined
  #paused = false
  #exhausted = false
  #closed = false

  constructor(shared: Shared, fd: number, options: ListenOptions, accepted: (wire: Wire) => void) {
    this.#shared = shared
    this.#fd = fd
    this.#options = options
    this.#accepted = accepted
    this.#peer = pin(shared.libc, SOCKADDR_BYTES + 4)
    this.address = nameOf(shared.libc, fd, 'getsockname')
    shared.reactor.add(fd, linux.EPOLLIN, this)
  }

  ready(): void {
    const { libc } = this.#shared
    const { buffer, address } = this.#peer
    for (let count = 0; count < ACCEPTS_PER_TURN && !this.#closed && !this.#paused; count++) {
      buffer.writeUInt32LE(SOCKADDR_BYTES, SOCKADDR_BYTES)
      const fd = libc.accept4(this.#fd, address, address + SOCKADDR_BYTES, linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC)
      if (fd >= 0) this.#adopt(fd, decodeAddress(libc, buffer))
      else if (!this.#goesOnAfter(libc.errno())) return
    }
  }

  pause(): void {
    this.#paused = true
    this.#watch()
  }

  resume(): void {
    this.#paused = false
    this.#watch()
  }

  close(): void { this.stop() }

  stop(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#away)
    this.#shared.reactor.forget(this.#fd)
    this.#shared.libc.close(this.#fd)
  }

  #adopt(fd: number, remote: Address): void {
    const { reactor, libc, onBug } = this.#shared
    this.#exhausted = false
    const wire = new EpollWire(this.#shared, fd, remote)
    if (!reactor.add(fd, linux.EPOLLRDHUP, wire)) return void libc.close(fd)
    try {
      this.#accepted(wire)
    } catch (error) {
      wire.reset()
      onBug(error)
    }
  }

  /** Without a descriptor the connection stays in the backlog and would be told for ever, so look away for a moment. */
  #goesOnAfter(errno: number): boolean {
    if (errno === EAGAIN) return false
    const code = errorName(errno)
    if (OF_ONE_CONNECTION.has(code)) return true
    const onset = EXHAUSTED.has(code) && !this.#exhausted
    this.#exhausted ||= onset
    this.#away = setTimeout(() => {
      this.#away = undefined
      this.#watch()
    }, ACCEPT_AGAIN_MS)
    this.#watch()
    if (onset) this.#shared.reactor.guard(() => this.#options.onExhausted?.())
    return false
  }

  #watch(): void {
    if (!this.#closed) this.#shared.reactor.watch(this.#fd, this.#paused || this.#away ? 0 : linux.EPOLLIN)
  }
}
