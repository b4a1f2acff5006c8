import net from 'node:net'
import { networkInterfaces } from 'node:os'
import { systemClock } from '../../kit/clock.ts'
import { capabilities, canOf, type CapabilityName } from './capabilities.ts'
import { bindDatagrams } from './datagrams.ts'
import { Dialer } from './dial.ts'
import { createTimeoutClock } from './heap-clock.ts'
import { NodeWire } from './node-wire.ts'
import { Securer } from './secure.ts'
import { codeOf, dialFailureOf, EXHAUSTED, HIGH_WATER_BYTES, ListenError } from './wire.ts'
import type {
  Address, DatagramOptions, DatagramSocket, DialFailure, Dialing, DialOptions, DialResult, Listener, ListenOptions, SecureOptions, SecureResult,
  SocketOptions, Transport, TransportOptions, Wire,
} from './wire.ts'

const BACKLOG = 4096

const optionsOf = ({ keepAliveMs }: SocketOptions) => ({
  allowHalfOpen: true, noDelay: true, highWaterMark: HIGH_WATER_BYTES,
  ...(keepAliveMs && { keepAlive: true, keepAliveInitialDelay: keepAliveMs }),
})

const notNumeric = () => Object.assign(new Error('not a numeric address'), { code: 'EINVAL' })

/** Node takes an unknown zone for none, and the dial for a link that is not there lasts until it times out. */
function hasZone(host: string): boolean {
  const [, zone] = host.split('%')
  return zone === undefined || /^\d+$/.test(zone) || zone in networkInterfaces()
}

/** `net.Socket` everywhere: what runs where epoll cannot. */
export class NodeTransport implements Transport {
  readonly name = 'node'
  readonly capabilities = capabilities
  readonly clock
  readonly #onBug: (error: unknown) => void
  readonly #open = new Set<{ close(): void }>()
  readonly #dialer: Dialer
  readonly #securer: Securer

  constructor({ onBug }: TransportOptions) {
    this.#onBug = onBug
    this.clock = createTimeoutClock(onBug)
    this.#dialer = new Dialer(systemClock, (address, options, settled) => this.#attempt(address, options, settled), onBug)
    this.#securer = new Securer(systemClock, onBug, this.#open)
  }

  can(name: CapabilityName): true | string { return canOf(name, 'node') }

  listen(options: ListenOptions, accepted: (wire: Wire) => void): Promise<Listener> {
    const { promise, resolve, reject } = Promise.withResolvers<Listener>()
    const failed = (error: unknown) => reject(new ListenError(options, codeOf(error)))
    const server = net.createServer(optionsOf(options))
    const { host, port, backlog = BACKLOG, ipv6Only = false } = options
    server.once('error', failed)
    try {
      if (net.isIP(host) === 0) throw notNumeric()
      server.listen({ host, port, backlog, ipv6Only }, () => {
        server.off('error', failed)
        const listener = new NodeListener(server, options, (socket) => this.#adopt(socket), (wire) => this.#handOver(wire, accepted), this.#onBug)
        this.#open.add(listener)
        server.on('close', () => this.#open.delete(listener))
        resolve(listener)
      })
    } catch (error) {
      failed(error)
    }
    return promise
  }

  dial(options: DialOptions, settled: (result: DialResult) => void): Dialing { return this.#dialer.dial(options, settled) }

  secure(wire: Wire, options: SecureOptions, settled: (result: SecureResult) => void): Dialing {
    return this.#securer.secure(wire, options, settled)
  }

  datagrams(options: DatagramOptions): Promise<DatagramSocket> { return bindDatagrams(options, this.#onBug, this.#open) }

  stop(): void {
    this.#dialer.stop()
    this.clock.stop()
    for (const item of this.#open) item.close()
    this.#open.clear()
  }

  #attempt({ host, port }: Address, options: DialOptions, settled: (outcome: Wire | DialFailure) => void): Dialing {
    const { bind } = options
    const local = bind ? { localAddress: bind.host, localPort: bind.port ?? 0 } : {}
    const socket = new net.Socket(optionsOf(options))
    const failed = (error: Error) => settled(dialFailureOf(codeOf(error)))
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.off('error', failed)
      settled(this.#adopt(socket))
    })
    try {
      if (net.isIP(host) === 0 || !hasZone(host)) throw notNumeric()
      socket.connect({ host, port, ...local, autoSelectFamily: false })
    } catch (error) {
      socket.destroy(error as Error)
    }
    return { cancel: () => { socket.off('error', failed); socket.on('error', () => {}); socket.destroy() } }
  }

  #handOver(wire: Wire, accepted: (wire: Wire) => void): void {
    try {
      accepted(wire)
    } catch (error) {
      wire.reset()
      this.#onBug(error)
    }
  }

  #adopt(socket: net.Socket): Wire {
    const wire = new NodeWire(socket, this.#onBug)
    this.#open.add(wire)
    socket.on('close', () => this.#open.delete(wire))
    return wire
  }
}

/** Node cannot stop accepting, so a paused listener holds what comes, as many as the backlog would. */
class NodeListener implements Listener {
  readonly address: Address
  readonly #server: net.Server
  readonly #options: ListenOptions
  readonly #adopt: (socket: net.Socket) => Wire
  readonly #accept: (wire: Wire) => void
  readonly #onBug: (error: unknown) => void
  readonly #waiting: { readonly socket: net.Socket; readonly wire: Wire }[] = []
  #paused = false
  #exhausted = false

  constructor(
    server: net.Server, options: ListenOptions,
    adopt: (socket: net.Socket) => Wire, accept: (wire: Wire) => void, onBug: (error: unknown) => void,
  ) {
    const { address, port } = server.address() as net.AddressInfo
    this.address = { host: address, port }
    this.#server = server
    this.#options = options
    this.#adopt = adopt
    this.#accept = accept
    this.#onBug = onBug
    server.on('connection', (socket) => this.#accepted(socket))
    server.on('error', (error) => this.#acceptFailed(codeOf(error)))
  }

  pause(): void { this.#paused = true }

  resume(): void {
    this.#paused = false
    while (!this.#paused && this.#waiting.length > 0) {
      const { socket, wire } = this.#waiting.shift()!
      if (!socket.destroyed) this.#accept(wire)
    }
  }

  close(): void {
    for (const { wire } of this.#waiting.splice(0)) wire.close()
    this.#server.close()
  }

  #accepted(socket: net.Socket): void {
    this.#exhausted = false
    const wire = this.#adopt(socket)
    if (!this.#paused) this.#accept(wire)
    else if (this.#waiting.length >= (this.#options.backlog ?? BACKLOG)) wire.reset()
    else this.#waiting.push({ socket, wire })
  }

  /** The listener goes on, whatever it was. */
  #acceptFailed(code: string): void {
    if (!EXHAUSTED.has(code) || this.#exhausted) return
    this.#exhausted = true
    try { this.#options.onExhausted?.() } catch (error) { this.#onBug(error) }
  }
}
