import type { AnyFault } from '../model/fault.ts'
import { fieldsOf, type Field } from './fields.ts'
import { checkNames, kebab, plain } from './spelling.ts'

/** A field with the names it is known by outside. */
export interface NamedField extends Field {
  readonly flag: string
  readonly env: string
  /** Further keys that mean it in text, YAML and JSON: its flag's and its variable's own word. */
  readonly aliases: readonly string[]
}

export interface FaultNames {
  readonly flag: string
  readonly env: string
  readonly fields: readonly NamedField[]
}

const constant = (word: string): string => kebab(word).replaceAll('-', '_').toUpperCase()

/**
 * `--with-NAME`, `FAULT_WITH_NAME`, `--NAME-PARAM`, `FAULT_NAME_PARAM`, unless the declaration's `compat` says otherwise.
 * Fails when two fields claim one name.
 */
export function namesOf(spec: AnyFault): FaultNames {
  const { compat } = spec
  const stem = kebab(spec.name)
  const envStem = compat?.env ?? constant(spec.name)
  const fields = fieldsOf(spec).map((field): NamedField => {
    const other = compat?.fields?.[field.key]
    const flagWord = other?.flag ?? kebab(field.key)
    const envWord = other?.env ?? constant(other?.flag ?? field.key)
    return {
      ...field,
      flag: `--${stem}-${flagWord}`,
      env: `FAULT_${envStem}_${envWord}`,
      aliases: [...new Set([flagWord, kebab(envWord)])].filter((word) => plain(word) !== plain(field.key)),
    }
  })
  const names = { flag: `--with-${stem}`, env: `FAULT_WITH_${compat?.with ?? constant(spec.name)}`, fields }
  checkNames(`fault "${spec.name}"`, [names, ...fields])
  checkKeys(spec.name, fields)
  return names
}

function checkKeys(name: string, fields: readonly NamedField[]): void {
  const seen = new Set<string>()
  for (const word of fields.flatMap(({ key, aliases }) => [key, ...aliases].map(plain))) {
    if (seen.has(word)) throw new Error(`fault "${name}": two parameters are called "${word}"`)
    seen.add(word)
  }
}
