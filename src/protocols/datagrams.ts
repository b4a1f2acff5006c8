import type { Clock, Timer } from '../kit/clock.ts'
import type { LiveConnection } from '../engine/connections.ts'
import type { Engine } from '../engine/engine.ts'
import type { Service } from '../engine/protocol.ts'
import type { Cancellable } from '../engine/resolver.ts'
import type { Address, DatagramSocket } from '../engine/wire/wire.ts'

/** Sessions at once on one mapping; the oldest goes when a new client comes. */
const MAX_SESSIONS = 4096
/** Datagrams that wait for a name to be found; later ones are dropped, as a full queue drops them on a network. */
const MAX_WAITING_BYTES = 256 * 1024

/** Passes datagrams both ways: one upstream socket for each client address, any number of answers, until it is idle. */
export function serveSessions(engine: Engine, service: Service, socket: DatagramSocket): () => void {
  const sessions = new Map<string, Session>()
  socket.handler = {
    message(bytes, from) {
      const name = `${from.host}:${from.port}`
      let session = sessions.get(name)
      if (!session) {
        if (sessions.size >= MAX_SESSIONS) sessions.values().next().value!.end('evicted')
        session = new Session(engine, service, socket, from, () => sessions.delete(name))
        sessions.set(name, session)
        session.open()
      }
      session.send(bytes)
    },
    error: () => {},
  }
  return () => { for (const session of [...sessions.values()]) session.end('closed') }
}

class Session implements LiveConnection {
  readonly id: number
  readonly proxy: string
  readonly client: string
  readonly openedAtMs: number
  readonly faults: readonly string[] = []
  readonly isBusy = false
  bytesUp = 0
  bytesDown = 0
  readonly #engine: Engine
  readonly #service: Service
  readonly #socket: DatagramSocket
  readonly #from: Address
  readonly #gone: () => void
  readonly #clock: Clock
  readonly #waiting: Buffer[] = []
  #waitingBytes = 0
  #upstream: DatagramSocket | undefined
  #to: Address | undefined
  #step: Cancellable | undefined
  #timer: Timer
  #lastAtMs: number
  #ended = false

  constructor(engine: Engine, service: Service, socket: DatagramSocket, from: Address, gone: () => void) {
    this.#engine = engine
    this.#service = service
    this.#socket = socket
    this.#from = from
    this.#gone = gone
    this.#clock = engine.clock
    this.id = engine.connections.nextId()
    this.proxy = service.name
    this.client = `${from.host}:${from.port}`
    this.openedAtMs = this.#lastAtMs = engine.clock.now()
    this.#timer = this.#clock.setTimer(engine.limits.udpIdleTimeoutMs, () => this.#expire())
  }

  open(): void {
    const engine = this.#engine
    engine.connections.add(this)
    engine.bus.emit('connection.opened', { connection: this.id, proxy: this.proxy, client: this.client })
    const { host, port } = this.#service.mapping!.upstream
    this.#step = engine.resolver.lookup(host, engine.limits.dnsTimeoutMs, (result) => {
      if ('cause' in result) this.end(result.cause)
      else if (result.addresses.some((address) => engine.isSelf(address, port, true))) this.end('loop')
      else void this.#connect(result.addresses)
    })
  }

  send(bytes: Buffer): void {
    this.#lastAtMs = this.#clock.now()
    if (this.#upstream) {
      this.bytesUp += bytes.length
      this.#upstream.send(bytes, this.#to!)
    } else if (this.#waitingBytes + bytes.length <= MAX_WAITING_BYTES) {
      this.#waiting.push(Buffer.from(bytes))
      this.#waitingBytes += bytes.length
    }
  }

  close(): void { this.end('closed') }
  reset(): void { this.end('reset') }
  drain(): void { this.end('drained') }

  end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#step?.cancel()
    this.#timer.cancel()
    this.#upstream?.close()
    this.#gone()
    const { connections, bus } = this.#engine
    connections.remove(this)
    bus.emit('connection.closed', { connection: this.id, proxy: this.proxy, reason, bytesUp: this.bytesUp, bytesDown: this.bytesDown, durationMs: this.#clock.now() - this.openedAtMs })
  }

  async #connect(addresses: readonly string[]): Promise<void> {
    const { port } = this.#service.mapping!.upstream
    for (const host of addresses) {
      try {
        const upstream = await this.#engine.transport.datagrams({ host: host.includes(':') ? '::' : '0.0.0.0', port: 0 })
        if (this.#ended) return upstream.close()
        return this.#connected(upstream, { host, port })
      } catch {
        // The machine lacks this family, or is out of descriptors: the next address may do.
      }
    }
    this.end('unreachable')
  }

  #connected(upstream: DatagramSocket, to: Address): void {
    this.#upstream = upstream
    this.#to = to
    upstream.handler = {
      message: (bytes, from) => {
        if (from.port !== to.port || from.host !== to.host) return
        this.#lastAtMs = this.#clock.now()
        this.bytesDown += bytes.length
        this.#socket.send(bytes, this.#from)
      },
      error: () => {},
    }
    for (const bytes of this.#waiting.splice(0)) this.send(bytes)
  }

  #expire(): void {
    const { udpIdleTimeoutMs } = this.#engine.limits
    const idleMs = this.#clock.now() - this.#lastAtMs
    if (idleMs >= udpIdleTimeoutMs) return this.end('idle')
    this.#timer = this.#clock.setTimer(udpIdleTimeoutMs - idleMs, () => this.#expire())
  }
}
