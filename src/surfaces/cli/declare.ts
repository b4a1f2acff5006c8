import type { Given, GivenOptions, OptionSpec } from '../../derive/option.ts'
import { quoted } from '../../kit/caret.ts'
import { UserError } from '../../kit/errors.ts'

/** A declared option together with how its text becomes a value. */
export interface Setting<T> extends OptionSpec {
  /** The value of what was given, or the default. UserError naming the flag or variable. */
  read(given: Given | undefined): T
  /** The value as JSON, for `--explain-config`; itself unless given. */
  show?(value: T): unknown
  /** The value for people. */
  format?(value: T): string
}

/** One setting for each key. */
export type Settings<Of> = { readonly [Key in keyof Of]-?: Setting<Of[Key]> }

type Names = Pick<OptionSpec, 'flag' | 'env' | 'summary' | 'group'> & Partial<OptionSpec>

/** Reads one text; `expected` completes "expected …" in the error. */
export interface Reading<T> {
  readonly parse: (text: string) => T | undefined
  readonly expected: string
  readonly fallback: T
  readonly hint?: string
}

export function value<T>(names: Names & { placeholder: string }, { parse, expected, fallback, hint }: Reading<T>): Setting<T> {
  return {
    choices: [], ...names, kind: 'value',
    read: (given) => (given ? parse(given.values[0]!) ?? refuse(given, given.values[0]!, expected, hint) : fallback),
  }
}

export function choices<const Choice extends string>(names: Names, words: readonly Choice[], fallback: Choice): Setting<Choice> {
  const parse = (text: string): Choice | undefined => words.find((word) => word === text.toLowerCase())
  return value({ ...names, placeholder: words.join('|'), choices: words, default: fallback }, { parse, expected: `one of ${words.join(', ')}`, fallback })
}

export function flagged(names: Names): Setting<boolean> {
  return { placeholder: '', choices: [], ...names, kind: 'switch', read: (given) => given?.values[0] === 'true' }
}

/** Texts are checked by `check`, which throws a UserError, and kept as written. */
export function texts(names: Names & { placeholder: string }, check: (text: string) => void = () => {}): Setting<readonly string[]> {
  return {
    choices: [], separator: ',', ...names, kind: 'list',
    read(given) {
      for (const text of given?.values ?? []) within(given!, () => check(text))
      return given?.values ?? []
    },
  }
}

/** Puts the flag or variable before the message of what goes wrong in `work`. */
export function within<T>({ name }: Pick<Given, 'name'>, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(error.code, `${name}: ${error.message}`, { hint: error.hint, exitCode: error.exitCode, cause: error })
  }
}

export function refuse({ name, source }: Given, text: string, expected: string, hint = `${source === 'flag' ? '--help describes it' : `unset ${name}, or give it such a value`}`): never {
  throw new UserError('BAD_OPTION', `${name}: expected ${expected}, got ${quoted(text)}`, { hint })
}

/** Reads every setting. UserError for the first that cannot be. */
export function readAll<Of>(settings: Settings<Of>, given: GivenOptions): Of {
  const entries = Object.entries<Setting<unknown>>(settings as Readonly<Record<string, Setting<unknown>>>)
  return Object.fromEntries(entries.map(([key, setting]) => [key, setting.read(given.get(setting.flag))])) as Of
}
