import type { UpstreamTls } from '../engine/dialer.ts'
import { looksLikeTls } from '../engine/peek.ts'
import { defineProtocol, type Incoming } from '../engine/protocol.ts'
import type { Cancellable } from '../engine/resolver.ts'
import { ignore, type Wire } from '../engine/wire/wire.ts'
import { serveBytes } from './bytes.ts'

/** PostgreSQL documentation, "Message Formats": SSLRequest, length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
const REQUEST_BYTES = SSL_REQUEST.length
const YES = 0x53

/** A client that negotiates encryption itself is left alone; only a clear StartupMessage is wrapped. */
function lookAtStartup(bytes: Buffer): 'pass' | 'wrap' | undefined {
  if (looksLikeTls(bytes)) return 'pass'
  if (bytes.length < REQUEST_BYTES) return undefined
  return bytes.subarray(0, REQUEST_BYTES).equals(SSL_REQUEST) ? 'pass' : 'wrap'
}

/** Asks the server for TLS in its own way; the handshake follows its `S`. */
function askForTls(wire: Wire, ready: (problem: string | undefined) => void): Cancellable {
  const settle = (problem: string | undefined): void => {
    wire.handler = ignore
    wire.pause()
    ready(problem)
  }
  wire.handler = {
    ...ignore,
    data: (bytes) => settle(bytes[0] === YES && bytes.length === 1 ? undefined : 'the server refuses TLS'),
    ended: () => settle('the server closed the connection when asked for TLS'),
    closed: (reason) => ready(`the connection was lost when asking for TLS (${reason})`),
  }
  wire.write(SSL_REQUEST)
  wire.resume()
  return { cancel: () => { wire.close() } }
}

export const postgres = defineProtocol({
  name: 'postgres',
  summary: 'PostgreSQL, as bytes; psqls negotiates TLS the way PostgreSQL does.',
  schemes: [{ scheme: 'psql', port: 5432, tls: false }, { scheme: 'psqls', port: 5432, tls: true, upgrade: 'postgres' }],
  carries: ['accept', 'resolve', 'connect', 'tls', 'stream'],
  serve(incoming: Incoming) {
    const upstreamTls: UpstreamTls = { ...incoming.service.upstreamTls, before: askForTls }
    serveBytes({ ...incoming, service: { ...incoming.service, upstreamTls } }, { look: lookAtStartup })
  },
})
