import { responseBytes } from '../../codecs/http1/serialize.ts'
import type { RequestHead } from '../../codecs/http1/message.ts'
import type { Dialed } from '../../engine/dialer.ts'
import { RawConnection } from '../../engine/raw-connection.ts'
import { ignore, type Wire } from '../../engine/wire/wire.ts'
import { splitHostPort } from '../../kit/ip.ts'
import { failureAnswer } from './answers.ts'
import type { HttpConnection } from './connection.ts'
import { whetherMatched } from './matching.ts'
import { takeTrace } from './rewrite.ts'

/** RFC 9110 §9.3.6: nothing but the status line and the empty line. */
const ESTABLISHED = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n', 'latin1')

/** The client's own TLS to the upstream of a mapping: passed on untouched. */
export function tunnelHello(connection: HttpConnection, first: Buffer): void {
  const { engine, service, id, openedAtMs, wire } = connection
  connection.handOver()
  const { upstream } = service.mapping!
  const subject = { proxy: service.name, host: upstream.host, port: upstream.port, key: [] }
  new RawConnection(engine, { id, openedAtMs, proxy: service.name, kind: 'raw', client: wire, subject, matched: true, target: upstream, first }).open()
}

/** CONNECT: answered 200 only once the upstream is connected. */
export function tunnelConnect(connection: HttpConnection, head: RequestHead, rest: Buffer): void {
  const { engine, service, id, openedAtMs, wire } = connection
  const { host, port } = splitHostPort(head.target)!
  const target = { host, port: port! }
  const trace = takeTrace(head)
  connection.handOver()
  whetherMatched(engine, host, target.port, (matched) => {
    new RawConnection(engine, {
      id, openedAtMs, proxy: service.name, kind: 'connect', client: wire, matched, target, trace,
      ...(rest.length > 0 && { first: rest }),
      subject: { proxy: service.name, ...target, key: [], method: 'CONNECT', head },
      greet: (client) => client.write(ESTABLISHED),
      refuse: (client, dialed) => refuse(client, dialed, head.target),
    }).open()
  })
}

function refuse(client: Wire, dialed: Dialed, target: string): void {
  if (!('cause' in dialed)) return void client.reset()
  const { head, body } = failureAnswer(dialed.cause, dialed.detail, target, true)
  client.handler = { ...ignore, ended: () => client.close() }
  client.write(Buffer.concat([Buffer.from(responseBytes(head), 'latin1'), body]))
  client.end()
  client.resume()
}
