import { quoted } from '../kit/caret.ts'
import { closest } from '../kit/did-you-mean.ts'
import { UserError } from '../kit/errors.ts'
import { canonicalHost, cutPort, joinHostPort, parsePort, withoutUserInfo } from '../kit/ip.ts'
import type { SchemeSpec } from './protocol.ts'

type Schemes = ReadonlyMap<string, SchemeSpec>

/** What one `--proxy` asks for: listen here, speak this protocol, pass it on there. */
export interface Mapping {
  readonly name?: string
  /** As written. */
  readonly text: string
  /** Without a host: loopback in both families. Port 0: any free one. */
  readonly listen: { readonly host: string | undefined; readonly port: number }
  readonly protocol: string
  /** The word that chose the protocol; `tcp` when there is none. */
  readonly scheme: string
  readonly upstream: { readonly host: string; readonly port: number }
  readonly upstreamTls: boolean
  /** The TLS to the upstream begins by the protocol's own request. */
  readonly upgrade?: NonNullable<SchemeSpec['upgrade']>
  /** LEFT asks to end the client's TLS. */
  readonly clientTls: boolean
  readonly leftScheme?: string
  readonly schemelessRight: boolean
  /** `https:PORT=HOST:PORT`: without a certificate the client speaks clear HTTP and TLS is towards the upstream, as in 0.13. */
  readonly legacyHttps?: true
}

const GRAMMAR = 'a mapping is [NAME@]PORT=HOST:PORT or [NAME@]PORT=SCHEME://HOST[:PORT], such as 9090=https://www.example.com or 35432=psql://my-db:5432'

/** `[NAME@]LEFT=RIGHT`, as GRAMMAR shows. `schemes` is the table of the protocol registry. UserError BAD_MAPPING. */
export function parseMapping(text: string, schemes: Schemes): Mapping {
  const source = text.trim()
  const equals = source.indexOf('=')
  if (equals < 0) throw bad(source, 'has no "="', GRAMMAR)
  const at = source.lastIndexOf('@', equals)
  const name = at < 0 ? undefined : parseName(source, source.slice(0, at).trim())
  const left = parseLeft(source, source.slice(at + 1, equals).trim(), schemes)
  const right = parseRight(source, source.slice(equals + 1).trim(), schemes)
  return { ...(name !== undefined && { name }), text: source, ...decide(source, left, right, schemes) }
}

/** The text that `parseMapping` reads as the same mapping, its port always written out. */
export function formatMapping({ name, listen, leftScheme, scheme, upstream, schemelessRight }: Mapping): string {
  const label = name === undefined ? '' : `${name}@`
  const host = listen.host === undefined ? '' : joinHostPort(listen.host, listen.port)
  const left = leftScheme === undefined ? host || listen.port : `${leftScheme}:${host ? `//${host}` : listen.port}`
  const right = joinHostPort(upstream.host, upstream.port)
  return `${label}${left}=${schemelessRight ? right : `${scheme}://${right}`}`
}

interface Left {
  readonly scheme: SchemeSpec | undefined
  readonly host: string | undefined
  readonly port: number
}

interface Right {
  readonly scheme: SchemeSpec | undefined
  readonly host: string
  readonly port: number
}

function parseName(source: string, name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(name)) return name
  throw bad(source, `has ${quoted(name)} for a name`, 'a name is up to 63 letters, digits, "-", "_" and ".", such as db@5432=localhost:5433')
}

function parseLeft(source: string, left: string, schemes: Schemes): Left {
  if (left === '') throw bad(source, 'has nothing before the "="', GRAMMAR)
  const url = cutScheme(left)
  if (url) {
    const scheme = knownScheme(source, url.word, schemes)
    const address = url.rest.endsWith('/') ? url.rest.slice(0, -1) : url.rest
    return { scheme, ...listenAddress(source, address, `${scheme.scheme}://127.0.0.1:9090 or ${scheme.scheme}:9090`) }
  }
  const colon = left.indexOf(':')
  const scheme = colon < 0 ? undefined : schemes.get(left.slice(0, colon).toLowerCase())
  if (scheme === undefined) return { scheme, ...listenAddress(source, left, '9090, 127.0.0.1:9090, [::1]:9090, https:9090 or https://127.0.0.1:9090') }
  const port = parsePort(left.slice(colon + 1))
  if (port === undefined) {
    const hint = `write ${scheme.scheme}:9090=…, or with an address ${scheme.scheme}://127.0.0.1:9090=…`
    throw bad(source, `has no port from 0 to 65535 after ${quoted(left.slice(0, colon + 1))}`, hint)
  }
  return { scheme, host: undefined, port }
}

/** `port`, `:port` or `host:port`; `forms` shows what would be right here. */
function listenAddress(source: string, text: string, forms: string): { host: string | undefined; port: number } {
  const hint = `before the "=" write the port or address to listen on: ${forms}`
  const parts = /^:?[0-9]+$/.test(text) ? { host: '', port: text.replace(':', '') } : cutPort(text)
  if (parts?.port === undefined) throw bad(source, `has no port to listen on in ${quoted(text)}`, hint)
  const port = parsePort(parts.port)
  if (port === undefined) throw bad(source, `has ${quoted(parts.port)} for the port to listen on`, 'a port is a number from 0 to 65535, and 0 picks a free one')
  if (parts.host === '') return { host: undefined, port }
  const host = canonicalHost(parts.host)
  if (host === undefined) throw bad(source, `cannot listen on ${quoted(parts.host)}, which is neither an address nor a host name`, hint)
  return { host, port }
}

function parseRight(source: string, right: string, schemes: Schemes): Right {
  if (right === '') throw bad(source, 'has nothing after the "="', GRAMMAR)
  const url = cutScheme(right)
  const scheme = url && knownScheme(source, url.word, schemes)
  const authority = withoutPath(source, url ? url.rest : right)
  if (authority.includes('@')) throw bad(source, 'has a user name', 'leave out what is before the "@": the client logs in through the proxy by itself')
  const example = scheme ? `${scheme.scheme}://db.internal:5432` : 'db.internal:5432 or https://www.example.com'
  const hint = `after the "=" write a target such as ${example}`
  const parts = cutPort(authority)
  if (!parts || (url && parts.host.includes(':') && !authority.startsWith('['))) {
    throw bad(source, `has ${quoted(authority)}, which is no host with a port`, `${hint}, and an IPv6 address in brackets, as in [::1]:5432`)
  }
  const host = canonicalHost(parts.host)
  if (host === undefined) throw bad(source, parts.host === '' ? 'has no host after the "="' : `has ${quoted(parts.host)} for a host`, hint)
  return { scheme, host, port: targetPort(source, parts.port, scheme, host) }
}

function targetPort(source: string, text: string | undefined, scheme: SchemeSpec | undefined, host: string): number {
  if (text === undefined) {
    if (scheme?.port !== undefined) return scheme.port
    const hint = scheme ? `add one, as in ${scheme.scheme}://${host}:9000` : `add one, as in ${host}:8080, or a scheme that has one, as in https://${host}`
    throw bad(source, scheme ? `has no port, and ${scheme.scheme} does not say which` : `has no port after ${quoted(host)}`, hint)
  }
  const port = parsePort(text)
  if (!port) throw bad(source, `has ${quoted(text)} for the port of its target`, 'a port is a number from 1 to 65535')
  return port
}

/** A mapping passes everything on as it comes; there is no path it could add. */
function withoutPath(source: string, text: string): string {
  const end = text.search(/[/?#]/)
  if (end < 0 || text.slice(end) === '/') return end < 0 ? text : text.slice(0, end)
  throw bad(source, `has a path, ${quoted(text.slice(end))}, and a mapping has none`, `leave it out: the client's own path is passed on`)
}

function cutScheme(text: string): { word: string; rest: string } | undefined {
  const slashes = text.indexOf('://')
  return slashes < 0 ? undefined : { word: text.slice(0, slashes), rest: text.slice(slashes + 3) }
}

function knownScheme(source: string, word: string, schemes: Schemes): SchemeSpec {
  const scheme = schemes.get(word.toLowerCase())
  if (scheme) return scheme
  const meant = closest(word, schemes.keys())
  throw bad(source, `has an unknown scheme, ${quoted(word)}`, meant ? `did you mean ${meant}://` : `the schemes are ${[...schemes.keys()].join(', ')}`)
}

type Decision = Omit<Mapping, 'name' | 'text'>

/** RIGHT decides protocol and TLS towards the upstream; LEFT may end the client's TLS, or decide where RIGHT does not. */
function decide(source: string, left: Left, right: Right, schemes: Schemes): Decision {
  const endsTls = left.scheme?.scheme === 'https' || left.scheme?.scheme === 'tls'
  const legacyHttps = right.scheme === undefined && left.scheme?.scheme === 'https'
  const tcp = schemes.get('tcp')
  const chosen = right.scheme ?? (left.scheme?.scheme === 'tls' ? tcp : left.scheme ?? tcp)
  if (!chosen) throw bad(source, 'names no protocol', `write one of ${[...schemes.keys()].join(', ')} before the target, as in https://www.example.com`)
  if (left.scheme && right.scheme) checkAgreement(source, left.scheme, right.scheme, schemes)
  return {
    listen: { host: left.host, port: left.port },
    protocol: chosen.protocol,
    scheme: chosen.scheme,
    upstream: { host: right.host, port: right.port },
    upstreamTls: chosen.tls,
    ...(chosen.upgrade && { upgrade: chosen.upgrade }),
    clientTls: endsTls,
    ...(left.scheme && { leftScheme: left.scheme.scheme }),
    schemelessRight: right.scheme === undefined,
    ...(legacyHttps && { legacyHttps }),
  }
}

function checkAgreement(source: string, left: SchemeSpec, right: SchemeSpec, schemes: Schemes): void {
  const hint = `write only the port before the "=", as in 9090=${right.scheme}://…`
  const web = schemes.get('https')?.protocol
  const raw = schemes.get('tcp')?.protocol
  if (left.scheme === 'tls' && !right.datagrams) return
  if (left.scheme === 'https' && (right.protocol === web || right.protocol === raw)) return
  if (left.protocol !== right.protocol) {
    throw bad(source, `names different protocols, ${left.scheme} before the "=" and ${right.scheme} after it`, hint)
  }
  if (left.tls && left.scheme !== right.scheme) {
    throw bad(source, `asks for ${left.scheme} from the client, and only https and tls can end a client's TLS`, `${hint}, or tls:9090=${right.scheme}://…`)
  }
}

function bad(source: string, problem: string, hint: string): UserError {
  const right = source.indexOf('=') + 1
  return new UserError('BAD_MAPPING', `mapping ${quoted(source.slice(0, right) + withoutUserInfo(source.slice(right)))} ${problem}`, { hint })
}
