import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../kit/clock.ts'
import { EXIT, UserError } from '../kit/errors.ts'
import { joinHostPort } from '../kit/ip.ts'
import { accessLine } from './access-log.ts'
import { jsonAnswer, Refusal, sendAnswer } from './answers.ts'
import type { Services } from './exchange.ts'
import { createOutgoingCalls } from './outgoing.ts'
import { findRoute } from './routes.ts'
import { createWebSocketEcho } from './websocket.ts'

export interface DemoOptions {
  readonly address: string
  /** 0 picks a free one. */
  readonly port: number
  /** What `/ping` calls; `self` is this server. */
  readonly pingUrl: string
  /** Where the proxy variables for outgoing calls are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** Paces `/stream` and `/slow`; `clock` unless given. */
  readonly dripClock?: Clock
  /** Gets one line per request. */
  readonly log?: (line: string) => void
}

export interface Demo {
  readonly address: { readonly host: string; readonly port: number }
  /** Loads now what only outgoing calls need, so that the first `/ping` is no slower than the second. */
  warmUp(): Promise<void>
  /** Ends every connection at once; resolves when nothing is left. */
  close(): Promise<void>
}

/** The demo application: an ordinary HTTP server to put a proxy in front of. A `UserError` when it cannot listen or `pingUrl` is none. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const named = options.pingUrl === 'self' ? undefined : parsePingUrl(options.pingUrl)
  const server = createServer({ shouldUpgradeCallback: isEchoHandshake })
  await listen(server, options.address, options.port)
  const { address: host, port } = server.address() as AddressInfo
  const ownUrl = new URL(`http://${joinHostPort(reachable(host), port)}/`)
  const { clock, dripClock = clock } = options
  const pingUrl = named ?? new URL('/get', ownUrl)
  const services: Services = { clock, dripClock, pingUrl, ownUrl, outgoing: createOutgoingCalls(options.env) }
  const end = serve(server, services, options.log ?? (() => {}))
  let ended: Promise<void> | undefined
  return { address: { host, port }, warmUp: () => services.outgoing.prepare(), close: () => ended ??= end() }
}

/** What `fault demo run` prints first; `base` is where the demo listens, as in `http://localhost:7070`. */
export function demoPrelude(base: string): string {
  const url = base.replace(/\/+$/, '')
  const proxied = 'curl -x ${HTTP_PROXY}'
  return [
    'Welcome to fault, this demo application is here to let you explore fault\'s capabilities.',
    '',
    'Here are a few examples:',
    '',
    'export HTTP_PROXY=http://localhost:3180',
    'export HTTPS_PROXY=http://localhost:3180',
    '',
    `${proxied} ${url}/`,
    `${proxied} ${url}/ping`,
    `${proxied} ${url}/ping/myself`,
    `${proxied} --json '{"content": "hello"}' ${url}/uppercase`,
    '',
    'More to look at through a fault:',
    '',
    `${proxied} -N "${url}/stream?n=10&ms=100"`,
    `${proxied} -o /dev/null "${url}/large?bytes=1048576"`,
    `${proxied} "${url}/slow?ms=1000"`,
    `${proxied} -i ${url}/status/503`,
    `${proxied} -d hello ${url}/echo`,
    `${url.replace(/^http/, 'ws')}/ws sends back every WebSocket message`,
    '',
  ].join('\n')
}

function parsePingUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new UserError('INVALID_PING_URL', `--ping-url ${JSON.stringify(text)} is not an http or https address`, { hint: 'give one such as https://postman-echo.com/get, or --ping-url self' })
}

const OWN_ADDRESS = 'listen on an address of this machine, such as 127.0.0.1'

const LISTEN_FAILURES: Readonly<Record<string, readonly [code: string, what: string, hint: string]>> = {
  EADDRINUSE: ['ADDRESS_IN_USE', 'address in use', '--port 0 picks a free one'],
  EACCES: ['CANNOT_LISTEN', 'permission denied', 'ports below 1024 need privileges; choose a higher one'],
  EADDRNOTAVAIL: ['CANNOT_LISTEN', 'no such address here', OWN_ADDRESS],
  ENOTFOUND: ['CANNOT_LISTEN', 'no such host', OWN_ADDRESS],
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const [code, what, hint] = LISTEN_FAILURES[error.code ?? ''] ?? ['CANNOT_LISTEN', error.code ?? error.message, OWN_ADDRESS]
      reject(new UserError(code, `cannot listen on ${joinHostPort(address, port)}: ${what}`, { hint, exitCode: EXIT.failed, cause: error }))
    })
    server.listen({ host: address, port }, () => {
      server.removeAllListeners('error')
      // Running out of descriptors while accepting costs that one connection, not the server.
      server.on('error', () => {})
      resolve()
    })
  })
}

/** Where a server that listens on every address is to be called. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

/** Attaches the application and returns what ends it. */
function serve(server: Server, services: Services, log: (line: string) => void): () => Promise<void> {
  const running = new Set<Promise<void>>()
  const sockets = new Map<Duplex, AbortSignal>()
  const echo = createWebSocketEcho()
  const track = (work: Promise<void>): void => {
    running.add(work)
    void work.finally(() => running.delete(work))
  }
  server.on('connection', (socket) => {
    const controller = new AbortController()
    sockets.set(socket, controller.signal)
    socket.once('close', () => {
      sockets.delete(socket)
      controller.abort()
    })
  })
  server.on('request', (request, response) => {
    const left = sockets.get(request.socket) ?? AbortSignal.abort()
    writeAccessLog(request, response, services.clock, left, log)
    track(answer(request, response, services, left))
  })
  server.on('upgrade', (request, socket, head) => {
    const startMs = services.clock.now()
    socket.on('error', () => {})
    if (isEchoHandshake(request)) track(echo.accept(request, socket, head, () => log(accessLine(request, 101, services.clock.now() - startMs))))
    else refuseTakeover(socket, '501 Not Implemented')
  })
  server.on('connect', (_request, socket) => {
    socket.on('error', () => {})
    refuseTakeover(socket, '405 Method Not Allowed')
  })
  return async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets.keys()) socket.destroy()
    await closed
    await Promise.allSettled(running)
  }
}

/** Any other `Upgrade` is ignored, as RFC 9110 section 7.8 allows (curl offers `h2c`); Node before 24.9 asks nobody and comes to `upgrade`. */
function isEchoHandshake({ method, url = '', headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-version'] === '13'
    && headers['sec-websocket-key'] !== undefined && splitTarget(url).path === '/ws'
}

/** On a connection that the HTTP server has let go of. */
function refuseTakeover(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nallow: GET, HEAD\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy())
}

async function answer(request: IncomingMessage, response: ServerResponse, services: Services, left: AbortSignal): Promise<void> {
  response.on('error', () => {})
  try {
    const { path, search } = splitTarget(request.url ?? '/')
    const { route, parameter } = findRoute(request.method ?? 'GET', path)
    const result = await route.handle({ request, response, path, query: new URLSearchParams(search), parameter, services, left })
    if (result && !left.aborted) sendAnswer(response, result)
  } catch (error) {
    if (left.aborted) return
    if (response.headersSent) response.destroy()
    else sendAnswer(response, error instanceof Refusal ? error.answer : jsonAnswer(500, { error: (error as Error).message }))
  }
}

/** Origin form, or absolute form, which every server takes (RFC 9112 section 3.2.2). */
function splitTarget(target: string): { readonly path: string; readonly search: string } {
  const origin = target.startsWith('/') ? '' : /^https?:\/\/[^/?#]*/i.exec(target)?.[0] ?? ''
  const rest = target.slice(origin.length)
  const question = rest.indexOf('?')
  const path = question < 0 ? rest : rest.slice(0, question)
  return { path: path === '' ? '/' : path, search: question < 0 ? '' : rest.slice(question + 1) }
}

/** One line when the answer is out, or when the client left before. */
function writeAccessLog(request: IncomingMessage, response: ServerResponse, clock: Clock, left: AbortSignal, log: (line: string) => void): void {
  const startMs = clock.now()
  const end = (complete: boolean): void => {
    response.off('finish', sent)
    left.removeEventListener('abort', cut)
    log(accessLine(request, response.headersSent ? response.statusCode : undefined, clock.now() - startMs, complete))
  }
  const sent = (): void => end(true)
  const cut = (): void => end(false)
  response.on('finish', sent)
  left.addEventListener('abort', cut)
}
