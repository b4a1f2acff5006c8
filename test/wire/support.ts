import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import net from 'node:net'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { EpollTransport } from '../../src/engine/wire/epoll/epoll-transport.ts'
import { loadLibc, type Libc } from '../../src/engine/wire/epoll/libc.ts'
import { NodeTransport } from '../../src/engine/wire/node-transport.ts'
import { ignore, type DialOptions, type DialResult, type Transport, type Wire, type WireHandler } from '../../src/engine/wire/wire.ts'
import { startRelay, type BuildStage, type Relay, type RelayOptions } from './relay.ts'

export { closedPort } from '../helpers/ports.ts'

export const platform = { os: process.platform, arch: process.arch, bun: 'bun' in process.versions }
const loaded = loadLibc(platform)
export const libc = loaded as Libc
/** Epoll is tested where it can be had. */
export const kinds: readonly ('epoll' | 'node')[] = 'reason' in loaded ? ['node'] : ['epoll', 'node']

const rethrow = (error: unknown) => { process.nextTick(() => { throw error }) }
export function makeTransport(kind: 'epoll' | 'node', onBug: (error: unknown) => void = rethrow): Transport {
  return kind === 'epoll' ? new EpollTransport(libc, { onBug }) : new NodeTransport({ onBug })
}

export const handler = (some: Partial<WireHandler>): WireHandler => ({ ...ignore, ...some })
export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
export const openFds = () => readdirSync('/proc/self/fd').length

export async function until(what: string, condition: () => boolean, ms = 5000): Promise<void> {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await sleep(5)
  }
}

/** Not `for await`: the iterator destroys the socket when it ends. */
export async function readAll(socket: net.Socket): Promise<string> {
  let text = ''
  socket.on('data', (bytes) => { text += bytes })
  await once(socket, 'end')
  return text
}

export interface Served { readonly port: number; readonly server: net.Server; readonly sockets: net.Socket[] }
export async function serve(serveOne: (socket: net.Socket) => void, host = '127.0.0.1'): Promise<Served> {
  const sockets: net.Socket[] = []
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    serveOne(socket)
  })
  after(() => { server.close(); for (const socket of sockets) socket.destroy() })
  server.listen(0, host)
  await once(server, 'listening')
  return { port: (server.address() as net.AddressInfo).port, server, sockets }
}
export const echo = (socket: net.Socket) => { socket.pipe(socket) }

export async function relayTo(transport: Transport, port: number, options: Partial<RelayOptions> = {}): Promise<Relay & { port: number }> {
  const relay = await startRelay(transport, {
    listen: { host: '127.0.0.1', port: 0 },
    dial: { addresses: [{ host: '127.0.0.1', port }], timeoutMs: 2000 },
    ...options,
  })
  return { ...relay, port: relay.listener.address.port }
}

export async function connect(port: number, host = '127.0.0.1'): Promise<net.Socket> {
  const socket = net.connect({ port, host, allowHalfOpen: true, noDelay: true })
  socket.on('error', () => {})
  after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** 'reset', 'end' or 'close': how the other side lets this socket go. */
export async function fateOf(socket: net.Socket, ms = 3000): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('nothing'), ms)
    const settle = (fate: string) => { clearTimeout(timer); resolve(fate) }
    socket.resume()
    socket.on('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNRESET' ? 'reset' : String(error.code)))
    socket.on('end', () => settle('end'))
    socket.on('close', () => settle('close'))
  })
}

export const identity: BuildStage = (next) => ({
  held: 0, heldMax: 65536,
  write: (bytes) => next.write(bytes), end: () => next.end(), flush() {}, destroy() {},
})

export function dial(transport: Transport, options: Partial<DialOptions> & Pick<DialOptions, 'addresses'>): Promise<DialResult> {
  return new Promise((resolve) => { transport.dial({ timeoutMs: 2000, ...options }, resolve) })
}

export async function dialWire(transport: Transport, port: number, host = '127.0.0.1'): Promise<Wire> {
  const result = await dial(transport, { addresses: [{ host, port }] })
  if ('failure' in result) throw new Error(result.failure)
  return result.wire
}

/** Two wires of the transport, connected to each other. */
export async function wirePair(transport: Transport): Promise<[near: Wire, far: Wire]> {
  const accepted = Promise.withResolvers<Wire>()
  const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (wire) => accepted.resolve(wire))
  const pair: [Wire, Wire] = [await dialWire(transport, listener.address.port), await accepted.promise]
  listener.close()
  return pair
}

/** A listener that never accepts, with a full backlog: the next SYN is dropped. */
export async function stuffedBacklog(): Promise<number> {
  const child = startChild(process.execPath, ['-e', `
    const server = require('net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
      require('fs').writeSync(1, String(server.address().port))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60000)
    })`])
  const port = Number(String((await once(child.stdout, 'data'))[0]))
  for (let index = 0; index < 4; index++) {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    after(() => socket.destroy())
  }
  await sleep(50)
  return port
}

export const here = fileURLToPath(new URL('.', import.meta.url))
export function startChild(command: string, args: readonly string[]) {
  const child = spawn(command, args, { cwd: here, stdio: ['ignore', 'pipe', 'inherit'] })
  after(() => child.kill('SIGKILL'))
  return child
}
