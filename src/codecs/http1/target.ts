import { parseAuthority } from './authority.ts'
import { CLASS, COLON, HOST } from './grammar.ts'
import type { RequestHead } from './message.ts'
import { httpProblem } from './problem.ts'
import type { HttpProblem, ProblemCode } from './problem.ts'

/** Where a request goes, and what to ask for there. */
export interface ForwardTarget {
  readonly kind: 'target'
  readonly scheme: 'http' | 'https'
  /** Without brackets when IPv6, in the case it was sent. */
  readonly host: string
  readonly port: number
  /** Raw, in origin-form; `*` for OPTIONS about the server. */
  readonly path: string
  /** As sent but without user information: what `Host` has to say (RFC 9112 §3.2.2). */
  readonly authority: string
}

const DEFAULT_PORT = { http: 80, https: 443 } as const

/**
 * The target of a forwarded request: from an absolute-form target, else from `Host` with the scheme of the connection it came
 * on. The scheme gives the default port; a port never gives the scheme (D-46). Not for CONNECT.
 */
export function forwardTarget(head: RequestHead, ownScheme: 'http' | 'https' = 'http'): ForwardTarget | HttpProblem {
  const { target } = head
  if (target.charCodeAt(0) === 47 || target === '*') {
    return head.host === undefined || head.host === '' ? refused('no-host') : toward(ownScheme, head.host, target)
  }
  const colon = schemeEnd(target)
  if (colon <= 0) return refused('bad-target')
  const scheme = target.substring(0, colon).toLowerCase()
  if (scheme !== 'http' && scheme !== 'https') return refused('unsupported-scheme')
  const end = authorityEnd(target, colon + 3)
  const authority = withoutUserInformation(target.substring(colon + 3, end))
  if (authority === undefined) return refused('bad-authority')
  return toward(scheme, authority, pathOf(head.method, target, end))
}

/** RFC 9112 §3.2: the code of the problem when the method may not have a target of this form. */
export function targetProblem(method: string, target: string): ProblemCode | undefined {
  if (method === 'CONNECT') {
    const authority = parseAuthority(target)
    return authority === undefined || authority.port < 0 ? 'bad-target' : undefined
  }
  if (target.charCodeAt(0) === 47) return undefined
  if (target === '*') return method === 'OPTIONS' ? undefined : 'bad-target'
  return schemeEnd(target) > 0 ? undefined : 'bad-target'
}

function toward(scheme: 'http' | 'https', authority: string, path: string): ForwardTarget | HttpProblem {
  const parsed = parseAuthority(authority)
  if (parsed === undefined) return refused('bad-authority')
  return { kind: 'target', scheme, host: parsed.host, port: parsed.port < 0 ? DEFAULT_PORT[scheme] : parsed.port, path, authority }
}

function pathOf(method: string, target: string, start: number): string {
  if (start === target.length) return method === 'OPTIONS' ? '*' : '/'
  return target.charCodeAt(start) === 47 ? target.substring(start) : '/' + target.substring(start)
}

/** Undefined when the user information holds what no authority may, as a backslash that others read as a slash. */
function withoutUserInformation(authority: string): string | undefined {
  const at = authority.lastIndexOf('@')
  for (let index = 0; index < at; index++) {
    const code = authority.charCodeAt(index)
    if (code !== COLON && (code > 127 || (CLASS[code]! & HOST) === 0)) return undefined
  }
  return authority.substring(at + 1)
}

function authorityEnd(target: string, start: number): number {
  for (let at = start; at < target.length; at++) {
    const code = target.charCodeAt(at)
    if (code === 47 || code === 63 || code === 35) return at
  }
  return target.length
}

/** Where the `://` of an absolute-form target begins; 0 or less when it has none. */
function schemeEnd(target: string): number {
  const end = target.indexOf('://')
  for (let at = 0; at < end; at++) {
    const code = target.charCodeAt(at) | 32
    const letter = code >= 97 && code <= 122
    const other = at > 0 && '+-.0123456789'.includes(target[at]!)
    if (!letter && !other) return -1
  }
  return end
}

const refused = (problem: ProblemCode): HttpProblem => httpProblem(problem, 'request')
