import { Duplex } from 'node:stream'
import type { CloseReason, Wire } from './wire.ts'

const codes: Readonly<Record<Exclude<CloseReason, 'clean'>, string>> = { reset: 'ECONNRESET', timeout: 'ETIMEDOUT', error: 'EIO' }

/**
 * A wire as a Node stream, for what wants one (`node:http2`, `node:tls`). Owns the wire from here on: destroying the
 * stream closes it, or resets it when there was an error. Back-pressure goes through in both directions.
 */
export function duplexOf(wire: Wire): Duplex { return new WireDuplex(wire) }

class WireDuplex extends Duplex {
  readonly #wire: Wire
  #written: (() => void) | undefined

  constructor(wire: Wire) {
    super({ allowHalfOpen: true, emitClose: true })
    this.#wire = wire
    wire.handler = {
      data: (bytes) => { if (!this.push(wire.keep(bytes))) wire.pause() },
      drained: () => this.#drained(),
      ended: () => { this.push(null) },
      closed: (reason) => this.#closed(reason),
    }
  }

  override _read(): void { this.#wire.resume() }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#wire.write(bytes)) done()
    else this.#written = done
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.#wire.cork()
    let room = true
    for (const { chunk } of chunks) room = this.#wire.write(chunk) && room
    this.#wire.uncork()
    if (room) done()
    else this.#written = done
  }

  override _final(done: () => void): void {
    const waits = this.#wire.buffered > 0
    this.#wire.end()
    if (waits) this.#written = done
    else done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (error) this.#wire.reset()
    else this.#wire.close()
    done(error)
  }

  #drained(): void {
    const done = this.#written
    this.#written = undefined
    done?.()
  }

  #closed(reason: CloseReason): void {
    if (reason !== 'clean') this.destroy(Object.assign(new Error(`the connection was lost: ${reason}`), { code: codes[reason] }))
  }
}
