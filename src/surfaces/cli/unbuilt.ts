import type { OptionSpec } from '../../derive/option.ts'
import { closest } from '../../kit/did-you-mean.ts'
import { UserError } from '../../kit/errors.ts'
import { tryBoolean } from '../../kit/booleans.ts'
import document from '../../derive/unbuilt.json' with { type: 'json' }
import type { FlagWord } from './arguments.ts'
import type { Variables } from './environment.ts'

export interface UnbuiltCommand { readonly path: readonly string[]; readonly aliases?: readonly string[]; readonly source: string; readonly summary: string }

export interface UnbuiltFlag {
  readonly command: readonly string[]
  readonly flag: string
  readonly short?: string
  readonly value?: string
  readonly env?: string
  readonly envAliases?: readonly string[]
  readonly aliases?: readonly string[]
  readonly default?: string
  readonly source: string
  readonly summary: string
}

interface UnbuiltPositional { readonly command: readonly string[]; readonly name: string; readonly endings?: readonly string[]; readonly summary: string }

/** What is documented and does not exist yet. The data file is also what the compatibility tests are made from. */
export const unbuilt = document as unknown as {
  readonly commands: readonly UnbuiltCommand[]
  readonly positionals: readonly UnbuiltPositional[]
  readonly flags: readonly UnbuiltFlag[]
  readonly variables: readonly { readonly command: readonly string[]; readonly env: string; readonly summary: string }[]
}

const notBuilt = (what: string): UserError => new UserError('NOT_BUILT', `${what} is not built yet`, { hint: 'fault doctor --compat lists what is not built yet' })

/** The longest unbuilt command that begins with these operands, as an error. */
export function unbuiltCommand(operands: readonly string[]): UserError | undefined {
  const fits = ({ path }: UnbuiltCommand): boolean => path.every((word, index) => operands[index] === word || aliasesOf(path.slice(0, index + 1)).includes(operands[index] ?? ''))
  const found = unbuilt.commands.filter(fits).sort((a, b) => b.path.length - a.path.length)[0]
  return found && notBuilt(`fault ${operands.slice(0, found.path.length).join(' ')}`)
}

function aliasesOf(path: readonly string[]): readonly string[] {
  return unbuilt.commands.find((command) => command.path.join(' ') === path.join(' '))?.aliases ?? []
}

/** An operand that belongs to something unbuilt, such as a run document. */
export function unbuiltOperand(path: readonly string[], operand: string): UserError | undefined {
  const found = unbuilt.positionals.find(({ command, endings = [] }) => command.join(' ') === path.join(' ') && endings.some((ending) => operand.toLowerCase().endsWith(ending)))
  return found && notBuilt(`fault ${path.join(' ')} ${found.name}`)
}

/** An unbuilt flag of this command, of one above it, or of any. */
export function unbuiltFlag(path: readonly string[], { name }: FlagWord): UserError | undefined {
  const called = unbuilt.flags.filter(({ flag, short, aliases = [] }) => [flag, short, ...aliases].includes(name))
  const found = called.find(({ command }) => isWithin(command, path)) ?? (name.startsWith('--') ? called[0] : undefined)
  return found && notBuilt(name.startsWith('--') ? name : found.flag)
}

/** A variable of an unbuilt flag of this command that asks for something: not the default, and not a plain no. */
export function unbuiltVariable(path: readonly string[], variables: Variables): UserError | undefined {
  for (const { command, env, envAliases = [], default: fallback, value } of unbuilt.flags) {
    if (env === undefined || !isWithin(command, path)) continue
    for (const name of [env, ...envAliases]) {
      const variable = variables.find(name)
      if (variable && variable.text !== fallback && !(value === undefined && tryBoolean(variable.text) === false)) return notBuilt(variable.name)
    }
  }
  return undefined
}

/** Variables that begin as ours do, are nobody's, and look like a misspelling. */
export function strangerNotes(strangers: readonly string[], options: readonly OptionSpec[]): string[] {
  const later = new Set(unbuilt.flags.flatMap(({ env, envAliases = [] }) => [env, ...envAliases]))
  // What all names have in common must not make them look alike.
  const bare = (name: string): string => name.slice('FAULT_'.length)
  const known = options.flatMap(({ env, envAliases = [] }) => (env === undefined ? [] : [env, ...envAliases].map(bare)))
  return strangers.filter((name) => !later.has(name)).flatMap((name) => {
    const meant = closest(bare(name), known)
    return meant === undefined ? [] : [`${name} is no variable of fault; did you mean FAULT_${meant}?`]
  })
}

const isWithin = (command: readonly string[], path: readonly string[]): boolean => command.every((word, index) => path[index] === word)
