import { effectiveEntry } from '../../derive/entries.ts'
import type { Given } from '../../derive/option.ts'
import { formatFault, formatValue } from '../../derive/text-form.ts'
import { EXIT } from '../../kit/errors.ts'
import { table } from '../../kit/text-table.ts'
import type { Setting } from './declare.ts'
import type { Invocation } from './main.ts'
import { explainFormat } from './options.ts'
import { sourceOf, type TracedFault } from './source.ts'

export interface Explained {
  readonly settings: object
  readonly faults: readonly TracedFault[]
  readonly notes: readonly string[]
}

interface Row {
  readonly name: string
  readonly value: unknown
  readonly text: string
  readonly source: string
}

/** Prints every setting, and every parameter of the faults that would be in force, with its value and where it comes from. */
export function explainConfig({ host, given }: Pick<Invocation, 'host' | 'given'>, { settings, faults, notes }: Explained, format: Given): number {
  const rows = (Object.values(settings) as Setting<unknown>[]).map((setting) => rowOf(setting, given.get(setting.flag)))
  for (const note of notes) host.stderr.write(`note: ${note}\n`)
  host.stdout.write(explainFormat.read(format) === 'json' ? asJson(rows, faults) : asText(rows, faults))
  return EXIT.ok
}

function rowOf(setting: Setting<unknown>, given: Given | undefined): Row {
  const read = setting.read(given)
  const value = setting.show ? setting.show(read) : read
  return { name: camel(setting.flag), value, text: setting.format ? setting.format(read) : textOf(value), source: sourceOf(given) }
}

function textOf(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '–'
  return typeof value === 'string' ? value : Array.isArray(value) ? value.join(' ') : JSON.stringify(value)
}

const camel = (flag: string): string => flag.slice(2).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

function asJson(rows: readonly Row[], faults: readonly TracedFault[]): string {
  const settings = Object.fromEntries(rows.map(({ name, value, source }) => [name, { value, source }]))
  const effective = faults.map(({ entry }) => effectiveEntry(entry))
  const faultSources = faults.map((fault, index) => Object.fromEntries(Object.keys(effective[index]!).map((key) => [key, sourceIn(fault, key)])))
  return `${JSON.stringify({ settings, faults: effective, faultSources }, null, 2)}\n`
}

/** What was not given, whoever asked for the fault, is a default. */
const sourceIn = ({ entry, sourceOf: source }: TracedFault, key: string): string => (entry.source[key] === undefined ? 'default' : source(key))

function asText(rows: readonly Row[], faults: readonly TracedFault[]): string {
  const settings = table(['setting', 'value', 'source'], rows.map(({ name, text, source }) => [name, text, source]))
  return `${settings}\n\n${faults.length === 0 ? 'no faults' : table(['fault', 'value', 'source'], faults.flatMap(faultRows))}\n`
}

function faultRows(fault: TracedFault): string[][] {
  const { entry } = fault
  const { type: _, ...values } = effectiveEntry(entry)
  return [
    [entry.spec.name, formatFault(entry), fault.sourceOf('type')],
    ...Object.entries(values).map(([key, value]) => [`  ${key}`, [value].flat().map((one) => formatValue(entry.spec, key, one)).join(' '), sourceIn(fault, key)]),
  ]
}
