import { parseAuthority } from '../../codecs/http1/authority.ts'
import type { RequestHead } from '../../codecs/http1/message.ts'
import { responseBytes } from '../../codecs/http1/serialize.ts'
import type { Dialed } from '../../engine/dialer.ts'
import type { Engine } from '../../engine/engine.ts'
import { RawConnection, type Refused } from '../../engine/raw-connection.ts'
import { ignore, type Wire } from '../../engine/wire/wire.ts'
import { failureAnswer } from './answers.ts'
import type { HttpConnection } from './connection.ts'
import { whetherMatched } from './matching.ts'
import { takeTrace } from './rewrite.ts'

/** RFC 9110 §9.3.6: nothing but the status line and the empty line. */
const ESTABLISHED = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n', 'latin1')
/** Longest that a client gets to read why there is no tunnel. */
const LINGER_MS = 1000

/** The client's own TLS to the upstream of a mapping: passed on untouched. */
export function tunnelHello(connection: HttpConnection, first: Buffer): void {
  const { engine, service, id, openedAtMs, wire } = connection
  connection.handOver()
  const { upstream } = service.mapping!
  const subject = { proxy: service.name, host: upstream.host, port: upstream.port, key: [] }
  new RawConnection(engine, { id, openedAtMs, proxy: service.name, kind: 'raw', client: wire, subject, matched: true, target: upstream, first }).open()
}

/** CONNECT: answered 200 only once the upstream is connected. `rest`: what came behind its head, kept. */
export function tunnelConnect(connection: HttpConnection, head: RequestHead, rest: Buffer): void {
  const { engine, service, id, openedAtMs, wire } = connection
  const target = parseAuthority(head.target)
  if (!target || target.port < 0) return connection.refuse({ problem: 'bad-target', status: 400, detail: 'the target of CONNECT is not a host with a port' })
  const trace = takeTrace(head)
  connection.detain(() => whetherMatched(engine, target.host, target.port, (matched) => {
    connection.handOver()
    new RawConnection(engine, {
      id, openedAtMs, proxy: service.name, kind: 'connect', client: wire, matched, target, trace,
      ...(rest.length > 0 && { first: rest }),
      subject: { proxy: service.name, ...target, key: [], method: 'CONNECT', head },
      greet: (client) => client.write(ESTABLISHED),
      refuse: (client, dialed) => refuse(engine, client, dialed, head.target),
    }).open()
  }))
}

/** The connection is reported as over already, so what is left of it is bounded here. */
function refuse({ clock }: Engine, client: Wire, dialed: Dialed, target: string): Refused | undefined {
  if (!('cause' in dialed)) return undefined
  const { head, body } = failureAnswer(dialed.cause, dialed.detail, target, true)
  const timer = clock.setTimer(LINGER_MS, () => client.close())
  client.handler = { ...ignore, closed: () => timer.cancel() }
  const answer = Buffer.concat([Buffer.from(responseBytes(head), 'latin1'), body])
  client.write(answer)
  client.end()
  client.resume()
  return { status: head.status, bytes: answer.length }
}
