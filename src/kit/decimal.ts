/** A decimal number exactly as written: `digits` × 10^`exponent`. */
export interface Decimal {
  readonly digits: bigint
  readonly exponent: number
}

/** More digits than any double needs; the rest cannot change the nearest one, and costs time. */
const SIGNIFICANT = 400
/** Beyond this a double is 0 or infinite, and so is the power of ten that would have to be built. */
const EXPONENT_MAX = 800

/** The unsigned decimal (`12`, `1.5`, `.5`, `1.26e-1`) that begins at `start`, and where it ends. Linear in its length. */
export function scanDecimal(text: string, start: number): { readonly value: Decimal; readonly end: number } | undefined {
  const whole = digitsFrom(text, start)
  let end = whole
  let fraction = ''
  if (text[whole] === '.' && (whole > start || isDigit(text, whole + 1))) {
    end = digitsFrom(text, whole + 1)
    fraction = text.slice(whole + 1, end)
  }
  if (end === start) return undefined
  const power = scanExponent(text, end)
  const digits = text.slice(start, whole) + fraction
  return { value: decimal(digits, (power?.exponent ?? 0) - fraction.length), end: power?.end ?? end }
}

/** The decimal that fills `text` from end to end, as the nearest number. */
export function tryDecimal(text: string): number | undefined {
  const scanned = scanDecimal(text, 0)
  return scanned?.end === text.length ? toNumber(scanned.value) : undefined
}

export function times(value: Decimal, factor: Decimal): Decimal {
  return { digits: value.digits * factor.digits, exponent: value.exponent + factor.exponent }
}

/** The exact sum. */
export function plus(a: Decimal, b: Decimal): Decimal {
  if (a.digits === 0n) return b
  if (b.digits === 0n) return a
  const exponent = Math.min(a.exponent, b.exponent)
  return { digits: aligned(a, exponent) + aligned(b, exponent), exponent }
}

/** The nearest double; infinite when there is none. */
export function toNumber(value: Decimal): number {
  return Number(`${value.digits}e${value.exponent}`)
}

/** `value` × 10^`shift` without an exponent, from the shortest text that means `value`: nothing is rounded. */
export function plainText(value: number, shift: number): string {
  const { value: { digits, exponent } } = scanDecimal(String(value), 0)!
  const places = exponent + shift
  if (digits === 0n) return '0'
  if (places >= 0) return `${digits}${'0'.repeat(places)}`
  const padded = String(digits).padStart(1 - places, '0')
  const whole = padded.slice(0, places)
  const fraction = padded.slice(places).replace(/0+$/, '')
  return fraction === '' ? whole : `${whole}.${fraction}`
}

export function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 48 && code <= 57
}

function digitsFrom(text: string, start: number): number {
  let at = start
  while (isDigit(text, at)) at += 1
  return at
}

function scanExponent(text: string, start: number): { exponent: number; end: number } | undefined {
  if (text[start] !== 'e' && text[start] !== 'E') return undefined
  const signed = text[start + 1] === '-' || text[start + 1] === '+'
  const from = start + (signed ? 2 : 1)
  const end = digitsFrom(text, from)
  if (end === from) return undefined
  const size = Math.min(Number(text.slice(from, end)), 1e9)
  return { exponent: text[start + 1] === '-' ? -size : size, end }
}

function decimal(text: string, exponent: number): Decimal {
  let first = 0
  while (first < text.length && text[first] === '0') first += 1
  const kept = text.slice(first, first + SIGNIFICANT)
  if (kept === '') return { digits: 0n, exponent: 0 }
  const scale = exponent + text.length - first - kept.length
  if (scale < -EXPONENT_MAX) return { digits: 0n, exponent: 0 }
  return { digits: BigInt(kept), exponent: Math.min(scale, EXPONENT_MAX) }
}

function aligned(value: Decimal, exponent: number): bigint {
  return value.digits * 10n ** BigInt(value.exponent - exponent)
}
