import { openTransport } from '../../src/engine/wire/transport.ts'
import { startRelay, type BuildStage } from './relay.ts'

/** node run-relay.ts <epoll|node> <listen port> <target port> [stages] [corked] */
const [prefer, listenPort, targetPort, stageCount = '0', corked] = process.argv.slice(2)
const identity: BuildStage = (next) => ({
  held: 0, heldMax: 65536, write: (bytes) => next.write(bytes), end: () => next.end(), flush() {}, destroy() {},
})
const stages = Array.from({ length: Number(stageCount) }, () => identity)
const { transport, reason } = openTransport({
  platform: { os: process.platform, arch: process.arch, bun: false },
  prefer: prefer === 'node' ? 'node' : 'epoll',
  onBug: (error) => { process.nextTick(() => { throw error }) },
})
await startRelay(transport, {
  listen: { host: '127.0.0.1', port: Number(listenPort), keepAliveMs: 60_000, onExhausted: () => console.log('exhausted') },
  dial: { addresses: [{ host: '127.0.0.1', port: Number(targetPort) }], timeoutMs: 5000, keepAliveMs: 60_000 },
  upstream: stages, downstream: stages, corked: corked === 'corked',
})
process.once('SIGTERM', () => transport.stop())
console.log(`ready ${transport.name} ${reason ?? ''}`)
