export const HTAB = 9
export const LF = 10
export const CR = 13
export const SP = 32
export const COLON = 58

/** Bits of `CLASS`, one byte value each. */
export const NAME = 1
/** A field value or reason phrase: HTAB, SP, VCHAR, obs-text (RFC 9110 §5.5). */
export const VALUE = 2
/** A request target: VCHAR and obs-text, however odd. */
export const TARGET = 4
/** A registered name: unreserved, sub-delims and `%` (RFC 3986 §3.2.2). */
export const HOST = 8
export const DIGIT = 16

export const CLASS = classes()
/** The value of a hexadecimal digit, 255 for anything else. */
export const HEX = new Uint8Array(256).fill(255)
for (let value = 0; value < 16; value++) {
  HEX[value.toString(16).charCodeAt(0)] = value
  HEX[value.toString(16).toUpperCase().charCodeAt(0)] = value
}

function classes(): Uint8Array {
  const table = new Uint8Array(256)
  const digits = '0123456789'
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
  const add = (characters: string, bit: number) => {
    for (let at = 0; at < characters.length; at++) table[characters.charCodeAt(at)]! |= bit
  }
  add(`${digits}${letters}!#$%&'*+-.^_\`|~`, NAME)
  add(`${digits}${letters}-._~!$&'()*+,;=%`, HOST)
  add(digits, DIGIT)
  for (let code = 0; code < 256; code++) {
    if (code > SP && code !== 127) table[code]! |= VALUE | TARGET
  }
  add('\t ', VALUE)
  return table
}

/** Field names and tokens compare without case (ASCII only); `lower` is already lower case. */
export function sameName(name: string, lower: string): boolean {
  if (name === lower) return true
  if (name.length !== lower.length) return false
  for (let at = 0; at < name.length; at++) {
    let code = name.charCodeAt(at)
    if (code >= 65 && code <= 90) code |= 32
    if (code !== lower.charCodeAt(at)) return false
  }
  return true
}

/** The number that 1*DIGIT spells, -1 for anything else or beyond 2^53-1 (RFC 9110 §8.6). */
export function decimal(text: string): number {
  let value = text.length === 0 ? -1 : 0
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
    if (value > Number.MAX_SAFE_INTEGER) return -1
  }
  return value
}

/** The fields that decide framing or forwarding, in lower case; no two are equally long. */
export const DECISIVE_FIELDS: readonly string[] = [
  'host', 'expect', 'upgrade', 'connection', 'content-length', 'proxy-connection', 'transfer-encoding', 'proxy-authorization',
]
