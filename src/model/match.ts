import type { RequestHead } from '../codecs/http1/message.ts'
import { compileGlob } from '../kit/glob.ts'
import type { Envelope } from './entry.ts'
import { compileUpstreams } from './upstream.ts'

/** What an exchange or raw connection is about, as far as its protocol knows. */
export interface Subject {
  /** The name of the proxy: `NAME@`, `http`, or the mapping's right side. */
  readonly proxy: string
  readonly host: string
  readonly port: number
  /** What tells equal exchanges from others: method, path and `x-fault-key` in HTTP, nothing on raw connections. */
  readonly key: readonly string[]
  readonly method?: string
  /** Without the query. */
  readonly path?: string
  readonly head?: RequestHead
}

const list = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value)

/** Compiled once, when the fault comes into force. A field the protocol does not know does not match. */
export function compileMatch(envelope: Envelope): (subject: Subject) => boolean {
  const tests: ((subject: Subject) => boolean)[] = []
  const { proxy, host, method, path, header } = envelope
  if (proxy !== undefined) {
    const names = new Set(list(proxy))
    tests.push((subject) => names.has(subject.proxy))
  }
  if (host !== undefined) {
    const hosts = compileUpstreams(list(host))
    tests.push((subject) => hosts.matchesName(subject.host, subject.port))
  }
  if (method !== undefined) {
    const methods = new Set(list(method).map((name) => name.toUpperCase()))
    tests.push((subject) => subject.method !== undefined && methods.has(subject.method.toUpperCase()))
  }
  if (path !== undefined) {
    const globs = list(path).map(compileGlob)
    tests.push(({ path: given }) => given !== undefined && globs.some((matches) => matches(given)))
  }
  if (header !== undefined) for (const wanted of list(header)) tests.push(headerTest(wanted))
  return (subject) => tests.every((test) => test(subject))
}

function headerTest(wanted: string): (subject: Subject) => boolean {
  const colon = wanted.indexOf(':')
  const name = (colon < 0 ? wanted : wanted.slice(0, colon)).trim().toLowerCase()
  const value = colon < 0 ? undefined : wanted.slice(colon + 1).trim()
  return ({ head }) => {
    if (!head) return false
    for (let index = 0; index < head.fields.length; index += 2) {
      if (head.fields[index]!.toLowerCase() === name && (value === undefined || head.fields[index + 1] === value)) return true
    }
    return false
  }
}
