import { deriveFacts, isFact } from './facts.ts'
import { FieldLines, trimmed } from './fields.ts'
import { CLASS, VALUE, sameName } from './grammar.ts'

/**
 * The head of a request. `fields` is flat (name, value, …) in the order, case and repeats of the wire; the facts below it are
 * found while parsing. Edit through `setField` and `removeField`, or call `deriveFacts` after editing `fields` itself.
 */
export class RequestHead {
  readonly kind = 'request'
  method: string
  /** Raw, latin1. */
  target: string
  minor: 0 | 1
  /** Bytes on the wire, final CRLFCRLF included; 0 when made here. */
  length = 0
  /** -1: none. */
  contentLength = -1
  chunked = false
  /** `Connection` names close, keep-alive. */
  close = false
  keepAlive = false
  /** `Connection: upgrade` with an `Upgrade` field, not in HTTP/1.0 (RFC 9110 §7.8). */
  upgrade = false
  /** `stripHopByHop` would change something; when false the fields pass untouched. */
  hopByHop = false
  /** As sent. */
  host: string | undefined = undefined
  expectContinue = false
  /** The fields its reader was told to notice, as they came: flat, names in lower case. */
  noticed: string[] | undefined = undefined
  readonly #lines: FieldLines

  constructor(method: string, target: string, minor: 0 | 1 = 1, fields: string[] | FieldLines = []) {
    this.method = method
    this.target = target
    this.minor = minor
    this.#lines = fields instanceof FieldLines ? fields : new FieldLines(fields)
    if (!(fields instanceof FieldLines)) deriveFacts(this)
  }

  get fields(): string[] { return this.#lines.list }
  set fields(fields: string[]) { this.#lines.list = fields }
  /** The field lines and the empty line, as they go on the wire. */
  get fieldBlock(): string { return this.#lines.block }
}

/** The head of a response; see `RequestHead`. */
export class ResponseHead {
  readonly kind = 'response'
  /** 100 … 999. */
  status: number
  /** May be empty. */
  reason: string
  minor: 0 | 1
  length = 0
  contentLength = -1
  chunked = false
  close = false
  keepAlive = false
  upgrade = false
  hopByHop = false
  /** The status line came without the space behind its code; kept so that it leaves as it came. */
  bare = false
  readonly #lines: FieldLines

  constructor(status: number, reason: string, minor: 0 | 1 = 1, fields: string[] | FieldLines = []) {
    this.status = status
    this.reason = reason
    this.minor = minor
    this.#lines = fields instanceof FieldLines ? fields : new FieldLines(fields)
    if (!(fields instanceof FieldLines)) deriveFacts(this)
  }

  get fields(): string[] { return this.#lines.list }
  set fields(fields: string[]) { this.#lines.list = fields }
  get fieldBlock(): string { return this.#lines.block }
}

export type Head = RequestHead | ResponseHead

/** The value of the first field of that name, in any case. */
export function field(head: Head, name: string): string | undefined {
  const { fields } = head
  const lower = name.toLowerCase()
  for (let index = 0; index < fields.length; index += 2) if (sameName(fields[index]!, lower)) return fields[index + 1]
  return undefined
}

/** The values of all fields of that name, in order. */
export function fieldAll(head: Head, name: string): string[] {
  const lower = name.toLowerCase()
  return head.fields.filter((_, index) => index % 2 === 1 && sameName(head.fields[index - 1]!, lower))
}

/** One field of that name with that value: in the place and spelling of the first, else at the end. */
export function setField(head: Head, name: string, value: string): void {
  const { fields } = head
  const lower = name.toLowerCase()
  const safe = fieldValue(value)
  let to = 0
  let found = false
  for (let index = 0; index < fields.length; index += 2) {
    const same = sameName(fields[index]!, lower)
    if (same && found) continue
    fields[to] = fields[index]!
    fields[to + 1] = same ? safe : fields[index + 1]!
    found ||= same
    to += 2
  }
  fields.length = to
  if (!found) fields.push(name, safe)
  if (isFact(lower)) deriveFacts(head)
}

/** Removes every field of that name; false when there was none. */
export function removeField(head: Head, name: string): boolean {
  const { fields } = head
  const lower = name.toLowerCase()
  let to = 0
  for (let index = 0; index < fields.length; index += 2) {
    if (sameName(fields[index]!, lower)) continue
    fields[to] = fields[index]!
    fields[to + 1] = fields[index + 1]!
    to += 2
  }
  const removed = to < fields.length
  fields.length = to
  if (removed && isFact(lower)) deriveFacts(head)
  return removed
}

/** A text made fit for a field value: what would end the line or is beyond latin1 becomes `?`, as a last line of defence. */
export function fieldValue(text: string): string {
  let at = 0
  while (at < text.length && isValueCode(text.charCodeAt(at))) at++
  if (at === text.length) return trimmed(text, 0, at)
  let safe = ''
  for (let index = 0; index < text.length; index++) safe += isValueCode(text.charCodeAt(index)) ? text[index]! : '?'
  return trimmed(safe, 0, safe.length)
}

const isValueCode = (code: number): boolean => code < 256 && (CLASS[code]! & VALUE) !== 0

/** Whether the connection may carry another message after this one, as far as its sender says (RFC 9112 §9.3). */
export function persists(head: Head): boolean {
  return !head.close && (head.minor === 1 || head.keepAlive)
}
