import { defineProtocol } from '../engine/protocol.ts'
import { HttpConnection } from './http/connection.ts'

export const forward = defineProtocol({
  name: 'http-forward',
  summary: 'HTTP forward proxy with CONNECT: the target comes from each request.',
  schemes: [],
  isForward: true,
  carries: ['accept', 'resolve', 'connect', 'tls', 'request', 'response', 'stream'],
  blind: { where: 'inside CONNECT tunnels', carries: ['accept', 'resolve', 'connect', 'tls', 'stream'] },
  serve: (incoming) => new HttpConnection(incoming, incoming.wire).open(),
})
