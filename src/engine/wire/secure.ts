import net from 'node:net'
import tls from 'node:tls'
import type { Clock, Timer } from '../../kit/clock.ts'
import { NodeWire } from './node-wire.ts'
import { codeOf, HIGH_WATER_BYTES } from './wire.ts'
import type { Dialing, SecureOptions, SecureResult, Wire } from './wire.ts'

/** A wire that can give its socket to somebody else. Undefined when it is closed already. */
interface Detachable { detach(): net.Socket | undefined }
const isDetachable = (wire: object): wire is Detachable => 'detach' in wire

const MOST_CONTEXTS = 256

/** Begins TLS on the wires of one transport. `open` holds what stays open until the transport stops. */
export class Securer {
  readonly #clock: Clock
  readonly #onBug: (error: unknown) => void
  readonly #open: Set<{ close(): void }>
  readonly #contexts = new Map<string, tls.SecureContext>()

  constructor(clock: Clock, onBug: (error: unknown) => void, open: Set<{ close(): void }>) {
    this.#clock = clock
    this.#onBug = onBug
    this.#open = open
  }

  secure(wire: Wire, options: SecureOptions, settled: (result: SecureResult) => void): Dialing {
    const handshake: Handshake = new Handshake((result) => {
      this.#open.delete(handshake)
      if (result) this.#tell(result, settled)
    })
    this.#open.add(handshake)
    handshake.start(this.#clock, options, () => this.#begin(wire, options), (socket, raw) => this.#adopt(socket, raw))
    return handshake
  }

  #begin(wire: Wire, options: SecureOptions): { socket: tls.TLSSocket; raw: net.Socket } {
    const raw = isDetachable(wire) ? wire.detach() : undefined
    if (!raw) throw Object.assign(new Error('the connection is closed'), { code: 'ECONNRESET' })
    raw.on('error', () => {})
    try {
      if (options.received?.length) raw.unshift(wire.keep(options.received))
      return { socket: this.#wrap(raw, options, wire.remote.host), raw }
    } catch (error) {
      raw.destroy()
      throw error
    }
  }

  #wrap(socket: net.Socket, options: SecureOptions, peer: string): tls.TLSSocket {
    const secureContext = this.#contextOf(options)
    const shared = { secureContext, highWaterMark: HIGH_WATER_BYTES, ...(options.alpn?.length && { ALPNProtocols: [...options.alpn] }) }
    if (options.role === 'server') return new tls.TLSSocket(socket, { ...shared, isServer: true })
    const { servername: host = peer, verify } = options
    return tls.connect({ ...shared, socket, host, rejectUnauthorized: verify, ...(net.isIP(host) === 0 && { servername: host }) })
  }

  /** Reading PEM costs a millisecond, so what was read is kept. */
  #contextOf(options: SecureOptions): tls.SecureContext {
    const id = options.role === 'server' ? options.key + options.cert : options.ca ?? ''
    let context = this.#contexts.get(id)
    if (context) return context
    context = tls.createSecureContext(options.role === 'server' ? { cert: options.cert, key: options.key } : { ca: options.ca })
    const [oldest] = this.#contexts.keys()
    if (this.#contexts.size >= MOST_CONTEXTS) this.#contexts.delete(oldest!)
    this.#contexts.set(id, context)
    return context
  }

  #adopt(socket: tls.TLSSocket, raw: net.Socket): Wire {
    const wire = new NodeWire(socket, this.#onBug, raw)
    this.#open.add(wire)
    socket.on('close', () => this.#open.delete(wire))
    return wire
  }

  #tell(result: SecureResult, settled: (result: SecureResult) => void): void {
    try {
      settled(result)
    } catch (error) {
      if ('wire' in result) result.wire.reset()
      this.#onBug(error)
    }
  }
}

class Handshake implements Dialing {
  /** Undefined: cancelled. */
  readonly #over: (result: SecureResult | undefined) => void
  #socket: tls.TLSSocket | undefined
  #timer: Timer | undefined
  #done = false

  constructor(over: (result: SecureResult | undefined) => void) { this.#over = over }

  start(
    clock: Clock, { role, timeoutMs }: SecureOptions,
    begin: () => { socket: tls.TLSSocket; raw: net.Socket }, adopt: (socket: tls.TLSSocket, raw: net.Socket) => Wire,
  ): void {
    try {
      const { socket, raw } = begin()
      this.#socket = socket
      this.#timer = clock.setTimer(timeoutMs, () => this.#fail('ETIMEDOUT', 'no TLS handshake in time'))
      socket.on('error', (error) => this.#fail(codeOf(error), error.message))
      // A server socket that no tls.Server made tells later failures only here.
      socket.on('_tlsError', (error: Error) => socket.destroy(error))
      socket.once('end', () => this.#fail('ECONNRESET', 'the peer closed before the TLS handshake was over'))
      socket.once('close', () => this.#fail('ECONNRESET', 'the connection was lost before the TLS handshake was over'))
      socket.once(role === 'client' ? 'secureConnect' : 'secure', () => this.#succeed(socket, () => adopt(socket, raw)))
    } catch (error) {
      setImmediate(() => this.#fail(codeOf(error), (error as Error).message))
    }
  }

  cancel(): void { this.#finish(undefined) }
  close(): void { this.cancel() }

  #succeed(socket: tls.TLSSocket, adopt: () => Wire): void {
    if (this.#done) return
    this.#socket = undefined
    const wire = adopt()
    this.#finish(socket.alpnProtocol ? { wire, protocol: socket.alpnProtocol } : { wire })
  }

  #fail(code: string, message: string): void { this.#finish({ failure: 'tls', code, message }) }

  #finish(result: SecureResult | undefined): void {
    if (this.#done) return
    this.#done = true
    this.#timer?.cancel()
    this.#socket?.destroy()
    this.#over(result)
  }
}
