import { caretUnder, quoted } from '../kit/caret.ts'
import { UserError } from '../kit/errors.ts'
import { formatByteRate, formatBytes, formatDuration } from '../kit/units.ts'
import type { FaultEntry, FaultRegistry } from '../model/entry.ts'
import type { AnyFault } from '../model/fault.ts'
import { checkFault, findFault, findField, respell, unknownFault, type EntryContext } from './entries.ts'
import { fieldsOf, type Field } from './fields.ts'
import { refusal } from './refusal.ts'

export interface ParsedFault {
  readonly entry: FaultEntry
  readonly notes: readonly string[]
}

/**
 * `TYPE [PRIMARY] [key=value]…`: double quotes for blanks with `\"` and `\n` inside, `a..b` for a pair of limits, a repeated
 * key for a list. `origin` is what the user wrote it behind, such as `--fault`. UserError with a caret under the place.
 */
export function parseFault(text: string, registry: FaultRegistry, origin: string, context: EntryContext = {}): ParsedFault {
  const source: Source = { text, origin }
  const [head, ...rest] = words(source)
  if (!head) throw bad(source, { message: 'is empty', hint: 'write TYPE [VALUE] [key=value]…; fault explain lists the types' })
  const spec = head.key === undefined ? findFault(registry, head.value) : undefined
  if (!spec) throw bad(source, { at: head, ...unknownFault(registry, head.text) })
  const { given, places } = collect(source, spec, rest)
  const checked = checkFault(spec, given, context)
  if ('entry' in checked) return checked
  const inTextForm = respell(spec, checked.problems, (key, value) => `${key}=${value ?? '…'}`)
  throw refusal(inTextForm, {
    where: named(source),
    label: (key) => `${origin} ${spec.name}: ${key}`,
    excerpt: ({ key, isAboutKey }) => {
      const place = key === undefined ? undefined : places.get(key)
      if (!place) return undefined
      return isAboutKey ? caretUnder(text, place.keyStart, key!.length) : caretUnder(text, place.start, place.end - place.start)
    },
  })
}

interface Source {
  readonly text: string
  readonly origin: string
}

const named = ({ origin, text }: Source): string => `${origin} ${quoted(text)}`

/** One blank-separated word, with quotes resolved. */
interface Word {
  readonly start: number
  readonly end: number
  /** As written. */
  readonly text: string
  readonly key: string | undefined
  readonly value: string
  readonly valueStart: number
  /** Some of the value stood in quotes: it is taken as it is. */
  readonly quoted: boolean
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

function words(source: Source): Word[] {
  const { text } = source
  const found: Word[] = []
  for (let at = 0; at < text.length;) {
    if (text[at]!.trim() === '') at += 1
    else {
      const word = readWord(source, at)
      found.push(word)
      at = word.end
    }
  }
  return found
}

function readWord(source: Source, start: number): Word {
  const { text } = source
  let key: string | undefined
  let value = ''
  let valueStart = start
  let quoteAt = -1
  let quoted = false
  let at = start
  for (; at < text.length; at += 1) {
    const char = text[at]!
    if (quoteAt < 0 && char.trim() === '') break
    if (char === '"') {
      quoteAt = quoteAt < 0 ? at : -1
      quoted = true
    } else if (quoteAt >= 0 && char === '\\' && at + 1 < text.length) {
      at += 1
      value += ESCAPES[text[at]!] ?? text[at]!
    } else if (char === '=' && key === undefined && !quoted && /^[A-Za-z][\w-]*$/.test(value)) {
      key = value
      value = ''
      valueStart = at + 1
    } else value += char
  }
  if (quoteAt >= 0) throw bad(source, { message: 'has a quote that does not end', hint: 'put a " at the end of the value', at: { start: quoteAt, end: quoteAt + 1 } })
  return { start, end: at, text: text.slice(start, at), key, value, valueStart, quoted }
}

interface Place { readonly start: number; readonly end: number }

/** Where a key's value stands, and the key itself. */
interface Whereabouts extends Place { readonly keyStart: number }

interface Collected {
  readonly given: Readonly<Record<string, unknown>>
  readonly places: ReadonlyMap<string, Whereabouts>
}

function collect(source: Source, spec: AnyFault, rest: readonly Word[]): Collected {
  const given: Record<string, unknown> = {}
  const places = new Map<string, Whereabouts>()
  const put = (key: string, value: string, word: Word): void => {
    const before = given[key]
    if (before !== undefined && findField(spec, key)?.list === false) throw bad(source, { at: word, message: `${key} is given twice`, hint: `keep one ${key}` })
    given[key] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
    places.set(key, { keyStart: word.start, start: word.valueStart, end: word.end })
  }
  for (const [index, word] of rest.entries()) {
    const range = word.quoted ? undefined : rangeOf(spec, word)
    if (range) for (const [key, value] of range) put(key, value, word)
    else if (word.key !== undefined) put(word.key, word.value, word)
    else if (index === 0 && spec.primary !== undefined) put(spec.primary, word.value, word)
    else throw bad(source, { at: word, message: `${quoted(word.text)} has no key`, hint: lostWord(spec, word) })
  }
  return { given, places }
}

function lostWord(spec: AnyFault, word: Word): string {
  const field = findField(spec, word.value)
  if (field?.kind === 'boolean') return `write ${word.value}=true`
  return spec.primary === undefined ? 'write key=value' : `write key=value; only ${spec.primary} may stand alone, right behind ${spec.name}`
}

/** `a..b` as the two parameters that are its ends: `min` and `max` when it stands alone or for the primary, else `KEYMin` and `KEYMax`. */
function rangeOf(spec: AnyFault, { key, value }: Word): [string, string][] | undefined {
  const dots = value.indexOf('..')
  if (dots < 1 || dots + 2 >= value.length) return undefined
  const pair = [value.slice(0, dots), value.slice(dots + 2)] as const
  const stem = key === undefined || key === spec.primary ? '' : `${key}-`
  const ends = [findField(spec, `${stem}min`), findField(spec, `${stem}max`)] as const
  return ends[0]?.part === 'params' && ends[1]?.part === 'params' ? [[ends[0].key, pair[0]], [ends[1].key, pair[1]]] : undefined
}

function bad(source: Source, { message, hint, at }: { message: string; hint?: string | undefined; at?: Place }): UserError {
  const excerpt = at ? `\n  ${caretUnder(source.text, at.start, at.end - at.start).replaceAll('\n', '\n  ')}` : ''
  return new UserError('BAD_FAULT', `${named(source)}: ${message}${excerpt}`, { hint })
}

/** One line that `parseFault` reads as the same fault. */
export function formatFault({ spec, source }: Pick<FaultEntry, 'spec' | 'source'>): string {
  const parts = [spec.name]
  const primary = spec.primary === undefined ? undefined : source[spec.primary]
  if (primary !== undefined) parts.push(bareWord(formatValue(spec, spec.primary!, primary)))
  for (const { key } of fieldsOf(spec)) {
    const value = source[key]
    if (value === undefined || (key === spec.primary && primary !== undefined)) continue
    for (const one of Array.isArray(value) ? value as unknown[] : [value]) parts.push(`${key}=${quoteIfNeeded(formatValue(spec, key, one))}`)
  }
  return parts.join(' ')
}

const bareWord = (text: string): string => (/^[A-Za-z][\w-]*=/.test(text) ? quote(text) : quoteIfNeeded(text))

const quoteIfNeeded = (text: string): string => (text === '' || /[\s"]|\.\./.test(text) ? quote(text) : text)

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`
}

const UNITS: Readonly<Record<string, (value: number) => string>> = { ms: formatDuration, bytes: formatBytes, rate: formatByteRate }

/** A value as text for people; with its unit wherever the declaration reads it back as the same value. */
export function formatValue(spec: AnyFault, key: string, value: unknown): string {
  if (typeof value !== 'number') return typeof value === 'string' ? value : JSON.stringify(value)
  const field: Field | undefined = fieldsOf(spec).find((one) => one.key === key)
  const text = UNITS[field?.placeholder ?? '']?.(value)
  const schema = spec.params.shape[key] as { safeParse(value: unknown): { success: boolean; data?: unknown } } | undefined
  return text !== undefined && schema?.safeParse(text).data === value ? text : String(value)
}

/** Every fault of a text with one on each line; blank lines and those that begin with `#` say nothing. */
export function faultLines(text: string): { readonly line: number; readonly text: string }[] {
  return text.split('\n').flatMap((line, index) => {
    const bare = line.trim()
    return bare === '' || bare.startsWith('#') ? [] : [{ line: index + 1, text: bare }]
  })
}
