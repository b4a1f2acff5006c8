import { isDigit, plainText, plus, scanDecimal, times, toNumber, type Decimal } from './decimal.ts'

/** What a number without a unit means: run durations are seconds, fault parameters milliseconds. */
export type BareUnit = 's' | 'ms'

const NANOSECOND: Decimal = { digits: 1n, exponent: -6 }
const MICROSECOND: Decimal = { digits: 1n, exponent: -3 }
const MILLISECOND: Decimal = { digits: 1n, exponent: 0 }
const SECOND: Decimal = { digits: 1n, exponent: 3 }
const MINUTE: Decimal = { digits: 60n, exponent: 3 }
const HOUR: Decimal = { digits: 3_600n, exponent: 3 }
const DAY: Decimal = { digits: 86_400n, exponent: 3 }
const WEEK: Decimal = { digits: 604_800n, exponent: 3 }
/** A twelfth of the mean Gregorian year. */
const MONTH: Decimal = { digits: 2_629_746n, exponent: 3 }
const YEAR: Decimal = { digits: 31_556_952n, exponent: 3 }

/** Any beginning of these names, at least so long, in any case. `m`, `mi` and `M` are in `durationUnit`. */
const TIME_UNITS: readonly (readonly [name: string, least: number, unit: Decimal])[] = [
  ['nanoseconds', 1, NANOSECOND], ['nsecs', 1, NANOSECOND],
  ['microseconds', 3, MICROSECOND], ['usecs', 1, MICROSECOND], ['\u03bcsecs', 1, MICROSECOND], ['\u00b5secs', 1, MICROSECOND],
  ['milliseconds', 3, MILLISECOND], ['msecs', 2, MILLISECOND],
  ['seconds', 1, SECOND], ['secs', 1, SECOND],
  ['minutes', 3, MINUTE], ['mins', 3, MINUTE],
  ['hours', 1, HOUR], ['hrs', 1, HOUR],
  ['days', 1, DAY],
  ['weeks', 1, WEEK], ['wks', 1, WEEK],
  ['months', 2, MONTH],
  ['years', 1, YEAR], ['yrs', 1, YEAR],
]

/** As documented, the sum stays below 2^64 seconds. */
const DURATION_MAX_MS = 2 ** 64 * 1000

const LETTER = /[\p{L}\p{M}_]/u
const WORD = /[\p{L}\p{M}\p{N}_]/u

/**
 * Milliseconds of `300ms`, `1.5s`, `1m30s`, `1 hour 30 min`, `2d`; a lone number takes the unit `bare`.
 * Between the parts only blanks and commas: `100ms..200ms` is no duration. `undefined` when it is none.
 */
export function tryDuration(text: string, bare: BareUnit): number | undefined {
  return sumDuration(text, bare, false)
}

/**
 * The whole documented syntax of `--duration`: as `tryDuration`, and also negative parts, ignored words and
 * punctuation (`Duration: 1 hour, 15 minutes and 29 seconds`). A lone number is seconds.
 */
export function tryHumanDuration(text: string): number | undefined {
  return sumDuration(text, 's', true)
}

function sumDuration(text: string, bare: BareUnit, lenient: boolean): number | undefined {
  let sum: Decimal = { digits: 0n, exponent: 0 }
  let parts = 0
  let words = 0
  let unitless = 0
  for (let at = 0; at < text.length;) {
    const part = scanPart(text, at, lenient)
    if (part) {
      const unit = part.unit === '' ? (bare === 's' ? SECOND : MILLISECOND) : durationUnit(part.unit)
      if (!unit) return undefined
      sum = plus(sum, times(part.value, unit))
      parts += 1
      if (part.unit === '') unitless += 1
      at = part.end
      continue
    }
    const char = text[at]!
    if (!lenient && char !== ',' && char.trim() !== '') return undefined
    if (WORD.test(char)) words += 1
    at += 1
  }
  if (parts === 0 || (unitless > 0 && parts + words > 1)) return undefined
  const ms = toNumber(sum)
  return ms >= 0 && ms < DURATION_MAX_MS ? ms : undefined
}

function scanPart(text: string, start: number, lenient: boolean): { value: Decimal; unit: string; end: number } | undefined {
  const negative = lenient && text[start] === '-' && isDigit(text, start + 1)
  const number = scanDecimal(text, negative ? start + 1 : start)
  if (!number) return undefined
  const value = negative ? { digits: -number.value.digits, exponent: number.value.exponent } : number.value
  const from = skipGap(text, number.end, lenient)
  let end = from
  while (end < text.length && LETTER.test(text[end]!)) end += 1
  return { value, unit: text.slice(from, end), end }
}

/** Past what may stand between a number and its unit. A sign stays when it begins the next number. */
function skipGap(text: string, start: number, lenient: boolean): number {
  let at = start
  while (at < text.length && !WORD.test(text[at]!)) {
    if (lenient ? text[at] === '-' && isDigit(text, at + 1) : text[at]!.trim() !== '') break
    at += 1
  }
  return at
}

function durationUnit(word: string): Decimal | undefined {
  if (word === 'M') return MONTH
  const lower = word.toLowerCase()
  if (word.startsWith('m') && (lower === 'm' || lower === 'mi')) return MINUTE
  return TIME_UNITS.find(([name, least]) => lower.length >= least && name.startsWith(lower))?.[2]
}

/** Short and exact: `300ms`, `1.5s`, `1m30s`, `250us`; `tryDuration` gives back the very same number. */
export function formatDuration(ms: number): string {
  if (!(ms >= 0) || ms === Infinity || (ms !== 0 && ms < 1e-9)) return `${ms}ms`
  if (ms === 0) return '0ms'
  if (ms < 0.001) return `${plainText(ms, 6)}ns`
  if (ms < 1) return `${plainText(ms, 3)}us`
  if (ms < 1000) return `${plainText(ms, 0)}ms`
  if (ms < 60_000) return `${plainText(ms, -3)}s`
  return formatLong(ms)
}

function formatLong(ms: number): string {
  const [whole = '', fraction = ''] = plainText(ms, 0).split('.')
  let left = BigInt(whole)
  if (fraction === '' && left % 604_800_000n === 0n) return `${left / 604_800_000n}w`
  let text = ''
  for (const [unit, size] of [['d', 86_400_000n], ['h', 3_600_000n], ['m', 60_000n]] as const) {
    if (left >= size) text += `${left / size}${unit}`
    left %= size
  }
  const decimals = fraction === '' ? '' : `.${fraction}`
  if (left < 1000n) return left === 0n && fraction === '' ? text : `${text}${left}${decimals}ms`
  return `${text}${left / 1000n}.${String(left % 1000n).padStart(3, '0')}${fraction}`.replace(/\.?0+$/, '') + 's'
}

const BYTE_UNITS: ReadonlyMap<string, Decimal> = new Map([
  ...['', 'b', 'byte', 'bytes'].map((name) => [name, { digits: 1n, exponent: 0 }] as const),
  ...['k', 'm', 'g', 't'].flatMap((letter, index) => {
    const decimal = { digits: 1n, exponent: 3 * (index + 1) }
    const binary = { digits: 1024n ** BigInt(index + 1), exponent: 0 }
    return [[letter, decimal], [`${letter}b`, decimal], [`${letter}i`, binary], [`${letter}ib`, binary]] as const
  }),
])

/** Bits per second in bytes: an eighth, which is 125 thousandths. */
const BIT_UNITS: ReadonlyMap<string, Decimal> = new Map(
  ['bit', 'kbit', 'mbit', 'gbit'].map((name, index) => [name, { digits: 125n, exponent: 3 * index - 3 }] as const),
)

const RATE_SUFFIX = /(?:\/s|\/sec|\/second|ps)$/

/** Whole bytes of `512`, `10KB` (10,000), `10KiB` (10,240); units in any case. `undefined` when it is none. */
export function tryBytes(text: string): number | undefined {
  const amount = scanAmount(text)
  const unit = amount && BYTE_UNITS.get(amount.unit)
  if (!unit) return undefined
  const bytes = toNumber(times(amount.value, unit))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/**
 * Bytes per second of `64KB/s`, `64kbps`, `1MiB/s`, `1000`: units in any case mean bytes, as documented, and only
 * `bit`, `kbit`, `mbit`, `gbit` mean bits.
 */
export function tryByteRate(text: string): number | undefined {
  const amount = scanAmount(text)
  if (!amount) return undefined
  const name = amount.unit.replace(RATE_SUFFIX, '')
  if (name === '' && amount.unit !== '') return undefined
  const unit = BYTE_UNITS.get(name) ?? BIT_UNITS.get(name)
  if (!unit) return undefined
  const rate = toNumber(times(amount.value, unit))
  return Number.isFinite(rate) ? rate : undefined
}

function scanAmount(text: string): { value: Decimal; unit: string } | undefined {
  const trimmed = text.trim()
  const number = scanDecimal(trimmed, 0)
  return number && { value: number.value, unit: trimmed.slice(number.end).trim().toLowerCase() }
}

const BYTE_STEPS = [['TB', 12], ['GB', 9], ['MB', 6], ['KB', 3]] as const
const BINARY_STEPS = [['TiB', 1024 ** 4], ['GiB', 1024 ** 3], ['MiB', 1024 ** 2], ['KiB', 1024]] as const

/** The shortest exact text: `64KB`, `1KiB`, `1234B`; `tryBytes` gives back the very same number. */
export function formatBytes(bytes: number): string {
  if (!(bytes >= 0) || bytes === Infinity) return `${bytes}B`
  const texts: string[] = []
  for (const [unit, power] of BYTE_STEPS) if (bytes >= 10 ** power) texts.push(`${plainText(bytes, -power)}${unit}`)
  for (const [unit, size] of BINARY_STEPS) if (bytes >= size && bytes % size === 0) texts.push(`${plainText(bytes / size, 0)}${unit}`)
  // Below a byte (one bit per second is 0.125) plain digits could run to hundreds.
  texts.push(bytes > 0 && bytes < 1e-6 ? `${bytes}B` : `${plainText(bytes, 0)}B`)
  return texts.reduce((best, text) => (text.length < best.length ? text : best))
}

/** As `formatBytes`, per second; `tryByteRate` gives back the very same number. */
export function formatByteRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`
}

/** For people: thousands apart, at most two decimals: `1,234,567.89`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  return Math.abs(value) >= 1e21 ? String(value) : grouped(value.toFixed(2).replace(/\.?0+$/, ''))
}

/** For people, measured times: `300.12 ms`, always with two decimals so that columns stand still. */
export function formatMs(ms: number): string {
  return Number.isFinite(ms) && Math.abs(ms) < 1e21 ? `${grouped(ms.toFixed(2))} ms` : `${ms} ms`
}

function grouped(text: string): string {
  const sign = text.startsWith('-') ? '-' : ''
  const [whole = '', fraction] = text.slice(sign.length).split('.')
  let head = whole
  let tail = ''
  while (head.length > 3) {
    tail = `,${head.slice(-3)}${tail}`
    head = head.slice(0, -3)
  }
  const digits = fraction === undefined ? head + tail : `${head}${tail}.${fraction}`
  return sign !== '' && !/[1-9]/.test(digits) ? digits : sign + digits
}
