import type { Given, OptionSpec } from '../../derive/option.ts'
import { splitList, truth } from './arguments.ts'

type Env = Readonly<Record<string, string | undefined>>

/** The variables of the program, with those that a documented manifest spells `fault_X`; empty ones count as not set. */
export interface Variables {
  readonly notes: readonly string[]
  /** Names that begin as ours do and are none of these options'. */
  readonly strangers: readonly string[]
  /** The variable's value, and its name as the user wrote it. */
  find(name: string): { readonly name: string; readonly text: string } | undefined
}

const PREFIX = 'FAULT_'

export function readVariables(env: Env, known: readonly OptionSpec[]): Variables {
  const names = new Set(known.flatMap(({ env: name, envAliases = [] }) => (name === undefined ? [] : [name, ...envAliases])))
  const found = new Map<string, { name: string; text: string }>()
  const notes: string[] = []
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || text.trim() === '' || name.slice(0, PREFIX.length).toUpperCase() !== PREFIX) continue
    const upper = name.toUpperCase()
    if (isServiceLink(upper, text)) {
      if (names.has(upper)) notes.push(`${name} is ignored: ${text} comes from a Kubernetes service`)
    } else if (name === upper) found.set(name, { name, text })
    else if (name.startsWith('fault_') && names.has(upper) && (env[upper] ?? '') === '') {
      found.set(upper, { name, text })
      notes.push(`${name} is read as ${upper}`)
    }
  }
  return { notes, find: (name) => found.get(name), strangers: [...found.keys()].filter((name) => !names.has(name)) }
}

/** Kubernetes gives every pod `NAME_PORT=tcp://…` for every service, so a service called `fault-demo` sets `FAULT_DEMO_PORT`. */
function isServiceLink(name: string, text: string): boolean {
  return name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(text)
}

/** What the environment says about these options. UserError naming a variable that is no truth value. */
export function givenByVariables(variables: Variables, options: readonly OptionSpec[], skip: ReadonlyMap<string, Given>): Map<string, Given> {
  const given = new Map<string, Given>()
  for (const option of options) {
    const variable = skip.has(option.flag) ? undefined : [option.env, ...(option.envAliases ?? [])].map((name) => name && variables.find(name)).find(Boolean)
    if (variable) given.set(option.flag, { values: valuesOf(option, variable), source: 'environment', name: variable.name })
  }
  return given
}

function valuesOf(option: OptionSpec, { name, text }: { readonly name: string; readonly text: string }): string[] {
  if (option.kind === 'switch') return [truth(name, text)]
  return option.kind === 'list' ? splitList(text, option.separator ?? ',') : [text]
}
