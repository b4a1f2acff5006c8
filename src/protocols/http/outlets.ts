import type { BodyScanner } from '../../codecs/http1/body.ts'
import { requestBytes, responseBytes } from '../../codecs/http1/serialize.ts'
import type { RequestHead, ResponseHead } from '../../codecs/http1/message.ts'
import type { Wire } from '../../engine/wire/wire.ts'
import type { Unit } from '../../model/stage.ts'
import type { Exchange } from './exchange.ts'
import type { Outlet } from './flow.ts'
import { withoutChunks } from './older-client.ts'

/** The end of the request's stages: towards the upstream, which may have to be connected first. */
export class RequestOutlet implements Outlet {
  bytes = 0
  readonly #exchange: Exchange
  #wire: Wire | undefined
  #waiting: Buffer[] | undefined
  #waitingBytes = 0
  isFinished = false

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  get buffered(): number { return this.#waitingBytes + (this.#wire?.buffered ?? 0) }

  put(unit: Unit): void {
    if (unit instanceof Uint8Array) return this.#exchange.request.pass(unit)
    if (this.#wire === undefined) this.#exchange.needLink()
    this.#exchange.request.passText(requestBytes(unit as RequestHead))
  }

  emitText(text: string): void {
    if (!this.#wire) return this.emit(Buffer.from(text, 'latin1'))
    this.bytes += text.length
    this.#wire.writeText(text)
  }

  emit(bytes: Buffer): void {
    const kept = this.#wire?.retainsWrites === false ? bytes : this.#exchange.keep('request', bytes)
    if (this.#wire) {
      this.bytes += kept.length
      this.#wire.write(kept)
      return
    }
    (this.#waiting ??= []).push(kept)
    this.#waitingBytes += kept.length
  }

  finish(): void {
    this.isFinished = true
    if (this.#wire) this.#exchange.requestSent()
  }

  connect(wire: Wire): void {
    this.#wire = wire
    const waiting = this.#waiting
    if (waiting) {
      this.#waiting = undefined
      this.#waitingBytes = 0
      wire.cork()
      for (const bytes of waiting) this.emit(bytes)
      wire.uncork()
    }
    if (this.isFinished) this.#exchange.requestSent()
  }

  /** The connection was lost before anything was answered: what follows goes to another. */
  disconnect(): void {
    this.#wire = undefined
    this.bytes = 0
  }
}

/** The end of the response's stages: the client. */
export class ResponseOutlet implements Outlet {
  bytes = 0
  /** The response ends where the connection does. */
  endsByClose = false
  isOver = false
  readonly #exchange: Exchange
  readonly #wire: Wire
  #unchunker: BodyScanner | undefined

  constructor(exchange: Exchange, wire: Wire) {
    this.#exchange = exchange
    this.#wire = wire
  }

  get buffered(): number { return this.#wire.buffered }

  put(unit: Unit): void {
    const { response, method, head: request } = this.#exchange
    if (unit instanceof Uint8Array) {
      if (this.#unchunker) this.#unchunker.scan(unit)
      else response.pass(unit)
      return
    }
    const head = unit as ResponseHead
    if (head.chunked && request.minor === 0) this.#unchunker = withoutChunks(head, method, (bytes) => response.pass(bytes))
    if (head.status >= 200) this.endsByClose = endsByClose(head, method)
    response.passText(responseBytes(head))
  }

  emitText(text: string): void {
    this.bytes += text.length
    this.#wire.writeText(text)
  }

  emit(bytes: Buffer): void {
    this.bytes += bytes.length
    this.#wire.write(this.#wire.retainsWrites ? this.#exchange.keep('response', bytes) : bytes)
  }

  finish(): void {
    this.isOver = true
    this.#exchange.responseSent()
  }
}

/** RFC 9112 §6.3: no length and no chunks, where a body may be. */
const endsByClose = ({ status, contentLength, chunked }: ResponseHead, method: string): boolean =>
  contentLength < 0 && !chunked && method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304
