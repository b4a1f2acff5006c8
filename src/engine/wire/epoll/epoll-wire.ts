import net from 'node:net'
import { closeReasonOf, HIGH_WATER_BYTES, ignore } from '../wire.ts'
import type { Address, CloseReason, Wire, WireHandler } from '../wire.ts'
import { errorName, linux, type Libc } from './libc.ts'
import { OUTBOX_BYTES, type Outbox } from './outbox.ts'
import type { Reactor, Watcher } from './reactor.ts'
import { READ_BYTES, type Slab } from './slab.ts'
import { nameOf } from './sockaddr.ts'
import type { Options } from './sockopt.ts'

const { EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, MSG_NOSIGNAL } = linux
const EAGAIN = 11
const EINTR = 4
const ECONNRESET = 104

/** What the wires of one transport share. */
export interface Shared {
  readonly libc: Libc
  readonly reactor: Reactor
  readonly slab: Slab
  readonly outbox: Outbox
  readonly onBug: (error: unknown) => void
  readonly options: Options
}

/** A connected socket in the reactor. The kernel is asked for less only when an unwanted event arrives: pausing is free. */
export class EpollWire implements Wire, Watcher {
  readonly fd: number
  #handler: WireHandler = ignore
  readonly #shared: Shared
  #remote: Address | undefined
  #local: Address | undefined
  #queue: Buffer[] | undefined
  #buffered = 0
  #corked = 0
  #paused = true
  /** Its owner waits to be told that everything is written. */
  #full = false
  /** Nobody has asked for it so far. */
  #hangupIsDue = false
  #hangupIsTold = false
  #peerEnded = false
  #ending = false
  #ended = false
  #gone = false

  /** `fd` is in the reactor, or put there next. */
  constructor(shared: Shared, fd: number, remote?: Address) {
    this.#shared = shared
    this.fd = fd
    this.#remote = remote
  }

  get handler(): WireHandler { return this.#handler }
  set handler(handler: WireHandler) {
    this.#handler = handler
    if (this.#hangupIsDue) queueMicrotask(() => this.#hangupLate())
  }

  get retainsWrites(): boolean { return false }
  get local(): Address { return this.#local ??= nameOf(this.#shared.libc, this.#gone ? -1 : this.fd, 'getsockname') }
  get remote(): Address { return this.#remote ??= nameOf(this.#shared.libc, this.#gone ? -1 : this.fd, 'getpeername') }
  get buffered(): number { return this.#buffered + this.#gathered }

  write(bytes: Buffer): boolean {
    if (this.#gone || this.#ending) return true
    if (this.#corked > 0 && this.#gather(bytes)) return true
    if (this.#buffered > 0) return this.#enqueue(bytes)
    const { slab, libc } = this.#shared
    const address = slab.addressOf(bytes)
    const sent = address === 0 ? libc.send(this.fd, bytes, bytes.length, MSG_NOSIGNAL) : libc.sendAt(this.fd, address, bytes.length, MSG_NOSIGNAL)
    return sent === bytes.length || this.#sentPart(bytes, sent)
  }

  writeText(text: string): boolean {
    if (this.#gone || this.#ending) return true
    if (!this.#gathers(text.length)) return this.write(Buffer.from(text, 'latin1'))
    if (this.#gone) return true
    this.#shared.outbox.putText(text)
    if (this.#corked === 0) this.pour()
    return !this.#full
  }

  cork(): void { this.#corked++ }
  uncork(): void { if (this.#corked > 0 && --this.#corked === 0) this.pour() }

  end(): void {
    if (this.#gone || this.#ending) return
    this.pour()
    this.#ending = true
    if (this.#buffered > 0) this.#full = true
    else if (!this.#gone) this.#finish()
  }

  close(): void { this.#release() }

  reset(): void {
    if (this.#gone) return
    this.#shared.options.resetOnClose(this.fd)
    this.#release()
  }

  stop(): void { this.#release() }
  pause(): void { this.#paused = true }

  resume(): void {
    this.#paused = false
    this.#hangupIsDue = false
    if (this.#gone) return
    const out = this.#buffered > 0 ? EPOLLOUT : 0
    this.#shared.reactor.watch(this.fd, this.#peerEnded ? out : out | EPOLLIN | EPOLLRDHUP)
  }

  keep(bytes: Buffer): Buffer { return this.#shared.slab.keep(bytes) }

  ready(events: number): void {
    try {
      if (events & EPOLLOUT) this.#flush()
      if (!this.#gone && events & ~EPOLLOUT) this.#receive(events)
    } catch (error) {
      this.#threw(error)
    }
  }

  /** Sends what has gathered. For the outbox, and for whatever must come after it. */
  pour(): void {
    const { outbox, libc } = this.#shared
    if (outbox.owner !== this) return
    const length = outbox.release()
    const sent = libc.sendAt(this.fd, outbox.address, length, MSG_NOSIGNAL)
    if (sent < length) this.#sentPart(outbox.buffer.subarray(0, length), sent)
  }

  /** Gives the descriptor to libuv, for TLS: no callback comes from here any more. Undefined when it is closed. */
  detach(): net.Socket | undefined {
    if (this.#gone) return undefined
    this.pour()
    if (this.#gone) return undefined
    const { reactor } = this.#shared
    this.#gone = true
    reactor.park(this.fd)
    reactor.forget(this.fd)
    const socket = new net.Socket({ fd: this.fd, allowHalfOpen: true, readable: true, writable: true })
    for (const bytes of this.#queue ?? []) socket.write(bytes)
    this.#queue = undefined
    if (this.#ending) socket.end()
    return socket
  }

  get #gathered(): number {
    const { outbox } = this.#shared
    return outbox.owner === this ? outbox.used : 0
  }

  #gather(bytes: Buffer): boolean {
    if (!this.#gathers(bytes.length)) return false
    if (!this.#gone) this.#shared.outbox.put(bytes)
    return true
  }

  /** The outbox is this wire's, with room for so much. False: it goes another way, behind what is queued or sent by now. */
  #gathers(length: number): boolean {
    if (length > OUTBOX_BYTES - this.#gathered) this.pour()
    if (length > OUTBOX_BYTES || this.#buffered > 0) return false
    if (!this.#gone) this.#shared.outbox.take(this)
    return true
  }

  #receive(events: number): void {
    if (this.#paused || this.#peerEnded) return this.#unwanted(events)
    const { libc, slab } = this.#shared
    const got = libc.recv(this.fd, slab.address, READ_BYTES, 0)
    if (got > 0) this.#handler.data(slab.view(got))
    else if (got === 0) this.#endOfPeer()
    else this.#failed(libc.errno())
  }

  #endOfPeer(): void {
    this.#peerEnded = true
    this.#unwatch(EPOLLIN | EPOLLRDHUP)
    this.#handler.ended()
    if (this.#ended) this.#lost('clean')
  }

  /** Nothing is read now. Hang-up and error cannot be masked, so a wire that is told of them leaves the set until it is resumed. */
  #unwanted(events: number): void {
    if (events & EPOLLERR) return this.#failed(this.#shared.options.takeError(this.fd) || ECONNRESET)
    if (events & EPOLLHUP) this.#shared.reactor.park(this.fd)
    else this.#unwatch(events & EPOLLRDHUP ? EPOLLIN | EPOLLRDHUP : EPOLLIN)
    if (events & EPOLLRDHUP && !this.#peerEnded) this.#hangup()
  }

  #hangup(): void {
    if (this.#hangupIsTold) return
    this.#hangupIsTold = this.#handler.hangup !== undefined
    this.#hangupIsDue = !this.#hangupIsTold
    this.#handler.hangup?.()
  }

  #hangupLate(): void {
    if (this.#gone || !this.#hangupIsDue) return
    try { this.#hangup() } catch (error) { this.#threw(error) }
  }

  #threw(error: unknown): void {
    this.reset()
    this.#shared.onBug(error)
  }

  #unwatch(events: number): void {
    const { reactor } = this.#shared
    if (!this.#gone) reactor.watch(this.fd, reactor.interest(this.fd) & ~events)
  }

  #enqueue(bytes: Buffer): boolean {
    const { reactor, slab } = this.#shared
    this.#queue ??= []
    this.#queue.push(slab.own(bytes))
    this.#buffered += bytes.length
    reactor.watch(this.fd, reactor.interest(this.fd) | EPOLLOUT)
    this.#full ||= this.#buffered > HIGH_WATER_BYTES
    return !this.#full
  }

  /** `sent` below zero: nothing, and errno says why. */
  #sentPart(bytes: Buffer, sent: number): boolean {
    if (sent < 0) this.#failed(this.#shared.libc.errno())
    return this.#gone || this.#enqueue(sent > 0 ? bytes.subarray(sent) : bytes)
  }

  #flush(): void {
    while (this.#buffered > 0) {
      const offered = this.#offer()
      const sent = this.#sendQueued(offered)
      if (sent < 0) return this.#failed(this.#shared.libc.errno())
      this.#dequeue(sent)
      if (sent < offered) return
    }
    this.#drained()
  }

  /** How many of the queued bytes go into one call: one large piece, or as many small ones as fit. */
  #offer(): number {
    const queue = this.#queue!
    let offered = queue[0]!.length
    for (let index = 1; index < queue.length && offered + queue[index]!.length <= OUTBOX_BYTES; index++) offered += queue[index]!.length
    return offered
  }

  #sendQueued(offered: number): number {
    const { libc, outbox } = this.#shared
    const queue = this.#queue!
    if (queue[0]!.length === offered) return libc.send(this.fd, queue[0], offered, MSG_NOSIGNAL)
    outbox.take(this)
    for (let index = 0; outbox.used < offered; index++) outbox.put(queue[index]!)
    outbox.release()
    return libc.sendAt(this.fd, outbox.address, offered, MSG_NOSIGNAL)
  }

  #dequeue(sent: number): void {
    const queue = this.#queue!
    let left = sent
    let whole = 0
    while (whole < queue.length && queue[whole]!.length <= left) left -= queue[whole++]!.length
    if (left > 0) queue[whole] = queue[whole]!.subarray(left)
    queue.splice(0, whole)
    this.#buffered -= sent
  }

  #drained(): void {
    this.#queue = undefined
    this.#unwatch(EPOLLOUT)
    const waits = this.#full
    this.#full = false
    if (this.#ending && !this.#ended) this.#finish()
    if (waits) this.#handler.drained()
  }

  #finish(): void {
    this.#ended = true
    this.#shared.libc.shutdown(this.fd, linux.SHUT_WR)
    if (this.#peerEnded) this.#lost('clean')
  }

  #failed(errno: number): void {
    if (errno !== EAGAIN && errno !== EINTR) this.#lost(closeReasonOf(errorName(errno)))
  }

  /** Told later: `write` and `end` can bring it about, and their caller is in the middle of something. */
  #lost(reason: CloseReason): void {
    if (this.#gone) return
    this.#release()
    queueMicrotask(() => {
      try { this.#handler.closed(reason) } catch (error) { this.#shared.onBug(error) }
    })
  }

  #release(): void {
    if (this.#gone) return
    const { outbox, reactor, libc } = this.#shared
    if (outbox.owner === this) outbox.release()
    this.#gone = true
    this.#queue = undefined
    this.#buffered = 0
    reactor.forget(this.fd)
    libc.close(this.fd)
  }
}
