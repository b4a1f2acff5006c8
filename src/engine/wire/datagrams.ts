import dgram from 'node:dgram'
import net from 'node:net'
import { codeOf, ListenError } from './wire.ts'
import type { Address, DatagramHandler, DatagramOptions, DatagramSocket } from './wire.ts'

/** What may wait for the kernel; a datagram beyond it is dropped and told as `ENOBUFS`. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024

/** Numeric hosts need no resolver, and without one datagrams leave in the order they were sent. */
const noLookup = (host: string, ...rest: unknown[]): void => {
  const done = rest.at(-1) as (error: Error | null, address: string, family: number) => void
  done(null, host, net.isIP(host))
}

/** A bound UDP socket, the same on every transport. `open` is where it stays until it is closed. */
export function bindDatagrams(options: DatagramOptions, onBug: (error: unknown) => void, open: Set<{ close(): void }>): Promise<DatagramSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<DatagramSocket>()
  const { host, port, ipv6Only = false, receiveBufferBytes } = options
  const family = net.isIP(host)
  const socket = dgram.createSocket({
    type: family === 6 ? 'udp6' : 'udp4', ipv6Only, lookup: noLookup, ...(receiveBufferBytes && { recvBufferSize: receiveBufferBytes }),
  })
  const failed = (error: unknown) => {
    socket.close()
    reject(new ListenError(options, codeOf(error)))
  }
  socket.once('error', failed)
  try {
    if (family === 0) throw Object.assign(new Error('not a numeric address'), { code: 'EINVAL' })
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', failed)
      const bound = new BoundSocket(socket, onBug, () => open.delete(bound))
      open.add(bound)
      resolve(bound)
    })
  } catch (error) {
    failed(error)
  }
  return promise
}

class BoundSocket implements DatagramSocket {
  handler: DatagramHandler = { message() {}, error() {} }
  readonly address: Address
  readonly #socket: dgram.Socket
  readonly #onBug: (error: unknown) => void
  readonly #forget: () => void
  #closed = false

  constructor(socket: dgram.Socket, onBug: (error: unknown) => void, forget: () => void) {
    this.#socket = socket
    this.#onBug = onBug
    this.#forget = forget
    const { address, port } = socket.address()
    this.address = { host: address, port }
    socket.on('message', (bytes, { address, port }) => this.#received(bytes, address, port))
    socket.on('error', this.#told)
  }

  send(bytes: Buffer, { host, port }: Address): void {
    if (this.#closed) return
    try {
      if (net.isIP(host) === 0) return this.#failLater('EINVAL')
      if (this.#socket.getSendQueueSize() > MOST_WAITING_BYTES) return this.#failLater('ENOBUFS')
      this.#socket.send(bytes, port, host, this.#told)
    } catch (error) {
      this.#failLater(codeOf(error))
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
    this.#forget()
  }

  #received(bytes: Buffer, host: string, port: number): void {
    if (this.#closed) return
    try { this.handler.message(bytes, { host, port }) } catch (error) { this.#onBug(error) }
  }

  readonly #told = (error: unknown): void => {
    if (!error || this.#closed) return
    try { this.handler.error(codeOf(error)) } catch (bug) { this.#onBug(bug) }
  }

  #failLater(code: string): void { queueMicrotask(() => this.#told({ code })) }
}
