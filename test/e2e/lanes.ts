import type { TestContext } from 'node:test'
import type { Rig } from '../helpers/rig.ts'
import { connect, serve, tunnel, type Peer, type Served } from './peers.ts'

/** One way through the proxy. The same HTTP/1 question and answer travel on all of them. */
export interface Lane {
  readonly name: string
  /** The proxy parses what passes. */
  readonly http: boolean
  /** A connection on which questions can be asked. */
  open(t: TestContext, rig: Rig, upstreamPort: number): Promise<Peer>
  /** The request line's target. */
  target(upstreamPort: number, path: string): string
}

const origin = (_: number, path: string): string => path

export const lanes: readonly Lane[] = [
  { name: 'TCP mapping', http: false, open: (t, rig) => connect(t, rig.port('raw')), target: origin },
  { name: 'CONNECT', http: false, open: (t, rig, port) => tunnel(t, rig.port('http'), `127.0.0.1:${port}`), target: origin },
  { name: 'HTTP forward', http: true, open: (t, rig) => connect(t, rig.port('http')), target: (port, path) => `http://127.0.0.1:${port}${path}` },
  { name: 'HTTP mapping', http: true, open: (t, rig) => connect(t, rig.port('web')), target: origin },
]

/** The mappings that the lanes want. */
export const laneProxies = (upstreamPort: number): string[] => [`raw@0=127.0.0.1:${upstreamPort}`, `web@0=http://127.0.0.1:${upstreamPort}`]

export const question = (lane: Lane, upstreamPort: number, path = '/'): string =>
  `GET ${lane.target(upstreamPort, path)} HTTP/1.1\r\nHost: 127.0.0.1:${upstreamPort}\r\n\r\n`

export const answer = (body: string, fields = ''): string => `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`

export interface Oracle {
  readonly port: number
  /** When each question had come and its answer left. */
  readonly answeredAtMs: number[]
}

/** An upstream that answers every question `pong`, at once. */
export async function oracle(t: TestContext): Promise<Oracle> {
  const answeredAtMs: number[] = []
  const { port } = await serve(t, (peer) => {
    peer.socket.on('end', () => peer.end())
    peer.socket.on('data', () => {
      if (!peer.text.endsWith('\r\n\r\n')) return
      peer.clear()
      answeredAtMs.push(performance.now())
      peer.write(answer('pong'))
    })
  })
  return { port, answeredAtMs }
}

/** Milliseconds that the two halves of one exchange took. */
export interface Halves { readonly requestMs: number; readonly responseMs: number }

export async function measure(peer: Peer, lane: Lane, { port, answeredAtMs }: Oracle): Promise<Halves> {
  const sentAt = performance.now()
  const count = answeredAtMs.length
  peer.clear().write(question(lane, port))
  await peer.until('pong')
  return { requestMs: answeredAtMs[count]! - sentAt, responseMs: performance.now() - answeredAtMs[count]! }
}

/** One way of having bytes flow both ways without a frame. */
export interface Pipe {
  readonly name: string
  /** Both ends of a connection through the proxy, with nothing received yet. */
  open(t: TestContext, rig: Rig, upstream: Served): Promise<{ client: Peer; server: Peer }>
}

async function upgraded(t: TestContext, rig: Rig, upstream: Served, proxy: string, target: string) {
  const client = await connect(t, rig.port(proxy))
  client.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${upstream.port}\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n`)
  const server = await upstream.peer(0)
  await server.until('\r\n\r\n')
  server.clear().write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n')
  await client.until('\r\n\r\n')
  return { client: client.clear(), server }
}

/** For upstreams that take one connection each. */
export const pipes: readonly Pipe[] = [
  { name: 'TCP mapping', open: async (t, rig, upstream) => ({ client: await connect(t, rig.port('raw')), server: await upstream.peer(0) }) },
  { name: 'CONNECT', open: async (t, rig, upstream) => ({ client: await tunnel(t, rig.port('http'), `127.0.0.1:${upstream.port}`), server: await upstream.peer(0) }) },
  { name: 'upgrade through the forward proxy', open: (t, rig, upstream) => upgraded(t, rig, upstream, 'http', `http://127.0.0.1:${upstream.port}/`) },
  { name: 'upgrade through an HTTP mapping', open: (t, rig, upstream) => upgraded(t, rig, upstream, 'web', '/') },
]
