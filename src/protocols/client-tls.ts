import type { Incoming } from '../engine/protocol.ts'
import type { Wire } from '../engine/wire/wire.ts'

/** Ends the client's TLS where the mapping says so; otherwise, and with clear text, the wire is handed on as it is. */
export function endTls(incoming: Incoming, next: (wire: Wire) => void): void {
  const { engine, service, wire, id, openedAtMs } = incoming
  const { clientTls, mapping } = service
  if (!clientTls || !mapping?.clientTls) return next(wire)
  engine.transport.secure(wire, { role: 'server', cert: clientTls.cert, key: clientTls.key, timeoutMs: engine.limits.headTimeoutMs }, (result) => {
    if (!('failure' in result)) return next(result.wire)
    engine.bus.emit('connection.closed', { connection: id, proxy: service.name, reason: `client-tls: ${result.message}`, bytesUp: 0, bytesDown: 0, durationMs: engine.clock.now() - openedAtMs })
  })
}
