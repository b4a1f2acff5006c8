import { HeapClock } from '../heap-clock.ts'
import type { Alarm } from '../heap-clock.ts'
import { linux, pin, type Pinned } from './libc.ts'
import type { Reactor, Watcher } from './reactor.ts'

/** The kernel's timer, with its resolution instead of libuv's whole milliseconds. */
class Timerfd implements Alarm, Watcher {
  readonly #reactor: Reactor
  readonly #fd: number
  readonly #spec: Pinned
  readonly #times: BigInt64Array
  #holds = false
  /** Told when it is due. */
  ring = (): void => {}

  constructor(reactor: Reactor) {
    const { libc } = reactor
    this.#reactor = reactor
    this.#fd = libc.timerfd_create(linux.CLOCK_MONOTONIC, linux.O_NONBLOCK | linux.O_CLOEXEC)
    this.#spec = pin(libc, 40)
    this.#times = new BigInt64Array(this.#spec.buffer.buffer)
    if (!reactor.add(this.#fd, linux.EPOLLIN, this)) throw new Error('cannot watch a timerfd')
    reactor.release()
  }

  set(inMs: number): void {
    if (!this.#holds) this.#reactor.hold()
    this.#holds = true
    const nanoseconds = Math.max(1, Math.ceil(inMs * 1e6))
    this.#times[2] = BigInt(Math.floor(nanoseconds / 1e9))
    this.#times[3] = BigInt(nanoseconds % 1e9)
    this.#reactor.libc.timerfd_settime(this.#fd, 0, this.#spec.address, null)
  }

  clear(): void {
    if (this.#holds) this.#reactor.release()
    this.#holds = false
  }

  ready(): void {
    this.#reactor.libc.read(this.#fd, this.#spec.address + 32, 8)
    this.ring()
  }

  stop(): void {
    this.#reactor.hold()
    this.#reactor.forget(this.#fd)
    this.#reactor.libc.close(this.#fd)
  }
}

export function createTimerfdClock(reactor: Reactor, onBug: (error: unknown) => void): HeapClock {
  const alarm = new Timerfd(reactor)
  const clock = new HeapClock(alarm, onBug)
  alarm.ring = () => clock.ring()
  return clock
}
