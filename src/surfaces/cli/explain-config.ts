import { effectiveEntry } from '../../derive/entries.ts'
import type { Given } from '../../derive/option.ts'
import { formatFault, type ParsedFault } from '../../derive/text-form.ts'
import { EXIT } from '../../kit/errors.ts'
import { table } from '../../kit/text-table.ts'
import type { Setting } from './declare.ts'
import type { Invocation } from './main.ts'
import { explainFormat } from './options.ts'

export interface Explained {
  readonly settings: object
  readonly faults: readonly ParsedFault[]
  readonly notes: readonly string[]
}

interface Row {
  readonly name: string
  readonly value: unknown
  readonly text: string
  readonly source: string
}

/** Prints every setting with its value and where it comes from, and the faults that would be in force. */
export function explainConfig({ host, given }: Pick<Invocation, 'host' | 'given'>, { settings, faults, notes }: Explained, format: Given): number {
  const rows = (Object.values(settings) as Setting<unknown>[]).map((setting) => rowOf(setting, given.get(setting.flag)))
  for (const note of notes) host.stderr.write(`note: ${note}\n`)
  host.stdout.write(explainFormat.read(format) === 'json' ? asJson(rows, faults) : asText(rows, faults))
  return EXIT.ok
}

function rowOf(setting: Setting<unknown>, given: Given | undefined): Row {
  const read = setting.read(given)
  const value = setting.show ? setting.show(read) : read
  const source = given ? `${given.source === 'flag' ? 'flag' : 'env'} ${given.name}` : 'default'
  return { name: camel(setting.flag), value, text: setting.format ? setting.format(read) : textOf(value), source }
}

function textOf(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '–'
  return typeof value === 'string' ? value : Array.isArray(value) ? value.join(' ') : JSON.stringify(value)
}

const camel = (flag: string): string => flag.slice(2).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

function asJson(rows: readonly Row[], faults: readonly ParsedFault[]): string {
  const settings = Object.fromEntries(rows.map(({ name, value, source }) => [name, { value, source }]))
  return `${JSON.stringify({ settings, faults: faults.map(({ entry }) => effectiveEntry(entry)) }, null, 2)}\n`
}

function asText(rows: readonly Row[], faults: readonly ParsedFault[]): string {
  const settings = table(['setting', 'value', 'source'], rows.map(({ name, text, source }) => [name, text, source]))
  return `${settings}\n\n${faults.length === 0 ? 'no faults' : ['faults', ...faults.map(({ entry }) => `  ${formatFault(entry)}`)].join('\n')}\n`
}
