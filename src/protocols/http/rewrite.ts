import { removeField, setField, type RequestHead } from '../../codecs/http1/message.ts'
import { markedNames, type MarkedNames } from '../../codecs/http1/section.ts'
import { stripHopByHop } from '../../codecs/http1/serialize.ts'

/** What the proxy itself asks of a request, in fields that it takes out before forwarding. */
export interface Trace {
  readonly traceparent?: string
  readonly run?: string
  readonly key?: string
}

/** What a request may ask of the proxy itself: its reader has these at hand, so that a request without them costs nothing. */
export const NOTICED: MarkedNames = markedNames(['traceparent', 'x-fault-run', 'x-fault-key', 'max-forwards'])

const NO_TRACE: Trace = {}

/** Reads the trace fields and removes those that are ours. */
export function takeTrace(head: RequestHead): Trace {
  if (head.noticed === undefined) return NO_TRACE
  const traceparent = noticedField(head, 'traceparent')
  const run = noticedField(head, 'x-fault-run')
  const key = noticedField(head, 'x-fault-key')
  if (run !== undefined) removeField(head, 'x-fault-run')
  if (key !== undefined) removeField(head, 'x-fault-key')
  return { ...(traceparent !== undefined && { traceparent }), ...(run !== undefined && { run }), ...(key !== undefined && { key }) }
}

/** The first field of that name, one of `NOTICED`, as it came. */
export function noticedField({ noticed }: RequestHead, name: string): string | undefined {
  if (noticed === undefined) return undefined
  for (let index = 0; index < noticed.length; index += 2) if (noticed[index] === name) return noticed[index + 1]
  return undefined
}

/** RFC 9110 §9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** Sending it twice does no harm, and there is no body to keep for that. */
export const isRepeatable = ({ method, contentLength, chunked }: RequestHead): boolean => IDEMPOTENT.has(method) && contentLength <= 0 && !chunked

export interface Destination { readonly scheme: 'http' | 'https'; readonly host: string; readonly port: number; readonly path: string }

/** `host` or `host:port` as a Host field has it: the port only when it is not the scheme's own. */
export function authorityOf({ scheme, host, port }: Omit<Destination, 'path'>): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === (scheme === 'https' ? 443 : 80) ? name : `${name}:${port}`
}

/**
 * Makes a request as read from a client into the one the upstream gets: origin form, no hop-by-hop fields, nothing
 * added. `host` replaces the Host field (RFC 9112 §3.2.2); undefined leaves it as it is.
 */
export function rewriteRequest(head: RequestHead, path: string, host: string | undefined, via: boolean): void {
  head.target = path
  if (head.hopByHop) stripHopByHop(head, { upgrade: head.upgrade })
  if (host !== undefined && !isSameHost(head.host, host)) setField(head, 'Host', host)
  if (via) head.fields.push('Via', `1.${head.minor} fault`)
}

const isSameHost = (given: string | undefined, wanted: string): boolean =>
  given !== undefined && (given === wanted || given.toLowerCase() === wanted.toLowerCase())
