import { performance } from 'node:perf_hooks'
import { errorName, linux, pin, type Libc, type Pinned } from './libc.ts'

export interface Watcher {
  ready(events: number): void
  /** The reactor stops: let go of the descriptor. */
  stop(): void
}

const PARKED = -1
/** Of the tables, which grow with the largest descriptor. */
const FIRST_SIZE = 1024
const BATCH = 256
/** Timers, TLS and promises wait at most this long, plus a few events. */
const TURN_MS = 1
/** Asking again costs less than a trip through libuv's loop, and under load there is nearly always an answer. */
const ROUNDS = 8
const EVENTS_PER_LOOK_AT_THE_CLOCK = 8

/**
 * One epoll set, itself watched by libuv's loop: JavaScript is entered once for a batch, not once for a socket.
 *
 *   sockets ─┐
 *   timerfd ─┴─▶ epoll set ─▶ uv_poll in libuv's loop ─▶ #turn ─▶ watcher.ready
 *
 * Level-triggered throughout, so an event that is dropped or comes late is told again.
 */
export class Reactor {
  readonly libc: Libc
  readonly #set: number
  readonly #events: Pinned
  readonly #words: Uint32Array
  /** The kernel packs `struct epoll_event` on x64 only. */
  readonly #wordsPerEvent: number
  readonly #fdWord: number
  readonly #control: Pinned
  readonly #controlWords: Uint32Array
  /** By descriptor: who is told, what the kernel was asked for, and which owner of the number this is. */
  readonly #watchers: (Watcher | undefined)[] = Array.from({ length: FIRST_SIZE }, () => undefined)
  #interests = new Int32Array(FIRST_SIZE)
  #generations = new Uint32Array(FIRST_SIZE)
  readonly #handle: unknown
  readonly #callback: bigint
  readonly #onBug: (error: unknown) => void
  #generation = 0
  #holds = 0
  #count = 0
  #next = 0
  #stopped = false

  constructor(libc: Libc, onBug: (error: unknown) => void) {
    this.libc = libc
    this.#onBug = onBug
    this.#wordsPerEvent = libc.arch === 'x64' ? 3 : 4
    this.#fdWord = libc.arch === 'x64' ? 1 : 2
    this.#set = libc.epoll_create1(linux.O_CLOEXEC)
    if (this.#set < 0) throw new Error(`cannot create an epoll set: ${errorName(libc.errno())}`)
    this.#events = pin(libc, BATCH * this.#wordsPerEvent * 4)
    this.#words = new Uint32Array(this.#events.buffer.buffer)
    this.#control = pin(libc, 16)
    this.#controlWords = new Uint32Array(this.#control.buffer.buffer)
    const { koffi } = libc
    const PollCallback = koffi.proto('void (void*, int, int)')
    this.#callback = koffi.register(() => this.#enter(), koffi.pointer(PollCallback))
    this.#handle = koffi.alloc('char', Number(libc.uv_handle_size(linux.UV_POLL)))
    const failed = libc.uv_poll_init(libc.uv_default_loop(), this.#handle, this.#set)
    if (failed < 0) throw new Error(`libuv does not watch the epoll set: ${errorName(-failed)}`)
  }

  /** Keeps the process alive while it is there. False when the kernel refuses. */
  add(fd: number, events: number, watcher: Watcher): boolean {
    if (fd >= this.#interests.length) this.#grow(fd)
    const generation = this.#generation = (this.#generation + 1) >>> 0
    if (this.#stopped || this.#tell(linux.EPOLL_CTL_ADD, fd, events, generation) < 0) return false
    this.#watchers[fd] = watcher
    this.#interests[fd] = events
    this.#generations[fd] = generation
    this.hold()
    return true
  }

  /** The same descriptor, told to another one from now on. */
  handOver(fd: number, watcher: Watcher): void { this.#watchers[fd] = watcher }

  /** What the kernel was asked for; nothing while parked. */
  interest(fd: number): number { return Math.max(0, this.#interests[fd]!) }

  watch(fd: number, events: number): void {
    const before = this.#interests[fd]!
    if (before === events || !this.#watchers[fd]) return
    this.#interests[fd] = events
    this.#tell(before === PARKED ? linux.EPOLL_CTL_ADD : linux.EPOLL_CTL_MOD, fd, events, this.#generations[fd]!)
  }

  /** Out of the set until the next `watch`, for hang-ups, which cannot be masked and would be told for ever. */
  park(fd: number): void {
    if (!this.#watchers[fd] || this.#interests[fd] === PARKED) return
    this.#interests[fd] = PARKED
    this.#tell(linux.EPOLL_CTL_DEL, fd, 0, 0)
  }

  /**
   * Before the descriptor is closed, always: its number comes back with the next accept.
   * Closing takes it out of the set, so no call is made here.
   */
  forget(fd: number): void {
    if (!this.#watchers[fd]) return
    this.#watchers[fd] = undefined
    this.release()
  }

  /** The loop is watched, and the process kept alive, while anything holds. */
  hold(): void {
    if (this.#holds++ === 0) this.libc.uv_poll_start(this.#handle, linux.UV_READABLE, this.#callback)
  }

  release(): void {
    if (--this.#holds === 0) this.libc.uv_poll_stop(this.#handle)
  }

  /** Closes everything. The memory of the handle is libuv's until its close phase, and the callback may be on the stack. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    for (const watcher of this.#watchers) watcher?.stop()
    this.libc.uv_poll_stop(this.#handle)
    this.libc.uv_close(this.#handle, null)
    this.libc.close(this.#set)
    setImmediate(() => setImmediate(() => {
      this.libc.koffi.unregister(this.#callback)
      this.libc.koffi.free(this.#handle)
    }))
  }

  guard(call: () => void): void {
    try { call() } catch (error) { this.#onBug(error) }
  }

  /** Nothing may escape into C: an exception left pending there blocks every later callback of the process. */
  #enter(): void {
    try { this.#turn() } catch (error) { this.#onBug(error) }
  }

  /** Goes on where the last turn ran out of time, so the sockets at the end of a batch get their share. */
  #turn(): void {
    const endAt = performance.now() + TURN_MS
    let work = 0
    for (let round = 0; round < ROUNDS; round++) {
      if (this.#next >= this.#count && !this.#fetch()) return
      while (this.#next < this.#count) {
        this.#dispatch(this.#next++)
        if (++work % EVENTS_PER_LOOK_AT_THE_CLOCK === 0 && performance.now() > endAt) return
      }
    }
  }

  #fetch(): boolean {
    this.#next = 0
    this.#count = this.#stopped ? 0 : Math.max(0, this.libc.epoll_wait(this.#set, this.#events.address, BATCH, 0))
    return this.#count > 0
  }

  /** The generation travels with the event: one that outlived its socket does not reach the next owner of the number. */
  #dispatch(index: number): void {
    const at = index * this.#wordsPerEvent
    const fd = this.#words[at + this.#fdWord]!
    const watcher = this.#watchers[fd]
    if (watcher && this.#generations[fd] === this.#words[at + this.#fdWord + 1]) watcher.ready(this.#words[at]!)
  }

  #tell(operation: number, fd: number, events: number, generation: number): number {
    const words = this.#controlWords
    words[0] = events
    words[this.#fdWord] = fd
    words[this.#fdWord + 1] = generation
    return this.libc.epoll_ctl(this.#set, operation, fd, this.#control.address)
  }

  #grow(fd: number): void {
    const size = Math.max(fd + 1, this.#interests.length * 2)
    while (this.#watchers.length < size) this.#watchers.push(undefined)
    const interests = this.#interests
    const generations = this.#generations
    this.#interests = new Int32Array(size)
    this.#interests.set(interests)
    this.#generations = new Uint32Array(size)
    this.#generations.set(generations)
  }
}
