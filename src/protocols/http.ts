import { defineProtocol } from '../engine/protocol.ts'
import { endTls } from './client-tls.ts'
import { HttpConnection } from './http/connection.ts'

export const http = defineProtocol({
  name: 'http',
  summary: 'HTTP/1.1 to one upstream.',
  schemes: [{ scheme: 'http', port: 80, tls: false }, { scheme: 'https', port: 443, tls: true }],
  carries: ['accept', 'resolve', 'connect', 'tls', 'request', 'response', 'stream'],
  serve: (incoming) => endTls(incoming, (wire) => new HttpConnection(incoming, wire).open()),
})
