import { checkFault, findFault, unknownFault } from '../../derive/entries.ts'
import { formatFlags } from '../../derive/fault-requests.ts'
import { namesOf, type NamedField } from '../../derive/names.ts'
import { formatFault } from '../../derive/text-form.ts'
import { EXIT, UserError } from '../../kit/errors.ts'
import { twoColumns, wrap } from '../../kit/text-table.ts'
import type { AnyFault } from '../../model/fault.ts'
import { shellWord } from './commands.ts'
import type { Invocation } from './main.ts'

/** `fault explain [FAULT]`. */
export async function explainCommand({ host, builtins, catalogue, operands: [name] }: Invocation): Promise<number> {
  const width = Math.min(host.stdout.columns ?? 100, 120)
  if (name === undefined) {
    const rows = catalogue.map(({ name: fault, summary }) => [fault, summary] as const)
    host.stdout.write(`Faults\n${twoColumns(rows, { width })}\n\nfault explain FAULT tells everything about one.\n`)
    return EXIT.ok
  }
  const registry = await builtins.faults()
  const spec = findFault(registry, name)
  if (!spec) {
    const { message, hint } = unknownFault(registry, name)
    throw new UserError('UNKNOWN_FAULT', message, { hint })
  }
  host.stdout.write(faultText(spec, width))
  return EXIT.ok
}

/** Everything a declaration says, for a terminal. */
export function faultText(spec: AnyFault, width: number): string {
  const { flag, env, fields } = namesOf(spec)
  const aliases = spec.aliases?.length ? [`Also called ${spec.aliases.join(', ')}.`, ''] : []
  return [
    `${spec.name}: ${spec.summary}`, '', ...aliases,
    'How faithful is it?', ...wrap(spec.faithful, width - 2).map((line) => `  ${line}`), '',
    'Switched on by', twoColumns([[flag, env]], { width }), '',
    'Parameters', section(spec, fields.filter(({ part }) => part === 'params'), width),
    'Where, when and on what', section(spec, fields.filter(({ part }) => part === 'envelope'), width),
    'Examples', ...spec.examples.flatMap((example) => exampleLines(spec, example)), '',
  ].join('\n')
}

function section(spec: AnyFault, fields: readonly NamedField[], width: number): string {
  if (fields.length === 0) return '  none\n'
  const rows = fields.map((field) => [`${field.key} <${field.kind === 'boolean' ? 'true|false' : field.placeholder}>`, describe(spec, field)] as const)
  return `${twoColumns(rows, { width, leftMax: 30 })}\n`
}

function describe(spec: AnyFault, { key, description, default: fallback, required, flag, env }: NamedField): string {
  const notes = [
    ...(required ? ['required'] : []), ...(fallback === undefined ? [] : [`default ${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}`]),
    ...(key === spec.primary ? [`may stand alone behind ${spec.name}`] : []), flag, env,
  ]
  return `${description} [${notes.join(', ')}]`
}

function exampleLines(spec: AnyFault, example: Readonly<Record<string, unknown>>): string[] {
  const checked = checkFault(spec, example)
  if ('problems' in checked) return []
  const { entry } = checked
  return [`  fault run --fault ${shellWord(formatFault(entry))}`, `  fault run ${formatFlags(entry).map(shellWord).join(' ')}`, `      ${spec.explain(entry.params)}`]
}
