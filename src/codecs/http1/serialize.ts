import { deriveFacts } from './facts.ts'
import { eachElement } from './fields.ts'
import { sameName } from './grammar.ts'
import { ResponseHead, fieldValue } from './message.ts'
import type { Head, RequestHead } from './message.ts'

/** The head as latin1. What was not edited leaves byte for byte as it came. */
export function requestBytes(head: RequestHead): string {
  return head.method + ' ' + head.target + (head.minor === 1 ? ' HTTP/1.1\r\n' : ' HTTP/1.0\r\n') + head.fieldBlock
}

/** The head as latin1. What was not edited leaves byte for byte as it came. */
export function responseBytes(head: ResponseHead): string {
  const start = head.minor === 1 ? 'HTTP/1.1 ' : 'HTTP/1.0 '
  return start + head.status + (head.bare && head.reason === '' ? '\r\n' : ' ' + head.reason + '\r\n') + head.fieldBlock
}

const PROTECTED = ['host', 'content-length', 'transfer-encoding', 'connection']

/**
 * RFC 9110 §7.6.1 as far as a proxy needs it whose two connections live and die together: removes `Proxy-Connection`,
 * `Proxy-Authorization` and the fields `Connection` names, never those that decide framing or routing. close, keep-alive and
 * (on demand) upgrade stay with their fields, chunk framing stays. A head whose `hopByHop` is false needs it only to refuse an upgrade.
 */
export function stripHopByHop(head: Head, keep: { readonly upgrade: boolean }): void {
  const { fields } = head
  const named = namedByConnection(fields)
  if (!keep.upgrade) named.push('upgrade')
  let to = 0
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index]!
    let value = fields[index + 1]
    if (name.length === 10 && sameName(name, 'connection')) value = keptOptions(value!, keep.upgrade)
    else if (isProxyField(name) || isNamed(name, named)) value = undefined
    if (value === undefined) continue
    fields[to] = name
    fields[to + 1] = value
    to += 2
  }
  fields.length = to
  head.hopByHop = false
  if (named.length > 0) deriveFacts(head)
}

const isProxyField = (name: string): boolean =>
  (name.length === 16 && sameName(name, 'proxy-connection')) || (name.length === 19 && sameName(name, 'proxy-authorization'))

function isNamed(name: string, named: readonly string[]): boolean {
  for (let index = 0; index < named.length; index++) if (sameName(name, named[index]!)) return true
  return false
}

function namedByConnection(fields: readonly string[]): string[] {
  const named: string[] = []
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index]!
    if (name.length !== 10 || !sameName(name, 'connection') || isPlain(fields[index + 1]!)) continue
    eachElement(fields[index + 1]!, (option) => {
      const lower = option.toLowerCase()
      if (!PROTECTED.includes(lower) && !isKept(lower, true) && !named.includes(lower)) named.push(lower)
    })
  }
  return named
}

const isPlain = (value: string): boolean => value === 'keep-alive' || value === 'Keep-Alive' || value === 'close'
const isKept = (lower: string, upgrade: boolean): boolean => lower === 'close' || lower === 'keep-alive' || (upgrade && lower === 'upgrade')

/** The value of a `Connection` field as it is when nothing goes, without the options that go, or undefined when none is left. */
function keptOptions(value: string, upgrade: boolean): string | undefined {
  if (isPlain(value)) return value
  const kept: string[] = []
  let removed = false
  eachElement(value, (option) => {
    if (isKept(option.toLowerCase(), upgrade)) kept.push(option)
    else removed = true
  })
  if (!removed) return value
  return kept.length > 0 ? kept.join(', ') : undefined
}

/** What `localResponse` takes besides the status. */
export interface LocalResponseOptions {
  /** Flat: name, value, …; what cannot stand in a field value is replaced. */
  readonly fields?: readonly string[]
  readonly body?: string | Buffer
  readonly contentType?: string
  /** Says `Connection: close`. */
  readonly close?: boolean
}

const EMPTY = Buffer.alloc(0)

/** An answer of our own, with `Content-Length` except where RFC 9110 §8.6 forbids it. Text is UTF-8; HEAD gets the head alone. */
export function localResponse(status: number, options: LocalResponseOptions = {}): { readonly head: ResponseHead; readonly body: Buffer } {
  const bodiless = status < 200 || status === 204 || status === 304
  const given = options.body ?? EMPTY
  const body = bodiless ? EMPTY : typeof given === 'string' ? Buffer.from(given, 'utf8') : given
  const fields: string[] = []
  if (options.contentType !== undefined) fields.push('Content-Type', fieldValue(options.contentType))
  if (!bodiless) fields.push('Content-Length', String(body.length))
  const extra = options.fields ?? []
  for (let index = 0; index + 1 < extra.length; index += 2) fields.push(extra[index]!, fieldValue(extra[index + 1]!))
  if (options.close === true) fields.push('Connection', 'close')
  return { head: new ResponseHead(status, reasonOf(status), 1, fields), body }
}

const REASONS: ReadonlyMap<number, string> = new Map([
  [100, 'Continue'], [101, 'Switching Protocols'], [102, 'Processing'], [103, 'Early Hints'],
  [200, 'OK'], [201, 'Created'], [202, 'Accepted'], [203, 'Non-Authoritative Information'], [204, 'No Content'],
  [205, 'Reset Content'], [206, 'Partial Content'], [207, 'Multi-Status'], [208, 'Already Reported'], [226, 'IM Used'],
  [300, 'Multiple Choices'], [301, 'Moved Permanently'], [302, 'Found'], [303, 'See Other'], [304, 'Not Modified'],
  [305, 'Use Proxy'], [307, 'Temporary Redirect'], [308, 'Permanent Redirect'],
  [400, 'Bad Request'], [401, 'Unauthorized'], [402, 'Payment Required'], [403, 'Forbidden'], [404, 'Not Found'],
  [405, 'Method Not Allowed'], [406, 'Not Acceptable'], [407, 'Proxy Authentication Required'], [408, 'Request Timeout'],
  [409, 'Conflict'], [410, 'Gone'], [411, 'Length Required'], [412, 'Precondition Failed'], [413, 'Content Too Large'],
  [414, 'URI Too Long'], [415, 'Unsupported Media Type'], [416, 'Range Not Satisfiable'], [417, 'Expectation Failed'],
  [418, 'I\'m a teapot'], [421, 'Misdirected Request'], [422, 'Unprocessable Content'], [423, 'Locked'], [424, 'Failed Dependency'],
  [425, 'Too Early'], [426, 'Upgrade Required'], [428, 'Precondition Required'], [429, 'Too Many Requests'],
  [431, 'Request Header Fields Too Large'], [451, 'Unavailable For Legal Reasons'],
  [500, 'Internal Server Error'], [501, 'Not Implemented'], [502, 'Bad Gateway'], [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'], [505, 'HTTP Version Not Supported'], [506, 'Variant Also Negotiates'], [507, 'Insufficient Storage'],
  [508, 'Loop Detected'], [510, 'Not Extended'], [511, 'Network Authentication Required'],
])

/** The registered reason phrase; empty for a status that has none. */
export function reasonOf(status: number): string {
  return REASONS.get(status) ?? ''
}
