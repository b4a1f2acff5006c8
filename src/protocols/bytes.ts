import { Arrival } from '../engine/arrival.ts'
import { peek, looksLikeTls } from '../engine/peek.ts'
import type { DialTarget } from '../engine/dialer.ts'
import type { Incoming } from '../engine/protocol.ts'
import { RawConnection } from '../engine/raw-connection.ts'
import { endTls } from './client-tls.ts'

export interface ByteOptions {
  /** A client this long silent waits for the server to speak first. Absent: the client always speaks first. */
  readonly silenceMs?: number
  /** What the first bytes ask for when the upstream has TLS; default: a ClientHello passes untouched, anything else is wrapped. */
  readonly look?: (bytes: Buffer) => 'pass' | 'wrap' | undefined
}

const lookForHello = (bytes: Buffer): 'pass' | 'wrap' => (looksLikeTls(bytes) ? 'pass' : 'wrap')

/** Serves a mapping as bytes: ends the client's TLS where asked, begins TLS to the upstream unless the client does it itself. */
export function serveBytes(incoming: Incoming, options: ByteOptions = {}): void {
  endTls(incoming, (wire) => choose({ ...incoming, wire }, options))
}

function choose(incoming: Incoming, { silenceMs, look = lookForHello }: ByteOptions): void {
  const { engine, service, wire } = incoming
  const mapping = service.mapping!
  if (!mapping.upstreamTls) return open(incoming, false)
  if (mapping.clientTls && service.clientTls) return open(incoming, true)
  const arrival = new Arrival(incoming, () => peeking.cancel())
  const peeking = peek({
    wire, clock: engine.clock, decide: look, timeoutMs: engine.limits.headTimeoutMs,
    ...(silenceMs !== undefined && { silence: { afterMs: silenceMs, means: 'wrap' as const } }),
    seen: (seen, first) => {
      arrival.leave()
      open({ ...incoming, first }, seen === 'wrap')
    },
    lost: (reason) => arrival.lost(reason),
  })
}

function open({ engine, service, wire, id, openedAtMs, first }: Incoming, tls: boolean): void {
  const { upstream } = service.mapping!
  const target: DialTarget = tls ? { ...upstream, tls: service.upstreamTls } : upstream
  const subject = { proxy: service.name, host: upstream.host, port: upstream.port, key: [] }
  new RawConnection(engine, { id, openedAtMs, proxy: service.name, kind: 'raw', client: wire, subject, matched: true, target, first }).open()
}
