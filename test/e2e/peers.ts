import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import type { TestContext } from 'node:test'

export { closedPort } from '../helpers/ports.ts'

/** How a connection ended, as seen from one end: `end` is a FIN, `reset` an RST, else the system's code. */
export type Fate = 'end' | 'reset' | (string & {})

/** One end of a connection, with everything it has received. */
export class Peer {
  readonly socket: net.Socket
  readonly chunks: Buffer[] = []
  /** The first sign of its end. */
  readonly fate: Promise<Fate>
  received = 0
  #lost: Fate | undefined
  readonly #waiting = new Set<() => void>()

  constructor(socket: net.Socket) {
    this.socket = socket
    const { promise, resolve } = Promise.withResolvers<Fate>()
    this.fate = promise
    const lose = (fate: Fate): void => {
      this.#lost ??= fate
      resolve(fate)
      this.#look()
    }
    socket.on('data', (bytes: Buffer) => {
      this.chunks.push(bytes)
      this.received += bytes.length
      this.#look()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => lose(error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'reset' : error.code ?? error.message))
    socket.on('end', () => lose('end'))
    socket.on('close', () => lose('close'))
  }

  /** Everything received so far, as latin1. */
  get text(): string { return Buffer.concat(this.chunks).toString('latin1') }

  write(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    return this
  }

  end(bytes?: string): this {
    if (bytes === undefined) this.socket.end()
    else this.socket.end(Buffer.from(bytes, 'latin1'))
    return this
  }

  reset(): void { this.socket.resetAndDestroy() }

  /** Everything received, once `wanted` is part of it, so many bytes are there, or it answers true. */
  async until(wanted: string | number | (() => boolean)): Promise<string> {
    const has = (): boolean => typeof wanted === 'string' ? this.text.includes(wanted) : typeof wanted === 'number' ? this.received >= wanted : wanted()
    while (!has()) {
      if (this.#lost) throw new Error(`connection ended by ${this.#lost} before ${String(wanted)} came; received ${JSON.stringify(this.text.slice(0, 300))}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
    return this.text
  }

  /** Everything up to its end, and how that came. */
  async rest(): Promise<{ text: string; fate: Fate }> {
    const fate = await this.fate
    return { text: this.text, fate }
  }

  /** Forgets what was received. */
  clear(): this {
    this.chunks.length = 0
    this.received = 0
    return this
  }

  #look(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const look of waiting) look()
  }
}

export interface Served {
  readonly port: number
  readonly peers: readonly Peer[]
  /** The nth connection, counted from 0, as soon as it is there. */
  peer(index: number): Promise<Peer>
  close(): void
}

/** A server that hands each connection to `each`; half-open ones stay open. */
export async function serve(t: TestContext, each: (peer: Peer) => void = () => {}, host = '127.0.0.1'): Promise<Served> {
  const peers: Peer[] = []
  const waiting = new Set<() => void>()
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const peer = new Peer(socket)
    peers.push(peer)
    each(peer)
    for (const look of [...waiting]) look()
  })
  t.after(() => { server.close(); for (const { socket } of peers) socket.destroy() })
  server.listen(0, host)
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port, peers,
    async peer(index) {
      while (peers.length <= index) {
        await new Promise<void>((resolve) => {
          const look = (): void => { waiting.delete(look); resolve() }
          waiting.add(look)
        })
      }
      return peers[index]!
    },
    close: () => server.close(),
  }
}

export async function connect(t: TestContext, port: number, host = '127.0.0.1'): Promise<Peer> {
  const socket = net.connect({ port, host, allowHalfOpen: true, noDelay: true })
  t.after(() => socket.destroy())
  const peer = new Peer(socket)
  // A RST may come so soon that the connection was never seen to stand.
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve)
    socket.once('close', () => resolve())
  })
  return peer
}

/** A tunnel through the forward proxy at `port`, ready for use. */
export async function tunnel(t: TestContext, port: number, target: string): Promise<Peer> {
  const peer = await connect(t, port)
  peer.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`)
  const answer = await peer.until('\r\n\r\n')
  if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`no tunnel: ${answer}`)
  return peer.clear()
}

/** Fills its own backlog and says its port: no further SYN is answered. */
const STUFFED = `
  const net = require('net')
  const server = net.createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
    const { port } = server.address()
    require('fs').writeSync(1, String(port))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60000)
  })`

/** A port that answers no SYN. */
export async function silentPort(t: TestContext): Promise<number> {
  const child = spawn(process.execPath, ['-e', STUFFED], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [text] = await once(child.stdout, 'data') as [Buffer]
  const port = Number(text.toString())
  // The first two or three are taken into the backlog; the one that is not connected by then proves that it is full.
  for (let waits = false; !waits;) waits = !await connectsWithin(t, port, 100)
  return port
}

async function connectsWithin(t: TestContext, port: number, ms: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  t.after(() => socket.destroy())
  return await new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms)
    socket.once('connect', () => { clearTimeout(timer); resolve(true) })
  })
}

const PATIENCE_MS = 8000

/** Looks every turn of the loop until it is so. */
export async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The promise, or an error when it takes too long. */
export async function within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${PATIENCE_MS} ms: ${what}`)), PATIENCE_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

const MOST_TRIES = 4

/**
 * Measures again while the result is above `most`, and gives the least. A busy machine only ever adds to a time, so what is
 * never short enough in several tries is the proxy's doing.
 */
export async function least(most: number, measure: () => Promise<number>): Promise<number> {
  let best = Infinity
  for (let nth = 0; nth < MOST_TRIES && best > most; nth++) best = Math.min(best, await measure())
  return best
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms) })

/** The body of an HTTP/1 message that has a Content-Length, once all of it is there. */
export async function readResponse(peer: Peer): Promise<{ head: string; body: string }> {
  const text = await peer.until('\r\n\r\n')
  const end = text.indexOf('\r\n\r\n') + 4
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))?.[1] ?? 0)
  const all = await peer.until(end + length)
  return { head: all.slice(0, end), body: all.slice(end, end + length) }
}
