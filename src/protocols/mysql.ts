import { defineProtocol } from '../engine/protocol.ts'
import { serveBytes } from './bytes.ts'

export const mysql = defineProtocol({
  name: 'mysql',
  summary: 'MySQL and MariaDB, as bytes.',
  schemes: [{ scheme: 'mysql', port: 3306, tls: false }],
  carries: ['accept', 'resolve', 'connect', 'tls', 'stream'],
  serve: (incoming) => serveBytes(incoming),
})
