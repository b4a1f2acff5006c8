import { systemClock } from '../../../kit/clock.ts'
import { capabilities, canOf, type CapabilityName } from '../capabilities.ts'
import { bindDatagrams } from '../datagrams.ts'
import { Dialer } from '../dial.ts'
import type { HeapClock } from '../heap-clock.ts'
import { Securer } from '../secure.ts'
import { dialFailureOf, ListenError } from '../wire.ts'
import type {
  Address, DatagramOptions, DatagramSocket, DialFailure, Dialing, DialOptions, DialResult, Listener, ListenOptions, SecureOptions, SecureResult,
  Transport, TransportOptions, Wire,
} from '../wire.ts'
import { Acceptor } from './acceptor.ts'
import { EpollWire, type Shared } from './epoll-wire.ts'
import { errorName, linux, type Libc } from './libc.ts'
import { Outbox } from './outbox.ts'
import { Reactor } from './reactor.ts'
import { Slab } from './slab.ts'
import { encodeAddress } from './sockaddr.ts'
import { Options } from './sockopt.ts'
import { createTimerfdClock } from './timerfd.ts'

const EINPROGRESS = 115
const BACKLOG = 4096
const STREAM = linux.SOCK_STREAM | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC

/** Sockets straight on the kernel. TLS and datagrams are the runtime's, in the same loop. */
export class EpollTransport implements Transport {
  readonly name = 'epoll'
  readonly capabilities = capabilities
  readonly clock: HeapClock
  readonly #shared: Shared
  readonly #encoded = new WeakMap<Address, Buffer>()
  readonly #dialer: Dialer
  readonly #securer: Securer
  /** What is not in the reactor. */
  readonly #open = new Set<{ close(): void }>()

  constructor(libc: Libc, { onBug }: TransportOptions) {
    const reactor = new Reactor(libc, onBug)
    this.clock = createTimerfdClock(reactor, onBug)
    this.#shared = { libc, reactor, slab: new Slab(libc), outbox: new Outbox(libc), options: new Options(libc), onBug }
    this.#dialer = new Dialer(systemClock, (address, options, settled) => this.#attempt(address, options, settled), onBug)
    this.#securer = new Securer(systemClock, onBug, this.#open)
  }

  can(name: CapabilityName): true | string { return canOf(name, 'epoll') }

  async listen(options: ListenOptions, accepted: (wire: Wire) => void): Promise<Listener> {
    const { libc, options: sockopt } = this.#shared
    const address = encodeAddress(libc, options)
    if (!address) throw new ListenError(options, 'EINVAL')
    const fd = libc.socket(address.readUInt16LE(0), STREAM, 0)
    const fail = (): never => {
      const code = errorName(libc.errno())
      if (fd >= 0) libc.close(fd)
      throw new ListenError(options, code)
    }
    if (fd < 0) fail()
    sockopt.set(fd, linux.SOL_SOCKET, linux.SO_REUSEADDR, 1)
    if (options.host.includes(':')) sockopt.set(fd, linux.IPPROTO_IPV6, linux.IPV6_V6ONLY, options.ipv6Only ? 1 : 0)
    sockopt.setUp(fd, options)
    if (libc.bind(fd, address, address.length) < 0 || libc.listen(fd, options.backlog ?? BACKLOG) < 0) fail()
    return new Acceptor(this.#shared, fd, options, accepted)
  }

  dial(options: DialOptions, settled: (result: DialResult) => void): Dialing { return this.#dialer.dial(options, settled) }

  secure(wire: Wire, options: SecureOptions, settled: (result: SecureResult) => void): Dialing {
    return this.#securer.secure(wire, options, settled)
  }

  datagrams(options: DatagramOptions): Promise<DatagramSocket> { return bindDatagrams(options, this.#shared.onBug, this.#open) }

  stop(): void {
    this.#dialer.stop()
    this.clock.stop()
    for (const item of this.#open) item.close()
    this.#open.clear()
    this.#shared.reactor.stop()
  }

  #attempt(address: Address, options: DialOptions, settled: (outcome: Wire | DialFailure) => void): Dialing {
    const { libc, reactor } = this.#shared
    const fd = this.#connect(address, options)
    if (typeof fd === 'string') return failLater(dialFailureOf(fd), settled)
    let over = false
    const abandon = () => {
      if (over) return
      over = true
      reactor.forget(fd)
      libc.close(fd)
    }
    const ready = () => {
      const errno = this.#shared.options.takeError(fd)
      if (errno !== 0) {
        abandon()
        return settled(dialFailureOf(errorName(errno)))
      }
      over = true
      const wire = new EpollWire(this.#shared, fd)
      reactor.handOver(fd, wire)
      settled(wire)
    }
    if (reactor.add(fd, linux.EPOLLOUT | linux.EPOLLRDHUP, { ready, stop: abandon })) return { cancel: abandon }
    libc.close(fd)
    return failLater('exhausted', settled)
  }

  /** The descriptor, or the name of what went wrong. */
  #connect(to: Address, options: DialOptions): number | string {
    const { libc } = this.#shared
    const { bind } = options
    const target = this.#encode(to)
    const local = bind && encodeAddress(libc, { host: bind.host, port: bind.port ?? 0 })
    if (!target || (bind && !local)) return 'EINVAL'
    const fd = libc.socket(target.readUInt16LE(0), STREAM, 0)
    if (fd < 0) return errorName(libc.errno())
    this.#shared.options.setUp(fd, options)
    if ((!local || libc.bind(fd, local, local.length) === 0) && libc.connect(fd, target, target.length) === 0) return fd
    const errno = libc.errno()
    if (errno === EINPROGRESS) return fd
    libc.close(fd)
    return errorName(errno)
  }

  #encode(address: Address): Buffer | undefined {
    let bytes = this.#encoded.get(address)
    if (!bytes && (bytes = encodeAddress(this.#shared.libc, address))) this.#encoded.set(address, bytes)
    return bytes
  }
}

function failLater(failure: DialFailure, settled: (outcome: DialFailure) => void): Dialing {
  const failed = setImmediate(() => settled(failure))
  return { cancel: () => clearImmediate(failed) }
}
