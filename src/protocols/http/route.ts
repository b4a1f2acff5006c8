import type { RequestHead } from '../../codecs/http1/message.ts'
import { forwardTarget } from '../../codecs/http1/target.ts'
import type { Subject } from '../../model/match.ts'
import type { HttpConnection } from './connection.ts'
import { Exchange } from './exchange.ts'
import { whetherMatched } from './matching.ts'
import { authorityOf, rewriteRequest, takeTrace, type Destination } from './rewrite.ts'
import { tunnelConnect } from './tunnel.ts'

/** Finds out where a request is meant to go, and begins its exchange. `rest`: what came behind its head, kept. */
export function route(connection: HttpConnection, head: RequestHead, rest: () => Buffer): void {
  const { service } = connection
  if (head.method === 'CONNECT') {
    if (!service.mapping) return tunnelConnect(connection, head, rest())
    return connection.refuse({ problem: 'method-not-allowed', status: 405, detail: 'CONNECT is for the forward proxy, not for a mapping' })
  }
  const found = forwardTarget(head)
  if ('problem' in found) return connection.refuse(found)
  const { mapping } = service
  if (!mapping && head.target.startsWith('/') && isSelf(connection, found)) {
    return connection.refuse({ problem: 'loop', status: 508, detail: 'the request names this proxy itself as its target' })
  }
  const destination: Destination = mapping ? { ...mapping.upstream, scheme: mapping.upstreamTls ? 'https' : 'http', path: found.path } : found
  const host = hostField(connection, head, found, destination)
  const trace = takeTrace(head)
  rewriteRequest(head, destination.path, host, connection.engine.via)
  const path = withoutQuery(destination.path)
  const subject: Subject = {
    proxy: service.name, host: destination.host, port: destination.port,
    key: trace.key === undefined ? [head.method, path] : [head.method, path, trace.key],
    method: head.method, path, head,
  }
  const target = { host: destination.host, port: destination.port, ...(destination.scheme === 'https' && { tls: service.upstreamTls }) }
  const exchange = new Exchange(connection, { head, target, subject, trace })
  connection.begin(exchange)
  if (mapping) return exchange.begin(true)
  whetherMatched(connection.engine, target.host, target.port, (matched) => exchange.begin(matched))
}

const withoutQuery = (path: string): string => {
  const query = path.indexOf('?')
  return query < 0 ? path : path.slice(0, query)
}

/** RFC 9112 §3.2.2 for the forward proxy; a mapping changes Host only when it names the listener itself. */
function hostField({ service }: HttpConnection, head: RequestHead, given: Destination, destination: Destination): string | undefined {
  if (!service.mapping) return authorityOf(destination)
  return head.host === undefined || service.isOwnName(given.host, given.port) ? authorityOf(destination) : undefined
}

function isSelf({ engine, wire }: HttpConnection, { host, port }: Destination): boolean {
  return port === wire.local.port && (host === wire.local.host || host === 'localhost' || engine.isSelf(host, port))
}
