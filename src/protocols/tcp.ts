import { defineProtocol } from '../engine/protocol.ts'
import { serveBytes } from './bytes.ts'

/** Longest that a client of a `tls` mapping may stay silent before it is taken for one that waits for the server to speak. */
const SILENCE_MS = 100

export const tcp = defineProtocol({
  name: 'tcp',
  summary: 'Bytes both ways, whatever they mean.',
  schemes: [{ scheme: 'tcp', tls: false }, { scheme: 'tls', tls: true }],
  carries: ['accept', 'resolve', 'connect', 'tls', 'stream'],
  serve: (incoming) => serveBytes(incoming, { silenceMs: SILENCE_MS }),
})
