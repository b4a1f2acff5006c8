const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const
const PORT_MAX = 65_535

/** The bytes of an address (4 or 16), strict: four decimal numbers without leading zeros, or RFC 4291; a zone is left out. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** 4, 6, or 0 when `text` is not an address; brackets are not part of one. */
export function isIp(text: string): 0 | 4 | 6 {
  const bytes = parseIp(text)
  return bytes === undefined ? 0 : bytes.length === 4 ? 4 : 6
}

/** As RFC 5952 writes it, one text per address; a zone stays behind its `%`. */
export function canonicalIp(text: string): string | undefined {
  const bytes = parseIp(text)
  const zone = text.indexOf('%')
  return bytes && (zone < 0 ? formatIp(bytes) : formatIp(bytes) + text.slice(zone))
}

/** RFC 5952: lower case, the longest run of zeros shortened, IPv4-mapped addresses with dots. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (isMapped(bytes)) return `::ffff:${bytes.subarray(12).join('.')}`
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2]! << 8) | bytes[index * 2 + 1]!)
  const { start, length } = longestZeros(groups)
  const hex = groups.map((group) => group.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) as the IPv4 address it means; any other as it is. */
export function unmapped(bytes: Uint8Array): Uint8Array {
  return isMapped(bytes) ? bytes.subarray(12) : bytes
}

export interface Cidr {
  readonly bytes: Uint8Array
  readonly bits: number
}

/** `10.0.0.0/8`, `2001:db8::/32`; bits behind the prefix may be set and do not count. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  const bytes = slash < 0 || text.includes('%') ? undefined : parseIp(text.slice(0, slash))
  const bits = bytes && wholeNumber(text.slice(slash + 1), bytes.length * 8)
  return bytes && bits !== undefined ? { bytes, bits } : undefined
}

/** Whether the address lies in the network; one family never lies in the other, so unmap both first. */
export function inCidr(ip: Uint8Array, { bytes, bits }: Cidr): boolean {
  if (ip.length !== bytes.length) return false
  const whole = bits >> 3
  for (let index = 0; index < whole; index += 1) if (ip[index] !== bytes[index]) return false
  const rest = bits & 7
  return rest === 0 || (ip[whole]! ^ bytes[whole]!) >> (8 - rest) === 0
}

/** 0 to 65535 in decimal digits, else `undefined`. */
export function parsePort(text: string): number | undefined {
  const value = /^0*[0-9]{1,5}$/.test(text) ? Number(text) : Infinity
  return value <= PORT_MAX ? value : undefined
}

/** `host`, `host:port`, `[ipv6]`, `[ipv6]:port` or a bare IPv6 address, cut apart; the parts themselves are not looked at. */
export function cutPort(text: string): { readonly host: string; readonly port: string | undefined } | undefined {
  if (text.startsWith('[')) {
    const close = text.indexOf(']')
    const host = text.slice(1, close)
    const rest = text.slice(close + 1)
    if (close < 0 || !host.includes(':') || (rest !== '' && !rest.startsWith(':'))) return undefined
    return { host, port: rest === '' ? undefined : rest.slice(1) }
  }
  const colon = text.lastIndexOf(':')
  if (colon < 0 || isIp(text) === 6) return { host: text, port: undefined }
  // More colons than one and no brackets: which of them begins the port is anybody's guess.
  return text.indexOf(':') === colon ? { host: text.slice(0, colon), port: text.slice(colon + 1) } : undefined
}

/** As `cutPort`, with a host that is not empty (nothing else is checked) and a port that is a number from 0 to 65535. */
export function splitHostPort(text: string): { readonly host: string; readonly port: number | undefined } | undefined {
  const parts = cutPort(text)
  if (!parts || parts.host === '') return undefined
  if (parts.port === undefined) return { host: parts.host, port: undefined }
  const port = parsePort(parts.port)
  return port === undefined ? undefined : { host: parts.host, port }
}

/** `host:port`, with brackets round an IPv6 address. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * One text per host: a canonical address, or a name in lower case, without its trailing dot, in ASCII (IDNA).
 * `undefined` when it can be neither; a name that ends in a number would be a broken IPv4 address.
 */
export function canonicalHost(text: string): string | undefined {
  const ip = canonicalIp(text)
  if (ip !== undefined) return ip
  const ascii = isAscii(text) ? text.toLowerCase() : asciiName(text)
  const name = ascii?.endsWith('.') ? ascii.slice(0, -1) : ascii
  if (!name || name.length > 253) return undefined
  const labels = name.split('.')
  if (!labels.every(isLabel)) return undefined
  return /^[0-9]+$/.test(labels.at(-1)!) ? undefined : name
}

/** Letters, digits, `-` and `_` (which real names do have, against RFC 1123). */
function isLabel(label: string): boolean {
  return label.length <= 63 && /^[a-z0-9_-]+$/.test(label) && !label.startsWith('-') && !label.endsWith('-')
}

/** The URL or authority without its user name and password, which must not reach messages. */
export function withoutUserInfo(text: string): string {
  const slashes = text.indexOf('://')
  const from = slashes < 0 ? 0 : slashes + 3
  const rest = text.slice(from)
  const end = rest.search(/[/?#]/)
  return text.slice(0, from) + rest.slice(rest.lastIndexOf('@', end < 0 ? rest.length : end) + 1)
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 127) return false
  return true
}

function asciiName(text: string): string | undefined {
  // The URL parser knows IDNA; what has a meaning of its own in a URL must not reach it.
  if (/[\s/\\?#@:[\]%]/.test(text)) return undefined
  return URL.parse(`http://${text}/`)?.hostname
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.', 5)
  if (parts.length !== 4) return undefined
  const bytes = new Uint8Array(4)
  for (const [index, part] of parts.entries()) {
    const value = wholeNumber(part, 255)
    if (value === undefined) return undefined
    bytes[index] = value
  }
  return bytes
}

function parseIpv6(text: string): Uint8Array | undefined {
  const zone = text.indexOf('%')
  if (zone >= 0 && (zone === text.length - 1 || /[\s/[\]]/.test(text.slice(zone)))) return undefined
  const address = zone < 0 ? text : text.slice(0, zone)
  if (address.length > 45) return undefined
  const halves = address.split('::')
  if (halves.length > 2) return undefined
  const head = ipv6Groups(halves[0]!, halves.length === 1)
  const tail = halves.length === 2 ? ipv6Groups(halves[1]!, true) : []
  if (!head || !tail) return undefined
  const missing = 16 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined
  return Uint8Array.from([...head, ...Array.from({ length: missing }, () => 0), ...tail])
}

/** The bytes of `a:b:c`, of nothing, or of `a:b:1.2.3.4` where the end of the address may stand. */
function ipv6Groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (last && index === groups.length - 1 && group.includes('.')) {
      const tail = parseIpv4(group)
      if (!tail) return undefined
      bytes.push(...tail)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && MAPPED_PREFIX.every((byte, index) => bytes[index] === byte)
}

/** The first of the longest runs of zero groups. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > best.length) best = { start: index - length + 1, length }
  }
  return best
}

/** Decimal digits without a leading zero, which some read as octal. */
function wholeNumber(text: string, max: number): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,4})$/.test(text)) return undefined
  const value = Number(text)
  return value <= max ? value : undefined
}
