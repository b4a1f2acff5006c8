import { parseAuthority } from '../../codecs/http1/authority.ts'
import type { DialTarget } from '../../engine/dialer.ts'
import type { RequestHead } from '../../codecs/http1/message.ts'
import { forwardTarget } from '../../codecs/http1/target.ts'
import type { Subject } from '../../model/match.ts'
import type { Mapping } from '../../model/mapping.ts'
import type { HttpConnection, Refusal } from './connection.ts'
import { Exchange } from './exchange.ts'
import { whetherMatched } from './matching.ts'
import { countForward } from './max-forwards.ts'
import { authorityOf, rewriteRequest, takeTrace, type Destination } from './rewrite.ts'
import { tunnelConnect } from './tunnel.ts'

/** Where a request goes. `hostField`: what Host has to say; undefined leaves it as it is. */
interface Way extends Destination { readonly hostField: string | undefined; readonly target?: DialTarget }

/** Everything in front of the path of an absolute-form target, and what was found out about it. */
export interface KnownWay { readonly prefix: string; readonly way: Way }

/** Finds out where a request is meant to go, and begins its exchange. `rest`: what came behind its head, kept. */
export function route(connection: HttpConnection, head: RequestHead, rest: () => Buffer): void {
  const { service, engine } = connection
  const { mapping } = service
  if (head.method === 'CONNECT') {
    if (!mapping) return tunnelConnect(connection, head, rest())
    return connection.refuse({ problem: 'method-not-allowed', status: 405, detail: 'CONNECT is for the forward proxy, not for a mapping' })
  }
  const way = mapping ? throughMapping(connection, mapping, head) : forward(connection, head)
  if ('problem' in way) return connection.refuse(way, head.method)
  const { host, port } = way
  const answer = countForward(head)
  const trace = takeTrace(head)
  rewriteRequest(head, way.path, way.hostField, engine.via)
  const path = withoutQuery(way.path)
  const subject: Subject = {
    proxy: service.name, host, port, method: head.method, path, head,
    key: trace.key === undefined ? [head.method, path] : [head.method, path, trace.key],
  }
  const target = way.target ?? dialTarget(connection, way)
  const exchange = new Exchange(connection, { head, target, subject, trace })
  connection.begin(exchange)
  if (answer) exchange.answerLast(answer)
  else if (mapping) exchange.begin(true)
  else exchange.open((settled) => whetherMatched(engine, host, port, settled))
}

const withoutQuery = (path: string): string => {
  const query = path.indexOf('?')
  return query < 0 ? path : path.slice(0, query)
}

/** RFC 9112 §3.2.2: the target decides, and Host says what the target says. */
function forward(connection: HttpConnection, head: RequestHead): Way | Refusal {
  const { target } = head
  const known = connection.lastWay
  if (known && target.charCodeAt(known.prefix.length) === SLASH && target.startsWith(known.prefix)) {
    const { scheme, host, port, hostField, target: dialed } = known.way
    return { scheme, host, port, hostField, target: dialed!, path: target.substring(known.prefix.length) }
  }
  const found = forwardTarget(head)
  if ('problem' in found) return found
  const isOrigin = target.charCodeAt(0) === SLASH
  if (isOrigin && isSelf(connection, found)) {
    return { problem: 'loop', status: 508, detail: 'the request names this proxy itself as its target' }
  }
  const { scheme, host, port, path } = found
  const way = { scheme, host, port, path, hostField: found.authority, target: dialTarget(connection, found) }
  if (!isOrigin && target.endsWith(path)) connection.lastWay = { prefix: target.substring(0, target.length - path.length), way }
  return way
}

const SLASH = 47

const dialTarget = ({ service }: HttpConnection, { scheme, host, port }: Destination): DialTarget =>
  scheme === 'https' ? { host, port, tls: service.upstreamTls } : { host, port }

/** Everything goes to the mapping's upstream; Host changes only when it names the listener itself. */
function throughMapping(connection: HttpConnection, { upstream: { host, port }, upstreamTls }: Mapping, head: RequestHead): Way | Refusal {
  const scheme = upstreamTls ? 'https' : 'http'
  let { target: path, host: named } = head
  let hostField: string | undefined
  if (!path.startsWith('/') && path !== '*') {
    const found = forwardTarget(head)
    if ('problem' in found) return found
    path = found.path
    hostField = named = found.authority
  }
  if (named !== undefined && connection.namesListener(named)) hostField = authorityOf({ scheme, host, port })
  return { scheme, host, port, path, hostField }
}

function isSelf({ engine, wire }: HttpConnection, { host, port }: Destination): boolean {
  return port === wire.local.port && (host === wire.local.host || host === 'localhost' || engine.isSelf(host, port))
}

/** Whether `authority`, as a client of a mapping has it, is the mapping's own listener. */
export function isListener({ service }: HttpConnection, authority: string): boolean {
  const parsed = parseAuthority(authority)
  if (!parsed) return false
  const endsTls = service.mapping?.clientTls && service.clientTls
  return service.isOwnName(parsed.host, parsed.port >= 0 ? parsed.port : endsTls ? 443 : 80)
}
