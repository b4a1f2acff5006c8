import { z } from 'zod'
import { tryBoolean } from './booleans.ts'
import { tryBytes, tryDuration } from './units.ts'

declare module 'zod' {
  interface GlobalMeta {
    /** What `--help`, the reference and forms show as the value: `<ms>`. */
    placeholder?: string
  }
}

/** Turns text into a value by `parse`, or says what was expected; a number passes as it is when `accepts` it. */
function measured(placeholder: string, expected: string, parse: (text: string) => number | undefined, accepts: (value: number) => boolean) {
  return z
    .union([z.number(), z.string()])
    .transform((given, context) => {
      const value = typeof given === 'number' ? given : parse(given)
      if (value !== undefined && Number.isFinite(value) && accepts(value)) return value
      context.issues.push({ code: 'custom', message: `expected ${expected}, got '${given}'`, input: given })
      return z.NEVER
    })
    .meta({ placeholder })
}

/** Longest delay any fault may ask for, in milliseconds: one hour. */
const MAX_DELAY_MS = 3_600_000

/** Milliseconds, as `250ms`, `1.5s`, `2m` or a bare number; 0 to one hour. */
export const delay = () =>
  measured('ms', 'a duration from 0 to 1h, such as 250, 250ms or 1.5s', (text) => tryDuration(text, 'ms'), (ms) => ms >= 0 && ms <= MAX_DELAY_MS)

/** Bytes, as `512`, `10KB` or `10KiB`; at least 1. */
export const bytes = () => measured('bytes', 'a size of at least 1 byte, such as 512, 10KB or 1MiB', tryBytes, (size) => Number.isInteger(size) && size >= 1)

/** A probability between 0 and 1. */
export const ratio = () => number('a probability between 0 and 1, such as 0.25', (value) => value >= 0 && value <= 1).meta({ placeholder: '0..1' })

/** A number that `accepts`; text from flags and the environment is read as one. */
export function number(expected: string, accepts: (value: number) => boolean) {
  return measured('number', expected, (text) => (text.trim() === '' ? undefined : Number(text)), accepts)
}

export const nonNegative = () => number('a number of at least 0', (value) => value >= 0)

/** Yes or no. */
export const flag = () =>
  z
    .union([z.boolean(), z.string()])
    .transform((given, context) => {
      const value = typeof given === 'boolean' ? given : tryBoolean(given)
      if (value !== undefined) return value
      context.issues.push({ code: 'custom', message: `expected true or false, got '${given}'`, input: given })
      return z.NEVER
    })
    .meta({ placeholder: 'bool' })

/** One of `values`, in any case and with `_` or nothing for `-`, so that documented spellings all work. */
export function choice<const Values extends readonly [string, ...string[]]>(values: Values, aliases: Readonly<Record<string, Values[number]>> = {}) {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_]/g, '')
  const known = new Map<string, Values[number]>([
    ...values.map((value) => [plain(value), value] as const),
    ...Object.entries(aliases).map(([alias, value]) => [plain(alias), value] as const),
  ])
  return z
    .string()
    .transform((given, context): Values[number] => {
      const value = known.get(plain(given))
      if (value !== undefined) return value
      context.issues.push({ code: 'custom', message: `expected one of ${values.join(', ')}, got '${given}'`, input: given })
      return z.NEVER
    })
    .meta({ placeholder: values.join('|') })
}
