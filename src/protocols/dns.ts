import { defineProtocol } from '../engine/protocol.ts'
import { serveSessions } from './datagrams.ts'

export const dns = defineProtocol({
  name: 'dns',
  summary: 'DNS over UDP, with a session for each client address.',
  schemes: [{ scheme: 'dns', port: 53, tls: false, datagrams: true }],
  carries: [],
  limits: 'datagrams pass unfaulted',
  serveDatagrams: serveSessions,
})
