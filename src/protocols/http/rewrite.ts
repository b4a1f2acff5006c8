import type { RequestHead } from '../../codecs/http1/message.ts'
import { setField } from '../../codecs/http1/message.ts'
import { stripHopByHop } from '../../codecs/http1/serialize.ts'

/** What the proxy itself asks of a request, in fields that it takes out before forwarding. */
export interface Trace {
  readonly traceparent?: string
  readonly run?: string
  readonly key?: string
}

const NO_TRACE: Trace = {}
/** `traceparent`, `x-fault-run` and `x-fault-key` are equally long. */
const TRACE_NAME_LENGTH = 11

/** Reads the trace fields and removes those that are ours; a request without them costs one comparison a field. */
export function takeTrace(head: RequestHead): Trace {
  const { fields } = head
  let trace: { traceparent?: string; run?: string; key?: string } | undefined
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index]!.length !== TRACE_NAME_LENGTH) continue
    const name = fields[index]!.toLowerCase()
    const value = fields[index + 1]!
    if (name === 'traceparent') (trace ??= {}).traceparent = value
    else if (name === 'x-fault-run') (trace ??= {}).run = value
    else if (name === 'x-fault-key') (trace ??= {}).key = value
    else continue
    if (name === 'traceparent') continue
    fields.splice(index, 2)
    index -= 2
  }
  return trace ?? NO_TRACE
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
