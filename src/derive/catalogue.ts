import type { FaultRegistry } from '../model/entry.ts'
import type { AnyFault } from '../model/fault.ts'
import { checkFault } from './entries.ts'
import { formatFlags } from './fault-requests.ts'
import { namesOf, type NamedField } from './names.ts'
import type { OptionSpec } from './option.ts'
import { checkNames } from './spelling.ts'
import { formatFault } from './text-form.ts'

/** An option that belongs to a fault; without a key it switches the fault on. */
export interface FaultOption extends OptionSpec {
  readonly fault: string
  readonly key?: string
}

export interface CatalogueFault {
  readonly name: string
  readonly aliases: readonly string[]
  readonly title: string
  readonly summary: string
  readonly isDocumented: boolean
  /** Its first example: as flags, as the text of `--fault`, and in words. */
  readonly example: { readonly flags: readonly string[]; readonly text: string; readonly means: string }
  readonly options: readonly FaultOption[]
}

/**
 * All faults as plain data: what help, completion and the command line need before any fault is used. Generated into
 * `catalogue.json`, because the declarations themselves take as long to load as everything else together.
 */
export type Catalogue = readonly CatalogueFault[]

/** Documented faults first, in the documented order; the others as the registry has them. */
export function catalogueOf(registry: FaultRegistry): Catalogue {
  const rank = ({ compat }: AnyFault): number => compat?.order ?? Infinity
  const faults = [...registry.list].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b))).map(catalogueFault)
  checkNames('faults', faults.flatMap(({ options }) => options))
  return faults
}

function catalogueFault(spec: AnyFault): CatalogueFault {
  const { compat } = spec
  const names = namesOf(spec)
  const title = compat?.title ?? titleOf(spec.name)
  const isDocumented = compat?.documented ?? false
  const common = { fault: spec.name, group: title }
  const more = isDocumented ? {} : { isMore: true }
  return {
    name: spec.name, aliases: spec.aliases ?? [], title, summary: spec.summary, isDocumented, example: exampleOf(spec),
    options: [
      { ...common, flag: names.flag, env: names.env, kind: 'switch', placeholder: '', choices: [], summary: spec.summary.replace(/\.$/, ''), default: 'false', ...more },
      ...names.fields.map((field) => ({ ...optionOf(field), ...common, key: field.key, ...(isShown(spec, field) ? more : { isMore: true }) })),
    ],
  }
}

function exampleOf(spec: AnyFault): CatalogueFault['example'] {
  const checked = checkFault(spec, spec.examples[0])
  if ('problems' in checked) throw new Error(`the first example of fault "${spec.name}" is refused: ${checked.problems.map(({ message }) => message).join(', ')}`)
  const { entry } = checked
  return { flags: formatFlags(entry), text: formatFault(entry), means: spec.explain(entry.params) }
}

/** A name as a heading: `packet-loss` → `Packet loss`. */
const titleOf = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ')

function isShown(spec: AnyFault, { key, part }: NamedField): boolean {
  return part === 'params' || key === 'side' || key === 'direction' || key === 'sched' || spec.compat?.fields?.[key] !== undefined
}

function optionOf(field: NamedField): Omit<OptionSpec, 'group'> {
  const { flag, env, placeholder, choices, description: summary } = field
  const shown = field.default === undefined ? {} : { default: typeof field.default === 'string' ? field.default : JSON.stringify(field.default) }
  const common = { flag, env, placeholder, choices, summary, ...shown }
  if (field.list) return { ...common, kind: 'list', separator: ',' }
  return { ...common, kind: field.kind === 'boolean' ? 'switch' : 'value' }
}
