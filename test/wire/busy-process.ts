import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import tls from 'node:tls'
import { makeCertificate } from './certificates.ts'
import { startRelay } from './relay.ts'
import { makeTransport } from './support.ts'

/** A relay that somebody else saturates, a TLS server with a client that talks to it, and a look at the loop. */
const [kind, port, target] = process.argv.slice(2)
const server = tls.createServer(makeCertificate(), (socket) => socket.pipe(socket))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const transport = makeTransport(kind as 'epoll' | 'node')
const relay = await startRelay(transport, {
  listen: { host: '127.0.0.1', port: Number(port) },
  dial: { addresses: [{ host: '127.0.0.1', port: Number(target) }], timeoutMs: 1000 },
})
console.log('ready')
await new Promise((resolve) => setTimeout(resolve, 800))
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const endAt = performance.now() + 2000
const cpuBefore = process.cpuUsage()
const bytes = () => [...relay.pairs].reduce((sum, pair) => sum + pair.upstream.bytes, 0)
const bytesBefore = bytes()
let tlsRoundTrips = 0
while (performance.now() < endAt) {
  const socket = tls.connect({ port: (server.address() as { port: number }).port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  socket.write('hello')
  await once(socket, 'data')
  socket.destroy()
  tlsRoundTrips++
}
const { user, system } = process.cpuUsage(cpuBefore)
console.log(JSON.stringify({
  tlsRoundTrips, relayedMiB: Math.round((bytes() - bytesBefore) / 2 ** 20), cpuPercent: Math.round((user + system) / 20_000),
  delayP50Ms: delay.percentile(50) / 1e6, delayP99Ms: delay.percentile(99) / 1e6, delayMaxMs: delay.max / 1e6,
}))
process.exit(0)
