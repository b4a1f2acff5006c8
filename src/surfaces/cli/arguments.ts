import { parseArgs } from 'node:util'
import { quoted } from '../../kit/caret.ts'
import { closest } from '../../kit/did-you-mean.ts'
import { UserError } from '../../kit/errors.ts'
import { tryBoolean } from '../../kit/booleans.ts'
import type { Given, OptionSpec } from '../../derive/option.ts'

/** A flag as written, with the value that may stand behind it. */
export interface FlagWord {
  readonly kind: 'flag'
  /** As written, `--upstream` or `-u`. */
  readonly name: string
  readonly option: OptionSpec | undefined
  readonly value: string | undefined
}

export interface OperandWord { readonly kind: 'operand'; readonly text: string }

export type Word = FlagWord | OperandWord

/** Cuts a command line into flags and operands, unknown flags included. Which flags take a value is all that must be known. */
export function readWords(argv: readonly string[], options: readonly OptionSpec[]): Word[] {
  const known = new Map(options.flatMap((option) => [option.flag, ...(option.aliases ?? [])].map((name) => [name, option] as const)))
  const shorts = new Map(options.flatMap((option) => (option.short === undefined ? [] : [[option.short, option] as const])))
  const config = Object.fromEntries([...known].map(([name, option]) => [name.slice(2), {
    type: takesNext(option) ? 'string' : 'boolean', ...(known.get(name)?.short !== undefined && name === option.flag && { short: option.short!.slice(1) }),
  } as const]))
  const { tokens } = parseArgs({ args: [...argv], options: config, strict: false, allowPositionals: true, tokens: true })
  return tokens.flatMap((token): Word[] => {
    if (token.kind === 'positional') return [{ kind: 'operand', text: token.value }]
    if (token.kind === 'option-terminator') return []
    const option = known.get(token.rawName) ?? shorts.get(token.rawName)
    return [{ kind: 'flag', name: token.rawName, option, value: token.value }]
  })
}

const takesNext = ({ kind, implied }: OptionSpec): boolean => kind !== 'switch' && implied === undefined

/** What the flags say, by option. The last one counts, except for lists. UserError for a value that is missing or no truth value. */
export function givenByFlags(words: readonly Word[]): Map<string, Given> {
  const given = new Map<string, Given>()
  for (const word of words) {
    if (word.kind !== 'flag' || !word.option) continue
    const { option } = word
    const values = option.kind === 'list' ? [...(given.get(option.flag)?.values ?? []), ...listOf(word, option)] : [valueOf(word, option)]
    given.set(option.flag, { values, source: 'flag', name: option.flag })
  }
  return given
}

function listOf(word: FlagWord, option: OptionSpec): string[] {
  const value = valueOf(word, option)
  return option.splitsFlag ? splitList(value, ',') : [value]
}

function valueOf({ name, value }: FlagWord, option: OptionSpec): string {
  if (option.kind === 'switch') return value === undefined ? 'true' : truth(name, value)
  const text = value ?? option.implied
  if (text === undefined) throw new UserError('MISSING_VALUE', `${name}: a value is missing`, { hint: `write ${option.flag} <${option.placeholder}>` })
  return text
}

/** Canonical `true` or `false`. UserError naming the flag or variable. */
export function truth(name: string, text: string): string {
  const value = tryBoolean(text)
  if (value === undefined) throw new UserError('BAD_BOOLEAN', `${name}: expected true or false, got ${quoted(text)}`, { hint: 'write true, false, 1, 0, yes, no, on or off' })
  return String(value)
}

/** The values of a list in one text; on lines of their own they may hold the separator. Blank ones say nothing. */
export function splitList(text: string, separator: ',' | '\n'): string[] {
  return text.split(text.includes('\n') ? '\n' : separator).map((part) => part.trim()).filter((part) => part !== '')
}

/** The flag that was probably meant. */
export function closestFlag(name: string, options: readonly OptionSpec[]): string | undefined {
  return closest(name, options.flatMap(({ flag, aliases = [] }) => [flag, ...aliases]))
}
