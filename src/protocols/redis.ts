import { defineProtocol } from '../engine/protocol.ts'
import { serveBytes } from './bytes.ts'

export const redis = defineProtocol({
  name: 'redis',
  summary: 'Redis and Valkey, as bytes.',
  schemes: [{ scheme: 'redis', port: 6379, tls: false }, { scheme: 'rediss', port: 6379, tls: true }],
  carries: ['accept', 'resolve', 'connect', 'tls', 'stream'],
  serve: (incoming) => serveBytes(incoming),
})
