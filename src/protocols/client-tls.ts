import { Arrival } from '../engine/arrival.ts'
import { tlsWords } from '../engine/tls-words.ts'
import type { Incoming } from '../engine/protocol.ts'
import type { Wire } from '../engine/wire/wire.ts'

/** Ends the client's TLS where the mapping says so; otherwise, and with clear text, the wire is handed on as it is. */
export function endTls(incoming: Incoming, next: (wire: Wire) => void): void {
  const { engine, service, wire } = incoming
  const { clientTls, mapping } = service
  if (!clientTls || !mapping?.clientTls) return next(wire)
  const arrival = new Arrival(incoming, () => handshake.cancel())
  const handshake = engine.transport.secure(wire, { role: 'server', cert: clientTls.cert, key: clientTls.key, timeoutMs: engine.limits.headTimeoutMs }, (result) => {
    if ('failure' in result) return arrival.lost(`client-tls: ${tlsWords(result)}`)
    arrival.leave()
    next(result.wire)
  })
}
