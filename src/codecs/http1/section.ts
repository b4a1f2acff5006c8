import { CLASS, COLON, CR, DECISIVE_FIELDS, DIGIT, HTAB, LF, NAME, SP, TARGET, VALUE } from './grammar.ts'
import type { ProblemCode } from './problem.ts'

/** `more` bytes are needed, the section is `complete`, or it has a `problem`. */
export type Progress = 'more' | 'complete' | 'problem'

const MORE = -1
const BAD = -2
const MAX_METHOD = 64
/** RFC 9112 §2.2 lets a server ignore an empty line; some clients send several after a body. */
const MAX_EMPTY_LINES = 4
const MIN_HELD = 512

/** Names, lower case, and which first letters (one bit each) they have by their lengths: two numbers tell nearly every other field apart. */
export interface MarkedNames {
  readonly names: readonly string[]
  readonly letters: Uint32Array
}

const LENGTHS = 31
const LETTERS = 31

/** Names to be marked besides the decisive ones. Made once, shared by readers. */
export function markedNames(names: readonly string[]): MarkedNames {
  const letters = new Uint32Array(LENGTHS + 1)
  for (const name of [...DECISIVE_FIELDS, ...names]) letters[name.length & LENGTHS]! |= 1 << (name.charCodeAt(0) & LETTERS)
  return { names, letters }
}

const DECISIVE = markedNames([])

/**
 * Scans a head or a trailer section up to its empty line. A verdict falls at the first byte that decides it, however the
 * bytes are cut; a section that lies in one piece of input is not copied. All positions are relative to its first byte.
 */
export class Section {
  /** Bytes of the last `take` that belong to the section, and to empty lines before it. */
  consumed = 0
  problem: ProblemCode = 'bad-request-line'
  /** When complete, as latin1: start line, field lines, empty line. */
  text = ''
  methodEnd = -1
  targetEnd = -1
  minor: 0 | 1 = 1
  fieldsAt = 0
  /** Four numbers for each field that may decide framing: name start and end, value start and end with whitespace around it. */
  readonly marks: number[] = []
  markCount = 0

  readonly #start: 'request' | 'response' | 'none'
  readonly #maxBytes: number
  readonly #letters: Uint32Array
  #held: Buffer | undefined
  #heldBytes = 0
  #from = 0
  #line = 0
  #scanned = 0
  #colon = -1
  #started = false
  #emptyLines = 0

  constructor(start: 'request' | 'response' | 'none', maxBytes: number, { letters }: MarkedNames = DECISIVE) {
    this.#start = start
    this.#maxBytes = maxBytes
    this.#letters = letters
    this.reset()
  }

  /** Bytes copied from earlier input, waiting for the rest. */
  get heldBytes(): number {
    return this.#held === undefined ? 0 : this.#heldBytes
  }

  reset(): void {
    this.text = ''
    this.methodEnd = -1
    this.targetEnd = -1
    this.markCount = 0
    this.fieldsAt = 0
    this.#held = undefined
    this.#heldBytes = 0
    this.#line = 0
    this.#scanned = 0
    this.#colon = -1
    this.#started = this.#start === 'none'
    this.#emptyLines = 0
  }

  /** Looks at `bytes[start, end)`. After `complete` or `problem`, `reset` comes before the next call. */
  take(bytes: Buffer, start: number, end: number): Progress {
    if (this.#held !== undefined) return this.#resume(this.#held, bytes, start, end)
    this.#from = start
    const result = this.#scan(bytes, end)
    if (result === MORE) this.#hold(bytes, end)
    return this.#conclude(result, bytes, start, end)
  }

  #resume(held: Buffer, bytes: Buffer, start: number, end: number): Progress {
    const before = this.#heldBytes
    const count = Math.min(end - start, this.#maxBytes + 2 * MAX_EMPTY_LINES + 2 - before)
    const into = before + count > held.length ? grown(held, before, before + count) : held
    bytes.copy(into, before, start, start + count)
    this.#held = into
    this.#heldBytes = before + count
    return this.#conclude(this.#scan(into, before + count), into, before, before + end - start)
  }

  #conclude(result: number, bytes: Buffer, start: number, end: number): Progress {
    this.consumed = (result < 0 ? end : result) - start
    if (result === MORE) return 'more'
    if (result === BAD) return 'problem'
    this.text = bytes.toString('latin1', this.#from, result)
    return 'complete'
  }

  /** The caller's bytes last only as long as its call. */
  #hold(bytes: Buffer, end: number): void {
    const count = end - this.#from
    if (count === 0) return
    this.#held = Buffer.allocUnsafeSlow(Math.max(MIN_HELD, count))
    this.#heldBytes = count
    bytes.copy(this.#held, 0, this.#from, end)
    this.#from = 0
  }

  #scan(bytes: Buffer, end: number): number {
    if (!this.#started) {
      const result = this.#start === 'request' ? this.#requestLine(bytes, end) : this.#statusLine(bytes, end)
      if (result < 0) return this.#checkSize(result, end)
      this.#started = true
      this.#line = this.#scanned = this.fieldsAt = result - this.#from
    }
    return this.#checkSize(this.#fieldLines(bytes, Math.min(end, this.#from + this.#maxBytes)), end)
  }

  #checkSize(result: number, end: number): number {
    return result === MORE && end - this.#from >= this.#maxBytes ? this.#fail('head-too-large') : result
  }

  #fieldLines(bytes: Buffer, limit: number): number {
    const from = this.#from
    const letters = this.#letters
    let line = from + this.#line
    let at = from + this.#scanned
    let colon = this.#colon < 0 ? -1 : from + this.#colon
    let byte = 0
    for (;;) {
      if (colon < 0) {
        while (at < limit && (CLASS[byte = bytes[at]!]! & NAME) !== 0) at++
        if (at >= limit) break
        if (byte !== COLON) {
          if (byte === CR && at + 1 >= limit) break
          if (at === line && byte === CR && bytes[at + 1] === LF) return at + 2
          return this.#badName(bytes, line, at)
        }
        if (at === line) return this.#fail('empty-name')
        colon = at++
      }
      while (at < limit && (CLASS[byte = bytes[at]!]! & VALUE) !== 0) at++
      if (at + 1 >= limit && (at >= limit || byte === CR)) break
      if (byte !== CR || bytes[at + 1] !== LF) return this.#badControl(byte)
      if ((letters[(colon - line) & LENGTHS]! >>> (bytes[line]! & LETTERS) & 1) !== 0) this.#mark(line - from, colon - from, at - from)
      line = at += 2
      colon = -1
    }
    this.#line = line - from
    this.#scanned = at - from
    this.#colon = colon < 0 ? -1 : colon - from
    return MORE
  }

  #mark(name: number, colon: number, end: number): void {
    const { marks } = this
    const at = this.markCount * 4
    marks[at] = name
    marks[at + 1] = colon
    marks[at + 2] = colon + 1
    marks[at + 3] = end
    this.markCount++
  }

  #requestLine(bytes: Buffer, end: number): number {
    if (bytes[this.#from] === CR && this.#scanned === 0) {
      const result = this.#skipEmptyLines(bytes, end)
      if (result < 0) return result
    }
    const from = this.#from
    const limit = Math.min(end, from + this.#maxBytes)
    let at = from + this.#scanned
    if (this.methodEnd < 0) {
      const last = Math.min(limit, from + MAX_METHOD + 1)
      while (at < last && (CLASS[bytes[at]!]! & NAME) !== 0) at++
      if (at - from > MAX_METHOD) return this.#fail('bad-method')
      if (at >= limit) return this.#pause(at)
      if (bytes[at] !== SP || at === from) return this.#badLine(bytes, at, limit, 'bad-request-line')
      this.methodEnd = at - from
      this.#scanned = ++at - from
    }
    if (this.targetEnd < 0) {
      while (at < limit && (CLASS[bytes[at]!]! & TARGET) !== 0) at++
      if (at >= limit) return this.#pause(at)
      const empty = at - from === this.methodEnd + 1
      if (bytes[at] !== SP || empty) return this.#badLine(bytes, at, limit, empty ? 'bad-request-line' : bytes[at] === CR ? 'bad-version' : 'bad-target')
      this.targetEnd = at - from
      at++
    }
    const version = from + this.targetEnd + 1
    const stop = this.#version(bytes, version, limit, 'bad-request-line')
    if (stop < 0) return stop === MORE ? this.#pause(at) : this.#preface(bytes)
    return this.#lineEnd(bytes, stop, limit, 'bad-request-line')
  }

  /** RFC 9113 §3.4: `PRI * HTTP/2.0`. */
  #preface(bytes: Buffer): number {
    const spelled = this.problem === 'bad-version' && this.targetEnd === 5 && bytes.toString('latin1', this.#from, this.#from + 14) === 'PRI * HTTP/2.0'
    return this.#fail(spelled ? 'http2-preface' : this.problem)
  }

  #skipEmptyLines(bytes: Buffer, end: number): number {
    while (this.#from < end && bytes[this.#from] === CR) {
      if (this.#from + 1 >= end) return MORE
      if (bytes[this.#from + 1] !== LF) return this.#fail('bare-cr')
      if (++this.#emptyLines > MAX_EMPTY_LINES) return this.#fail('empty-lines')
      this.#from += 2
    }
    return 0
  }

  #statusLine(bytes: Buffer, end: number): number {
    const from = this.#from
    const limit = Math.min(end, from + this.#maxBytes)
    if (this.#scanned > 0) return this.#reason(bytes, from + this.#scanned, limit)
    const code = this.#version(bytes, from, limit, 'bad-status-line')
    if (code < 0) return code
    for (let at = code; at < code + 4; at++) {
      if (at >= limit) return MORE
      const byte = bytes[at]!
      const fits = at === code ? byte === SP : (CLASS[byte]! & DIGIT) !== 0 && !(at === code + 1 && byte === 48)
      if (!fits) return this.#badLine(bytes, at, limit, 'bad-status-line')
    }
    if (code + 4 >= limit) return MORE
    if (bytes[code + 4] !== SP) return this.#lineEnd(bytes, code + 4, limit, 'bad-status-line')
    return this.#reason(bytes, code + 5, limit)
  }

  #reason(bytes: Buffer, start: number, limit: number): number {
    let at = start
    while (at < limit && (CLASS[bytes[at]!]! & VALUE) !== 0) at++
    const result = this.#lineEnd(bytes, at, limit, 'bad-status-line')
    return result === MORE ? this.#pause(at) : result
  }

  /** `HTTP/1.0` or `HTTP/1.1` at `start`; returns the position behind it. */
  #version(bytes: Buffer, start: number, limit: number, otherwise: ProblemCode): number {
    const VERSION = 'HTTP/d.d'
    for (let index = 0; index < 8; index++) {
      const at = start + index
      if (at >= limit) return MORE
      const fits = index === 5 || index === 7 ? (CLASS[bytes[at]!]! & DIGIT) !== 0 : bytes[at] === VERSION.charCodeAt(index)
      if (!fits) return this.#badLine(bytes, at, limit, otherwise)
    }
    const minor = bytes[start + 7]! - 48
    if (bytes[start + 5] !== 49 || minor > 1) return this.#fail('bad-version')
    this.minor = minor === 0 ? 0 : 1
    return start + 8
  }

  #lineEnd(bytes: Buffer, at: number, limit: number, otherwise: ProblemCode): number {
    if (at >= limit || (bytes[at] === CR && at + 1 >= limit)) return MORE
    return bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : this.#badLine(bytes, at, limit, otherwise)
  }

  #badLine(bytes: Buffer, at: number, limit: number, otherwise: ProblemCode): number {
    const byte = bytes[at]!
    if (byte === CR && at + 1 >= limit) return MORE
    if ((CLASS[byte]! & VALUE) !== 0 || (byte === CR && bytes[at + 1] === LF)) return this.#fail(otherwise)
    return this.#badControl(byte)
  }

  #badName(bytes: Buffer, line: number, at: number): number {
    const byte = bytes[at]!
    if (byte === CR && bytes[at + 1] === LF) return this.#fail('no-colon')
    if (byte !== SP && byte !== HTAB) return (CLASS[byte]! & VALUE) === 0 ? this.#badControl(byte) : this.#fail('bad-name')
    if (at > line) return this.#fail('space-before-colon')
    return this.#fail(line - this.#from === this.fieldsAt ? 'leading-whitespace' : 'obs-fold')
  }

  #badControl(byte: number): number {
    return this.#fail(byte === CR ? 'bare-cr' : byte === LF ? 'bare-lf' : byte === 0 ? 'nul' : 'control-character')
  }

  #pause(at: number): number {
    this.#scanned = at - this.#from
    return MORE
  }

  #fail(problem: ProblemCode): number {
    this.problem = problem
    return BAD
  }
}

function grown(held: Buffer, used: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, held.length * 2))
  held.copy(larger, 0, 0, used)
  return larger
}
