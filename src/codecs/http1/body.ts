import { CLASS, CR, HEX, HTAB, LF, SP, VALUE, sameName } from './grammar.ts'
import { FieldLines } from './fields.ts'
import type { RequestHead, ResponseHead } from './message.ts'
import { httpProblem } from './problem.ts'
import type { HttpProblem, ProblemCode } from './problem.ts'
import { Section } from './section.ts'

/** How the end of a body is found. */
export interface Framing {
  readonly kind: 'none' | 'length' | 'chunked' | 'until-close' | 'tunnel'
  /** Bytes of a `length` body, else -1. */
  readonly length: number
  /** Whose body it is: decides the status of its problems. */
  readonly of: 'request' | 'response'
}

const framing = (kind: Framing['kind'], of: Framing['of'], length = -1): Framing => ({ kind, length, of })

/** RFC 9112 §6.3. What follows a CONNECT is decided by its response. */
export function framingOfRequest(head: RequestHead): Framing {
  if (head.chunked) return framing('chunked', 'request')
  return head.contentLength > 0 ? framing('length', 'request', head.contentLength) : framing('none', 'request')
}

/** RFC 9112 §6.3: needs the method that was asked. `none` for an interim response, after which another head follows. */
export function framingOfResponse(head: ResponseHead, requestMethod: string): Framing {
  const { status } = head
  if (status === 101) return framing('tunnel', 'response')
  if (status < 200 || status === 204 || status === 304 || requestMethod === 'HEAD') return framing('none', 'response')
  if (requestMethod === 'CONNECT' && status < 300) return framing('tunnel', 'response')
  if (head.chunked) return framing('chunked', 'response')
  if (head.contentLength < 0) return framing('until-close', 'response')
  return head.contentLength === 0 ? framing('none', 'response') : framing('length', 'response', head.contentLength)
}

type State = 'done' | 'length' | 'open' | 'size' | 'space' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailers'

const MAX_SIZE_DIGITS = 16
/** One more digit keeps it within 2^53-1. */
const MAX_SIZE_BEFORE_DIGIT = 2 ** 49 - 1
const MAX_EXTENSION_BYTES = 4096
const DEFAULT_MAX_TRAILER_BYTES = 65536
const SEMICOLON = 59
const FORBIDDEN_TRAILERS = ['content-length', 'transfer-encoding', 'host']

/** Where the decoded bytes go: `bytes[start, end)`, valid only during the call. */
export type DataSink = (bytes: Buffer, start: number, end: number) => void

/**
 * Follows one body after the other without changing them: framed bytes pass as they are, cut anywhere. Allocates nothing
 * per chunk; only trailers are copied. Chunk grammar is that of RFC 9112 §7.1, strict.
 */
export class BodyScanner {
  done = true
  problem: HttpProblem | undefined = undefined
  /** Decoded bytes so far. */
  dataBytes = 0
  readonly #onData: DataSink | undefined
  readonly #trailers: Section
  #trailerText = ''
  #of: Framing['of'] = 'request'
  #state: State = 'done'
  #left = 0
  #digits = 0
  #extensionBytes = 0

  constructor(onData?: DataSink, maxTrailerBytes: number = DEFAULT_MAX_TRAILER_BYTES) {
    this.#onData = onData
    this.#trailers = new Section('none', maxTrailerBytes)
  }

  /** Flat: name, value, …; empty until done. */
  get trailers(): string[] {
    return this.#trailerText === '' ? [] : new FieldLines(undefined, this.#trailerText, 0).list
  }

  /** Bytes copied from earlier input: an incomplete trailer section. */
  get heldBytes(): number {
    return this.#trailers.heldBytes
  }

  reset(body: Framing): void {
    this.problem = undefined
    this.dataBytes = 0
    this.#trailerText = ''
    this.#trailers.reset()
    this.#of = body.of
    this.#left = 0
    this.#digits = 0
    this.#state = 'done'
    if (body.kind === 'length' && body.length > 0) {
      this.#state = 'length'
      this.#left = body.length
    } else if (body.kind === 'chunked') this.#state = 'size'
    else if (body.kind === 'until-close' || body.kind === 'tunnel') this.#state = 'open'
    this.done = this.#state === 'done'
  }

  /** How many of `bytes[start, end)` belong to this body; when it finds a problem, how many came before it. */
  scan(bytes: Buffer, start = 0, end: number = bytes.length): number {
    if (this.done || this.problem !== undefined) return 0
    if (this.#state === 'open') {
      this.#data(bytes, start, end)
      return end - start
    }
    if (this.#state === 'length') {
      const count = Math.min(this.#left, end - start)
      this.#left -= count
      this.#data(bytes, start, start + count)
      if (this.#left === 0) this.#finish()
      return count
    }
    return this.#chunked(bytes, start, end) - start
  }

  /** The connection ended: a body until close is complete, any other unfinished one is a problem. */
  close(): HttpProblem | undefined {
    if (this.#state === 'open') this.#finish()
    else if (!this.done) this.#fail('incomplete-body')
    return this.problem
  }

  #chunked(bytes: Buffer, start: number, end: number): number {
    let at = start
    while (at < end && this.problem === undefined) {
      switch (this.#state) {
        case 'size': at = this.#size(bytes, at, end); break
        case 'data': {
          const stop = Math.min(end, at + this.#left)
          this.#left -= stop - at
          this.#data(bytes, at, stop)
          at = stop
          if (this.#left === 0) this.#state = 'data-cr'
          break
        }
        case 'data-cr': at = this.#expect(bytes, at, CR, 'data-lf', 'bad-chunk-end'); break
        case 'data-lf': at = this.#expect(bytes, at, LF, 'size', 'bad-chunk-end'); break
        case 'size-lf': at = this.#expect(bytes, at, LF, this.#left === 0 ? 'trailers' : 'data', 'bare-cr'); break
        case 'space': at = this.#space(bytes, at, end); break
        case 'extension': at = this.#extension(bytes, at, end); break
        case 'trailers': at = this.#trailerSection(bytes, at, end); break
        default: return at
      }
    }
    return at
  }

  #size(bytes: Buffer, start: number, end: number): number {
    let at = start
    for (; at < end; at++) {
      const digit = HEX[bytes[at]!]!
      if (digit === 255) break
      if (this.#digits === MAX_SIZE_DIGITS || this.#left > MAX_SIZE_BEFORE_DIGIT) return this.#fail('bad-chunk-size', at)
      this.#left = this.#left * 16 + digit
      this.#digits++
    }
    if (at === end) return at
    if (this.#digits === 0) return this.#fail('bad-chunk-size', at)
    this.#extensionBytes = 0
    return this.#space(bytes, at, end)
  }

  /** Behind a size: its end, or whitespace (which only an extension may follow), or an extension. */
  #space(bytes: Buffer, start: number, end: number): number {
    let at = start
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++
    this.#extensionBytes += at - start
    if (this.#extensionBytes > MAX_EXTENSION_BYTES) return this.#fail('chunk-extension-too-long', at)
    this.#state = 'space'
    if (at === end) return at
    if (bytes[at] === CR && this.#extensionBytes === 0) return this.#sizeEnd(at)
    if (bytes[at] !== SEMICOLON) return this.#fail(bytes[at] === LF ? 'bare-lf' : 'bad-chunk-size', at)
    this.#state = 'extension'
    return at
  }

  #extension(bytes: Buffer, start: number, end: number): number {
    let at = start
    while (at < end && (CLASS[bytes[at]!]! & VALUE) !== 0) at++
    this.#extensionBytes += at - start
    if (this.#extensionBytes > MAX_EXTENSION_BYTES) return this.#fail('chunk-extension-too-long', at)
    if (at === end) return at
    if (bytes[at] === CR) return this.#sizeEnd(at)
    return this.#fail(bytes[at] === LF ? 'bare-lf' : bytes[at] === 0 ? 'nul' : 'control-character', at)
  }

  #sizeEnd(at: number): number {
    this.#digits = 0
    this.#state = 'size-lf'
    return at + 1
  }

  #expect(bytes: Buffer, at: number, byte: number, next: State, otherwise: ProblemCode): number {
    if (bytes[at] !== byte) return this.#fail(otherwise, at)
    this.#state = next
    return at + 1
  }

  #trailerSection(bytes: Buffer, start: number, end: number): number {
    const section = this.#trailers
    const progress = section.take(bytes, start, end)
    if (progress === 'problem') return this.#fail(section.problem, start)
    if (progress === 'more') return end
    if (hasForbidden(section)) return this.#fail('forbidden-trailer', start)
    this.#trailerText = section.text
    this.#finish()
    return start + section.consumed
  }

  #data(bytes: Buffer, start: number, end: number): void {
    this.dataBytes += end - start
    if (this.#onData !== undefined && end > start) this.#onData(bytes, start, end)
  }

  #finish(): void {
    this.#state = 'done'
    this.done = true
  }

  #fail(problem: ProblemCode, at = 0): number {
    this.problem = httpProblem(problem, this.#of)
    return at
  }
}

function hasForbidden(section: Section): boolean {
  for (let mark = 0; mark < section.markCount; mark++) {
    const name = section.text.substring(section.marks[mark * 4]!, section.marks[mark * 4 + 1])
    if (FORBIDDEN_TRAILERS.some((forbidden) => sameName(name, forbidden))) return true
  }
  return false
}

/** The line before a chunk's data; the data is followed by `CHUNK_END`. The size is above 0. */
export function chunkHead(size: number): Buffer {
  return Buffer.from(`${size.toString(16)}\r\n`, 'latin1')
}

export const CHUNK_END: Buffer = Buffer.from('\r\n', 'latin1')
/** The end of a chunked body without trailers. */
export const LAST_CHUNK: Buffer = Buffer.from('0\r\n\r\n', 'latin1')
