import type net from 'node:net'
import { closeReasonOf, codeOf, ignore } from './wire.ts'
import type { Address, Wire, WireHandler } from './wire.ts'

/** A wire over `net.Socket` or `tls.TLSSocket`. `raw` is the TCP socket under a TLS one: RST needs it. */
export class NodeWire implements Wire {
  readonly retainsWrites = true
  readonly local: Address
  readonly remote: Address
  readonly #socket: net.Socket
  readonly #raw: net.Socket
  readonly #onBug: (error: unknown) => void
  #handler: WireHandler = ignore
  #code: string | undefined
  #paused = true
  #endIsDue = false
  #endIsTold = false
  #hangupIsTold = false
  #closeIsDue = false
  #gone = false

  constructor(socket: net.Socket, onBug: (error: unknown) => void, raw: net.Socket = socket) {
    this.#socket = socket
    this.#raw = raw
    this.#onBug = onBug
    this.local = { host: socket.localAddress ?? '', port: socket.localPort ?? 0 }
    this.remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
    socket.pause()
    socket.on('data', this.#data)
    socket.on('drain', this.#drained)
    socket.on('end', this.#ended)
    socket.on('error', this.#failed)
    socket.on('close', this.#closed)
  }

  get handler(): WireHandler { return this.#handler }
  set handler(handler: WireHandler) {
    this.#handler = handler
    if (this.#endIsDue && this.#paused) queueMicrotask(this.#ended)
  }

  get buffered(): number { return this.#socket.writableLength }

  writeText(text: string): boolean { return this.write(Buffer.from(text, 'latin1')) }

  write(bytes: Buffer): boolean {
    return this.#gone || this.#socket.writableEnded || this.#socket.write(bytes)
  }

  cork(): void { this.#socket.cork() }
  uncork(): void { this.#socket.uncork() }

  end(): void {
    if (this.#gone || this.#socket.writableEnded) return
    if (this.#socket.writableLength > 0) this.#socket.once('finish', this.#drained)
    this.#socket.end()
  }

  pause(): void {
    this.#paused = true
    if (!this.#gone) this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    if (this.#gone) return
    this.#socket.resume()
    if (this.#endIsDue) queueMicrotask(this.#ended)
  }

  keep(bytes: Buffer): Buffer { return bytes }

  close(): void {
    if (this.#gone) return
    this.#gone = true
    this.#socket.destroy()
  }

  /** A TLS socket follows its raw one by itself; destroyed beside it, Node 24.21 dies of a segmentation fault. */
  reset(): void {
    if (this.#gone) return
    this.#gone = true
    this.#raw.resetAndDestroy()
  }

  /** Gives the socket away, for TLS: no callback comes from here any more. Undefined when it is closed. */
  detach(): net.Socket | undefined {
    if (this.#gone || this.#socket.destroyed) return undefined
    this.#gone = true
    this.#socket.off('data', this.#data).off('drain', this.#drained).off('end', this.#ended).off('finish', this.#drained)
    this.#socket.off('error', this.#failed).off('close', this.#closed)
    return this.#socket.pause()
  }

  readonly #data = (bytes: Buffer): void => {
    if (this.#gone) return
    try { this.#handler.data(bytes) } catch (error) { this.#threw(error) }
  }

  readonly #drained = (): void => {
    if (this.#gone) return
    try { this.#handler.drained() } catch (error) { this.#threw(error) }
  }

  /** Node tells a paused socket about a FIN that follows no data. It waits here, or nobody would be listening yet. */
  readonly #ended = (): void => {
    if (this.#gone || this.#endIsTold) return
    try {
      if (this.#paused) this.#endWhilePaused()
      else {
        this.#endIsTold = true
        this.#handler.ended()
        if (this.#closeIsDue) this.#closed()
      }
    } catch (error) {
      this.#threw(error)
    }
  }

  readonly #failed = (error: Error): void => { this.#code = codeOf(error) }

  readonly #closed = (): void => {
    if (this.#gone) return
    const endComesFirst = this.#endIsDue && !this.#endIsTold && !this.#code
    if (endComesFirst) {
      this.#closeIsDue = true
      return
    }
    this.#gone = true
    try {
      this.#handler.closed(this.#code ? closeReasonOf(this.#code) : 'clean')
    } catch (error) {
      this.#onBug(error)
    }
  }

  #endWhilePaused(): void {
    this.#endIsDue = true
    if (this.#hangupIsTold || !this.#handler.hangup) return
    this.#hangupIsTold = true
    this.#handler.hangup()
  }

  #threw(error: unknown): void {
    this.reset()
    this.#onBug(error)
  }
}
