import type { z } from 'zod'
import { quoted } from '../kit/caret.ts'
import { closest } from '../kit/did-you-mean.ts'
import { UserError } from '../kit/errors.ts'
import { tryBoolean } from '../kit/booleans.ts'
import { ENVELOPE_KEYS, entrySchema, type Envelope, type FaultEntry, type FaultRegistry } from '../model/entry.ts'
import type { AnyFault } from '../model/fault.ts'
import { parseSchedule } from '../model/schedule.ts'
import { parseUpstream } from '../model/upstream.ts'
import { namesOf, type FaultNames, type NamedField } from './names.ts'
import { plain } from './spelling.ts'

/** What is known about the run when a fault is read. */
export interface EntryContext {
  /** The length of the run, which percentages in schedules are of. */
  readonly totalMs?: number | undefined
}

/** Something wrong with a fault: at one of the keys that were given, or with the whole. */
export interface Problem {
  readonly message: string
  /** As given, not as declared. */
  readonly key?: string | undefined
  /** The key itself is wrong, whatever its value. */
  readonly isAboutKey?: boolean
  readonly hint?: string | undefined
}

export type Checked = { readonly entry: FaultEntry; readonly notes: readonly string[] } | { readonly problems: readonly Problem[] }

interface Model {
  readonly schema: z.ZodObject
  readonly names: FaultNames
  /** By plain spelling, aliases too. */
  readonly fields: ReadonlyMap<string, NamedField>
  readonly defaults: Readonly<Record<string, unknown>>
}

const models = new WeakMap<AnyFault, Model>()

function modelOf(spec: AnyFault): Model {
  let model = models.get(spec)
  if (!model) {
    const names = namesOf(spec)
    const fields = new Map(names.fields.flatMap((field) => [field.key, ...field.aliases].map((word) => [plain(word), field] as const)))
    const defaults = Object.fromEntries(names.fields.flatMap(({ key }) => {
      const value = spec.compat?.fields?.[key]?.default
      return value === undefined ? [] : [[key, value]]
    }))
    model = { schema: entrySchema(spec), names, fields, defaults }
    models.set(spec, model)
  }
  return model
}

/** The field that `word` means, in any of its spellings. */
export function findField(spec: AnyFault, word: string): NamedField | undefined {
  return modelOf(spec).fields.get(plain(word))
}

/** The fault called `word`: its name or an alias, in any case and with or without `-` and `_`. */
export function findFault(registry: FaultRegistry, word: string): AnyFault | undefined {
  const exact = registry.find(word)
  if (exact) return exact
  const wanted = plain(word)
  return registry.list.find(({ name, aliases = [] }) => [name, ...aliases].some((known) => plain(known) === wanted))
}

/** The problem that no fault is called `word`. */
export function unknownFault(registry: FaultRegistry, word: string): Problem {
  const meant = closest(word, registry.list.flatMap(({ name, aliases = [] }) => [name, ...aliases]))
  return { message: `no fault is called ${quoted(word)}`, hint: meant ? `did you mean ${findFault(registry, meant)!.name}?` : 'fault explain lists them all' }
}

/**
 * Checks what was given for one fault, all problems at once. Texts are read as the values they stand for. Problems speak
 * of flags; `respell` turns them to another form.
 */
export function checkFault(spec: AnyFault, given: Readonly<Record<string, unknown>>, context: EntryContext = {}): Checked {
  const model = modelOf(spec)
  const { values, origins, problems } = matchKeys(spec, model, given)
  if (problems.length > 0) return { problems }
  const parsed = model.schema.safeParse({ ...model.defaults, ...values, type: spec.name })
  if (!parsed.success) {
    return { problems: parsed.error.issues.map((issue) => problemOf(issue, { origins, values, fields: model.names.fields })) }
  }
  const { params, envelope } = divide(parsed.data)
  const message = spec.check?.(params)
  if (message !== undefined) return { problems: [{ message }] }
  const schedule = checkSchedule(envelope.sched, origins, context)
  const deeper = [...schedule.problems, ...checkHosts(envelope.host, origins)]
  if (deeper.length > 0) return { problems: deeper }
  return { entry: { spec, params, envelope, source: canonical(spec, model, values, parsed.data) }, notes: schedule.notes }
}

/** The problems with each flag of the fault, and the value behind it, as `write` spells that parameter. */
export function respell(spec: AnyFault, problems: readonly Problem[], write: (key: string, value?: string) => string): Problem[] {
  const { fields } = modelOf(spec).names
  const inForm = (text: string): string => text.replaceAll(/(--[a-z][a-z-]*)(?: (<[^>]*>|[\w-]+))?/g, (whole, flag: string, next?: string) => {
    const field = fields.find((one) => one.flag === flag)
    if (!field) return whole
    if (next === undefined) return write(field.key)
    return next.startsWith('<') || field.choices.includes(next) ? write(field.key, next) : `${write(field.key)} ${next}`
  })
  return problems.map((problem) => ({ ...problem, message: inForm(problem.message), hint: problem.hint === undefined ? undefined : inForm(problem.hint) }))
}

interface Matched {
  readonly values: Readonly<Record<string, unknown>>
  /** Declared key → key as given. */
  readonly origins: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
}

function matchKeys(spec: AnyFault, model: Model, given: Readonly<Record<string, unknown>>): Matched {
  const values: Record<string, unknown> = {}
  const origins = new Map<string, string>()
  const problems: Problem[] = []
  for (const [word, value] of Object.entries(given)) {
    if (word === 'type' || value === undefined || value === null) continue
    const field = model.fields.get(plain(word === 'period' ? 'sched' : word))
    if (!field) problems.push(unknownKey(spec, model, word))
    else if (origins.has(field.key)) problems.push({ key: word, isAboutKey: true, message: `means the same as ${origins.get(field.key)!}, which is given too`, hint: `keep one of ${origins.get(field.key)!} and ${word}` })
    else {
      origins.set(field.key, word)
      values[field.key] = typeof value === 'string' ? fromText(field, value) : value
    }
  }
  return { values, origins, problems }
}

/** A declaration that takes no text gets the number or truth value the text stands for; what is neither stays, and is refused. */
function fromText(field: NamedField, text: string): unknown {
  if (field.kind === 'number' && text.trim() !== '') return Number.isNaN(Number(text)) ? text : Number(text)
  if (field.kind === 'boolean') return tryBoolean(text) ?? text
  return text
}

function unknownKey(spec: AnyFault, model: Model, word: string): Problem {
  if (['side', 'direction'].includes(plain(word))) {
    return { key: word, isAboutKey: true, message: `${spec.name} has no ${plain(word)}: it sits on no stream`, hint: `leave ${word} out` }
  }
  const meant = closest(word, model.names.fields.map(({ key }) => key))
  return { key: word, isAboutKey: true, message: `${spec.name} has no parameter called ${quoted(word)}`, hint: meant ? `did you mean ${meant}?` : `fault explain ${spec.name} lists them` }
}

interface IssueContext {
  readonly origins: ReadonlyMap<string, string>
  readonly values: Readonly<Record<string, unknown>>
  readonly fields: readonly NamedField[]
}

function problemOf(issue: z.core.$ZodIssue, { origins, values, fields }: IssueContext): Problem {
  const key = typeof issue.path[0] === 'string' ? issue.path[0] : undefined
  const field = fields.find((one) => one.key === key)
  if (!field) return { message: lowerFirst(issue.message) }
  const value = values[field.key]
  if (value === undefined) return { message: `${field.key} is required`, hint: `give ${field.flag} <${field.placeholder}>` }
  return { key: origins.get(field.key), message: messageOf(issue, field, value) }
}

/** zod's own words for its own checks, ours for the rest. */
function messageOf(issue: z.core.$ZodIssue, field: NamedField, value: unknown): string {
  if (issue.code === 'custom') return issue.message
  const shown = `got ${quoted(typeof value === 'string' ? value : JSON.stringify(value))}`
  if (issue.code === 'invalid_union') return `expected ${field.choices.length > 0 ? `one of ${field.choices.join(', ')}` : field.placeholder}, ${shown}`
  const message = lowerFirst(issue.message.replace(/^Invalid (?:input|option|string): /, '').replace(/, received .*$/, '').replace(/^Too (?:big|small): /, ''))
  return `${message}, ${shown}`
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

function divide(data: Readonly<Record<string, unknown>>): { params: Record<string, unknown>; envelope: Envelope } {
  const params: Record<string, unknown> = {}
  const envelope: Record<string, unknown> = {}
  const keys: readonly string[] = ENVELOPE_KEYS
  for (const [key, value] of Object.entries(data)) {
    if (key !== 'type' && value !== undefined) (keys.includes(key) ? envelope : params)[key] = value
  }
  return { params, envelope }
}

function checkSchedule(sched: string | undefined, origins: ReadonlyMap<string, string>, { totalMs }: EntryContext): { problems: Problem[]; notes: readonly string[] } {
  if (sched === undefined) return { problems: [], notes: [] }
  const key = origins.get('sched')
  try {
    return { problems: [], notes: parseSchedule(sched, { totalMs, param: SELF }).notes }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { problems: [{ key, message: error.message, hint: error.hint }], notes: [] }
  }
}

function checkHosts(host: Envelope['host'], origins: ReadonlyMap<string, string>): Problem[] {
  try {
    for (const text of host === undefined ? [] : [host].flat()) parseUpstream(text)
    return []
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return [{ key: origins.get('host'), message: error.message, hint: error.hint }]
  }
}

/** Stands in a message for the name the user knows the key by, which only the caller can tell. */
export const SELF = '\u0000'

/** What was given, in declared order, with values as they were understood wherever JSON can hold them. */
function canonical(spec: AnyFault, model: Model, values: Readonly<Record<string, unknown>>, data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const source: Record<string, unknown> = { type: spec.name }
  for (const { key } of model.names.fields) {
    if (values[key] !== undefined) source[key] = isPlain(data[key]) ? data[key] : values[key]
  }
  return source
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value) || (Array.isArray(value) && value.every(isPlain))
}

/** Where a fault sits and how often it strikes when nothing is said. */
const ENVELOPE_DEFAULTS: Envelope = { side: 'server', direction: 'ingress', probability: 1, scope: 'connection' }

/** The whole fault as JSON, defaults included: what will be in force. */
export function effectiveEntry({ spec, params, envelope, source }: FaultEntry): Readonly<Record<string, unknown>> {
  const known = { ...ENVELOPE_DEFAULTS, ...params, ...envelope } as Readonly<Record<string, unknown>>
  const values = modelOf(spec).names.fields.flatMap(({ key }) => {
    const value = isPlain(known[key]) ? known[key] : source[key]
    return value === undefined ? [] : [[key, value] as const]
  })
  return { type: spec.name, ...Object.fromEntries(values) }
}
