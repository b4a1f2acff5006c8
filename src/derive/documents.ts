import { isMap, isScalar, isSeq, LineCounter, parseDocument, stringify, type Document } from 'yaml'
import { quoted } from '../kit/caret.ts'
import { UserError } from '../kit/errors.ts'
import type { FaultEntry, FaultRegistry } from '../model/entry.ts'
import type { AnyFault } from '../model/fault.ts'
import { checkFault, findFault, respell, unknownFault, type EntryContext } from './entries.ts'
import { checkIds } from './ids.ts'
import { refusal, type Place } from './refusal.ts'

type Raw = Readonly<Record<string, unknown>>

/** As in scenario files and over the API: `{ type, … }` with what was given, nothing else. */
export const toJson = ({ source }: Pick<FaultEntry, 'source'>): Raw => source

/** The checked fault of a JSON value. `where` names the value in errors. UserError. */
export function fromJson(value: unknown, registry: FaultRegistry, where = 'fault', context: EntryContext = {}): FaultEntry {
  return checkRaw(value, registry, context, ({ spec }) => (spec
    ? { where: `${where} ${spec.name}`, label: (key) => `${where} ${spec.name}: ${key}` }
    : { where }))
}

/** A YAML list of faults. */
export const toYaml = (entries: readonly Pick<FaultEntry, 'source'>[]): string => stringify(entries.map(toJson), { lineWidth: 0 })

/** The faults of a YAML list, or of the list under `faults:`. Errors name line and column. UserError. */
export function fromYaml(text: string, registry: FaultRegistry, file: string, context: EntryContext = {}): FaultEntry[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  const spot = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}`
  }
  if (error) throw new UserError('BAD_YAML', `${spot(error.pos[0])}: ${lowerFirst(error.message.trim())}`, { hint: 'the place is given as line and column' })
  const path = isMap(document.contents) ? ['faults'] : []
  const list = document.getIn(path, true)
  if (list === undefined || list === null || (isScalar(list) && list.value === null)) return []
  if (!isSeq(list)) throw new UserError('BAD_YAML', `${spot(offsetOf(document, path))}: expected a list of faults`, { hint: 'write each as "- type: NAME" with its parameters' })
  const raw = document.toJS() as unknown
  const items = (Array.isArray(raw) ? raw : (raw as { faults: unknown[] }).faults) as unknown[]
  const entries = items.map((item, index) => checkRaw(item, registry, context, ({ spec }) => ({
    where: `${spot(offsetOf(document, [...path, index]))}: ${spec?.name ?? 'fault'}`,
    label: (key) => `${spot(offsetOf(document, [...path, index, key]))}: ${spec?.name ?? 'fault'}: ${key}`,
  })))
  checkIds(entries, (index) => `${spot(offsetOf(document, [...path, index]))}: ${entries[index]!.spec.name}`)
  return entries
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

function offsetOf(document: Document.Parsed, path: readonly (string | number)[]): number {
  const node: unknown = document.getIn(path, true)
  const range = (isMap(node) || isSeq(node) || isScalar(node)) ? node.range : undefined
  return range?.[0] ?? 0
}

function checkRaw(value: unknown, registry: FaultRegistry, context: EntryContext, placeOf: (known: { readonly spec: AnyFault | undefined }) => Place): FaultEntry {
  const unknown = placeOf({ spec: undefined })
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refusal([{ message: `expected a fault, got ${quoted(JSON.stringify(value) ?? String(value))}`, hint: 'a fault has a type and its parameters' }], unknown)
  }
  const raw = value as Raw
  if (typeof raw['type'] !== 'string') throw refusal([{ message: 'type is required', hint: 'fault explain lists the types' }], unknown)
  const spec = findFault(registry, raw['type'])
  if (!spec) throw refusal([{ ...unknownFault(registry, raw['type']), key: 'type' }], unknown)
  const checked = checkFault(spec, raw, context)
  if ('entry' in checked) return checked.entry
  throw refusal(respell(spec, checked.problems, (key, value) => (value === undefined ? key : `${key}: ${value}`)), placeOf({ spec }))
}
