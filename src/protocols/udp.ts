import { defineProtocol } from '../engine/protocol.ts'
import { serveSessions } from './datagrams.ts'

export const udp = defineProtocol({
  name: 'udp',
  summary: 'Datagrams, with a session for each client address.',
  schemes: [{ scheme: 'udp', tls: false, datagrams: true }],
  carries: [],
  limits: 'datagrams pass unfaulted',
  serveDatagrams: serveSessions,
})
