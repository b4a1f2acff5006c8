import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test, type TestContext } from 'node:test'
import tls from 'node:tls'
import { rig, transports, type Rig, type RigOptions, type TransportName } from '../helpers/rig.ts'

export { closedPort } from '../helpers/ports.ts'

const PATIENCE_MS = 8000

/** How the other side let go: FIN, or RST. */
export type Fate = 'end' | 'reset'

/** One end of a connection, read like a file: what was taken is not seen again. Text is latin1, so that bytes survive. */
export class Peer {
  readonly socket: net.Socket
  fate: Fate | undefined
  #chunks: Buffer[] = []
  #size = 0
  #look: (() => void) | undefined

  constructor(socket: net.Socket) {
    this.socket = socket
    const settle = (fate: Fate): void => {
      this.fate ??= fate
      this.#look?.()
    }
    socket.on('data', (bytes: Buffer) => {
      this.#chunks.push(bytes)
      this.#size += bytes.length
      this.#look?.()
    })
    socket.on('error', () => settle('reset'))
    socket.on('end', () => settle('end'))
    socket.on('close', () => settle('reset'))
  }

  /** What has come and was not taken yet. */
  get unread(): string { return this.#all().toString('latin1') }

  send(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    return this
  }

  end(): this {
    this.socket.end()
    return this
  }

  reset(): void { this.socket.resetAndDestroy() }

  /** Takes everything up to and with `text`. */
  async until(text: string, patienceMs?: number): Promise<string> {
    await this.#wait(JSON.stringify(text), () => this.#all().includes(text, 0, 'latin1'), patienceMs)
    return this.#take(this.#all().indexOf(text, 0, 'latin1') + Buffer.byteLength(text, 'latin1'))
  }

  async take(count: number): Promise<string> {
    await this.#wait(`${count} bytes`, () => this.#size >= count)
    return this.#take(count)
  }

  /** The head of the next message. */
  head(patienceMs?: number): Promise<string> { return this.until('\r\n\r\n', patienceMs) }

  /** The next message: its head, and its body as the head frames it. */
  async message(options: { readonly bodiless?: boolean } = {}): Promise<{ head: string; body: string }> {
    const head = await this.head()
    if (options.bodiless || /^HTTP\S+ (1..|204|304)/.test(head)) return { head, body: '' }
    if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) return { head, body: await this.#chunkedBody() }
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)
    if (!length && head.startsWith('HTTP/')) return { head, body: await this.rest() }
    return { head, body: length ? await this.take(Number(length[1])) : '' }
  }

  /** Everything up to the FIN. */
  async rest(): Promise<string> {
    assert.equal(await this.ended(), 'end', `a FIN behind ${JSON.stringify(this.unread.slice(0, 500))}`)
    return this.#take(this.#size)
  }

  async ended(): Promise<Fate> {
    await this.#wait('the end', () => this.fate !== undefined)
    return this.fate!
  }

  async #chunkedBody(): Promise<string> {
    let body = ''
    for (;;) {
      const line = await this.until('\r\n')
      body += line
      const size = Number.parseInt(line, 16)
      if (size > 0) body += await this.take(size + 2)
      else break
    }
    for (;;) {
      const line = await this.until('\r\n')
      body += line
      if (line === '\r\n') return body
    }
  }

  #all(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  #take(count: number): string {
    const all = this.#all()
    this.#chunks = count < all.length ? [all.subarray(count)] : []
    this.#size -= count
    return all.toString('latin1', 0, count)
  }

  async #wait(what: string, come: () => boolean, patienceMs = PATIENCE_MS): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const told = (why: string): Error => new Error(`${why} instead of ${what}; unread: ${JSON.stringify(this.unread.slice(0, 500))}`)
    const timer = patienceMs < Infinity ? setTimeout(() => reject(told('nothing')), patienceMs) : undefined
    this.#look = () => {
      if (come()) resolve()
      else if (this.fate) reject(told(this.fate))
    }
    this.#look()
    try { await promise } finally {
      clearTimeout(timer)
      this.#look = undefined
    }
  }
}

export interface Origin {
  readonly port: number
  /** `127.0.0.1:port`. */
  readonly authority: string
  /** Every connection so far. */
  readonly peers: readonly Peer[]
  /** The connections in the order of their coming, each handed out once. */
  next(): Promise<Peer>
}

/** A server whose side of the conversation the test plays itself. */
export async function origin(t: TestContext, secure?: tls.TlsOptions, each?: (peer: Peer) => void): Promise<Origin> {
  const peers: Peer[] = []
  const waiting: ((peer: Peer) => void)[] = []
  const raw = new Set<net.Socket>()
  let given = 0
  const accept = (socket: net.Socket): void => {
    const peer = new Peer(socket)
    peers.push(peer)
    each?.(peer)
    if (waiting.length > 0) waiting.shift()!(peers[given++]!)
  }
  const options = { allowHalfOpen: true, noDelay: true }
  const server = secure ? tls.createServer({ ...options, ...secure }, accept) : net.createServer(options, accept)
  server.on('connection', (socket: net.Socket) => raw.add(socket))
  server.on('tlsClientError', () => {})
  t.after(() => {
    server.close()
    for (const socket of raw) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  return {
    port, peers, authority: `127.0.0.1:${port}`,
    next: () => (given < peers.length ? Promise.resolve(peers[given++]!) : within('a connection to the origin', new Promise((resolve) => waiting.push(resolve)))),
  }
}

/** An origin that answers each request by itself. */
export const server = (t: TestContext, answer: (head: string, peer: Peer, index: number) => string | Promise<string>): Promise<Origin> =>
  origin(t, undefined, (peer) => void converse(peer, answer).catch(() => {}))

async function converse(peer: Peer, answer: (head: string, peer: Peer, index: number) => string | Promise<string>): Promise<void> {
  for (let index = 0; ; index++) peer.send(await answer(await peer.head(Infinity), peer, index))
}

export async function connect(t: TestContext, port: number, host = '127.0.0.1'): Promise<Peer> {
  const socket = net.connect({ port, host, allowHalfOpen: true, noDelay: true })
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return new Peer(socket)
}

export async function connectTls(t: TestContext, port: number, options: tls.ConnectionOptions): Promise<Peer> {
  const socket = tls.connect({ port, host: '127.0.0.1', ...options })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  return new Peer(socket)
}

export async function within<T>(what: string, promise: Promise<T>, ms = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => { timer = setTimeout(() => reject(new Error(`no ${what} within ${ms} ms`)), ms) })
  try { return await Promise.race([promise, late]) } finally { clearTimeout(timer) }
}

type SetUp = Omit<RigOptions, 'transport'>
export interface Given {
  readonly t: TestContext
  readonly transport: TransportName
  /** Starts the proxy: the forward proxy, or with `proxies` mappings too. */
  start(options?: SetUp): Promise<Rig>
  /** A forward proxy with a client connected to it, and an origin for it. */
  forward(options?: SetUp): Promise<{ proxy: Rig; client: Peer; upstream: Origin }>
  /** The same for an `http` mapping to the origin, named `web`. */
  mapped(options?: SetUp): Promise<{ proxy: Rig; client: Peer; upstream: Origin }>
}

/** One test on each transport. */
export function each(name: string, run: (given: Given) => Promise<void>): void {
  for (const transport of transports) {
    test(`${transport}: ${name}`, { timeout: 30_000 }, async (t) => {
      const start = async (options: SetUp = {}): Promise<Rig> => {
        const started = await rig(t, { transport, ...options })
        return { ...started, until: (event, fits) => within(event, started.until(event, fits)) }
      }
      await run({
        t, transport, start,
        async forward(options) {
          const [proxy, upstream] = [await start(options), await origin(t)]
          return { proxy, upstream, client: await connect(t, proxy.port('http')) }
        },
        async mapped(options) {
          const upstream = await origin(t)
          const proxy = await start({ ...options, proxies: [`web@0=http://${upstream.authority}`, ...options?.proxies ?? []] })
          return { proxy, upstream, client: await connect(t, proxy.port('web')) }
        },
      })
    })
  }
}

/** The text with CRLF at the ends of its lines, and the empty line of a head behind it. */
export const head = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`
export const ok = (body: string, ...fields: string[]): string => head('HTTP/1.1 200 OK', ...fields, `Content-Length: ${body.length}`) + body
export const statusOf = (text: string): number => Number(/^HTTP\/1\.\d (\d{3})/.exec(text)?.[1])
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms) })
