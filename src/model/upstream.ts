import { quoted } from '../kit/caret.ts'
import { UserError } from '../kit/errors.ts'
import { canonicalHost, cutPort, inCidr, parseCidr, parseIp, parsePort, unmapped, withoutUserInfo, type Cidr } from '../kit/ip.ts'

/** One `--upstream`: which hosts it means, and on which port (`undefined`: any). */
export type UpstreamRule = { readonly text: string; readonly port: number | undefined } & (
  | { readonly kind: 'any' }
  | { readonly kind: 'name'; readonly host: string }
  /** `*.example.com`: every name below the domain, at any depth, not the domain itself. */
  | { readonly kind: 'below'; readonly domain: string }
  | { readonly kind: 'network'; readonly cidr: Cidr }
)

export interface Upstreams {
  /** Whether the target, as the client named it (a name or a literal address), is meant. */
  matchesName(host: string, port: number): boolean
  /** Whether names must be resolved to know: an address or a network is listed, and not every host is meant anyway. */
  readonly needsAddress: boolean
  /** Whether a resolved address is meant. Names do not count here. */
  matchesAddress(ip: string, port: number): boolean
  readonly texts: readonly string[]
}

/** What an upstream's scheme says about its port; the forward proxy carries web traffic. */
const SCHEME_PORTS: ReadonlyMap<string, number> = new Map([['http', 80], ['ws', 80], ['https', 443], ['wss', 443]])

const EXAMPLES = 'write example.com, example.com:8080, http://localhost:7070, *.example.com, 10.0.0.0/8, [::1]:8080 or *'

/** `host`, `host:port`, URL, `*.domain`, address, CIDR or `*`. UserError BAD_UPSTREAM. */
export function parseUpstream(text: string): UpstreamRule {
  const source = withoutUserInfo(text.trim())
  if (source === '') throw bad(text, 'is empty', EXAMPLES)
  const url = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source)
  if (url) return parseUrl(source, url[1]!.toLowerCase(), source.slice(url[0].length))
  if (source.includes('/')) {
    const cidr = parseCidr(source)
    if (!cidr) throw bad(source, 'is no network', 'write a network as 10.0.0.0/8 or 2001:db8::/32, and a URL with its scheme, as http://example.com/')
    return { kind: 'network', text: source, port: undefined, cidr: plainCidr(cidr) }
  }
  return parseAuthority(source, source, undefined)
}

function parseUrl(source: string, scheme: string, rest: string): UpstreamRule {
  const rule = parseAuthority(source, rest.split(/[/?#]/, 1)[0]!, SCHEME_PORTS.get(scheme))
  if (rule.port === undefined) throw bad(source, `has no port, and ${scheme} does not say which`, `add one, as in ${scheme}://example.com:8080`)
  return rule
}

function parseAuthority(source: string, authority: string, schemePort: number | undefined): UpstreamRule {
  const parts = cutPort(authority)
  const isUrl = authority !== source
  if (!parts || (isUrl && parts.host.includes(':') && !authority.startsWith('['))) throw bad(source, 'is no host with a port', 'put an IPv6 address with a port into brackets: [::1]:8080')
  const given = parts.port === undefined ? undefined : parsePort(parts.port)
  if (parts.port !== undefined && !given) throw bad(source, `has ${quoted(parts.port)} for a port`, 'a port is a number from 1 to 65535')
  const common = { text: source, port: given ?? schemePort }
  if (parts.host === '*') return { ...common, kind: 'any' }
  const ip = parseIp(parts.host)
  if (ip) return { ...common, kind: 'network', cidr: plainCidr({ bytes: ip, bits: ip.length * 8 }) }
  const below = parts.host.startsWith('*.')
  const host = canonicalHost(below ? parts.host.slice(2) : parts.host)
  if (host === undefined) throw bad(source, parts.host === '' ? 'has no host' : `has ${quoted(parts.host)} for a host`, EXAMPLES)
  return below ? { ...common, kind: 'below', domain: `.${host}` } : { ...common, kind: 'name', host }
}

/** All upstreams as one question. No texts at all mean every target, as does `*`. */
export function compileUpstreams(texts: readonly string[]): Upstreams {
  const rules = texts.map(parseUpstream)
  const everything = rules.length === 0 || rules.some(({ kind, port }) => kind === 'any' && port === undefined)
  const named = rules.filter((rule) => rule.kind !== 'network')
  const networks = rules.filter((rule) => rule.kind === 'network')

  function matchesNetwork(bytes: Uint8Array, port: number): boolean {
    const address = unmapped(bytes)
    return networks.some((rule) => onPort(rule, port) && inCidr(address, rule.cidr))
  }

  return {
    texts: rules.map(({ text }) => text),
    needsAddress: !everything && networks.length > 0,
    matchesName(host, port) {
      if (everything) return true
      const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
      const bytes = parseIp(bare)
      if (bytes) return matchesNetwork(bytes, port) || named.some((rule) => rule.kind === 'any' && onPort(rule, port))
      const name = (bare.endsWith('.') ? bare.slice(0, -1) : bare).toLowerCase()
      return named.some((rule) => onPort(rule, port) && meansName(rule, name))
    },
    matchesAddress(ip, port) {
      const bytes = everything ? undefined : parseIp(ip)
      return everything || (bytes !== undefined && matchesNetwork(bytes, port))
    },
  }
}

function onPort(rule: UpstreamRule, port: number): boolean {
  return rule.port === undefined || rule.port === port
}

function meansName(rule: UpstreamRule, name: string): boolean {
  switch (rule.kind) {
    case 'any': return true
    case 'name': return rule.host === name
    case 'below': return name.length > rule.domain.length && name.endsWith(rule.domain)
    case 'network': return false
  }
}

/** A network of IPv4-mapped addresses as the IPv4 network it means. */
function plainCidr({ bytes, bits }: Cidr): Cidr {
  const plain = bits >= 96 ? unmapped(bytes) : bytes
  return plain.length === bytes.length ? { bytes, bits } : { bytes: plain, bits: bits - 96 }
}

function bad(text: string, problem: string, hint: string): UserError {
  return new UserError('BAD_UPSTREAM', `upstream ${quoted(text)} ${problem}`, { hint })
}
