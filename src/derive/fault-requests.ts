import { UserError } from '../kit/errors.ts'
import type { FaultEntry, FaultRegistry } from '../model/entry.ts'
import { checkFault, findFault, type EntryContext } from './entries.ts'
import type { FaultRequest } from './flag-faults.ts'
import { namesOf } from './names.ts'
import { refusal } from './refusal.ts'
import { formatValue, type ParsedFault } from './text-form.ts'

/** Checks what was asked for. UserError naming the flag or variable of each problem. */
export function readRequests(requests: readonly FaultRequest[], registry: FaultRegistry, context: EntryContext): ParsedFault[] {
  return requests.map(({ fault, cause, given }) => {
    const spec = findFault(registry, fault)
    if (!spec) throw new UserError('STALE_CATALOGUE', `the generated catalogue has a fault "${fault}" that is not built in`, { hint: 'npm run generate' })
    const raw = Object.fromEntries(Object.entries(given).map(([key, { values }]) => [key, values.length === 1 ? values[0] : values]))
    const checked = checkFault(spec, raw, context)
    if ('entry' in checked) return checked
    throw refusal(checked.problems, { where: cause, label: (key) => given[key]?.name ?? `${cause}: ${key}` })
  })
}

/** The arguments that ask for the same fault. */
export function formatFlags({ spec, source }: Pick<FaultEntry, 'spec' | 'source'>): string[] {
  const { flag, fields } = namesOf(spec)
  const words = fields.flatMap((field) => valuesOf(source[field.key]).map((value) => `${field.flag}=${formatValue(spec, field.key, value)}`))
  return [flag, ...words]
}

/** The variables that ask for the same fault; a list with a comma in a value has one value on each line. */
export function formatEnv({ spec, source }: Pick<FaultEntry, 'spec' | 'source'>): Record<string, string> {
  const { env, fields } = namesOf(spec)
  const variables: Record<string, string> = { [env]: 'true' }
  for (const field of fields) {
    const texts = valuesOf(source[field.key]).map((value) => formatValue(spec, field.key, value))
    if (texts.length === 0) continue
    const isLined = field.list && texts.some((text) => text.includes(','))
    variables[field.env] = isLined ? texts.map((text) => `${text}\n`).join('') : texts.join(',')
  }
  return variables
}

function valuesOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}
