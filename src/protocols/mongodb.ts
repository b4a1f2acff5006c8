import { defineProtocol } from '../engine/protocol.ts'
import { serveBytes } from './bytes.ts'

export const mongodb = defineProtocol({
  name: 'mongodb',
  summary: 'MongoDB, as bytes.',
  schemes: [{ scheme: 'mongodb', port: 27017, tls: false }],
  carries: ['accept', 'resolve', 'connect', 'tls', 'stream'],
  serve: (incoming) => serveBytes(incoming),
})
