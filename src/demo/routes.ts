import { STATUS_CODES } from 'node:http'
import { jsonAnswer, readBody, Refusal, shown, type Answer } from './answers.ts'
import { large, slow, stream } from './drip.ts'
import type { Exchange, Handler } from './exchange.ts'
import { helloAnswer } from './hello.ts'
import { multi, ping, pingMyself } from './ping.ts'

interface Route {
  /** `undefined` is any method. */
  readonly methods: readonly string[] | undefined
  /** May end with one `:parameter`. */
  readonly path: string
  readonly query?: string
  readonly handle: Handler
}

const GET = ['GET', 'HEAD']

const ROUTES: readonly Route[] = [
  { methods: GET, path: '/', handle: () => helloAnswer },
  { methods: [...GET, 'POST'], path: '/ping', handle: ping },
  { methods: GET, path: '/ping/myself', handle: pingMyself },
  { methods: GET, path: '/multi', handle: multi },
  { methods: ['POST'], path: '/uppercase', handle: uppercase },
  { methods: GET, path: '/stream', query: '?n=10&ms=100', handle: stream },
  { methods: GET, path: '/large', query: '?bytes=1048576', handle: large },
  { methods: GET, path: '/slow', query: '?ms=1000', handle: slow },
  { methods: undefined, path: '/status/:code', handle: status },
  { methods: undefined, path: '/echo', handle: echo },
  { methods: GET, path: '/get', handle: get },
  { methods: ['GET'], path: '/ws', handle: websocketOnly },
]

/** The route and what its parameter is; a 404 that lists the routes, or a 405 that lists the methods. */
export function findRoute(method: string, path: string): { readonly route: Route; readonly parameter: string } {
  for (const route of ROUTES) {
    const parameter = match(route.path, path)
    if (parameter === undefined) continue
    if (!route.methods || route.methods.includes(method)) return { route, parameter }
    const allow = route.methods.join(', ')
    throw new Refusal(405, `${path} does not take ${shown(method)}, only ${allow}`, { headers: { allow } })
  }
  throw new Refusal(404, `nothing is at ${shown(path)}`, { routes: ROUTES.map(({ methods, path, query }) => `${methods?.join('|') ?? 'ANY'} ${path}${query ?? ''}`) })
}

function match(pattern: string, path: string): string | undefined {
  const colon = pattern.indexOf(':')
  if (colon < 0) return pattern === path ? '' : undefined
  const rest = path.slice(colon)
  return path.startsWith(pattern.slice(0, colon)) && rest !== '' && !rest.includes('/') ? rest : undefined
}

async function uppercase({ request }: Exchange): Promise<Answer> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';')
  if (!/^application\/(?:json|[^/]+\+json)$/i.test(type.trim())) throw new Refusal(415, 'the content type must be "application/json"')
  const value = parseJson(await readBody(request))
  const content = typeof value === 'object' && value !== null && 'content' in value ? value.content : undefined
  if (typeof content !== 'string') throw new Refusal(422, 'the body must be an object whose "content" is a string')
  return jsonAnswer(200, { content: content.toUpperCase() })
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown
  } catch (error) {
    throw new Refusal(400, `the body is not JSON: ${(error as Error).message}`)
  }
}

function status({ parameter }: Exchange): Answer {
  const code = /^[2-5]\d\d$/.test(parameter) ? Number(parameter) : undefined
  if (code === undefined) throw new Refusal(400, `path parameter "code" must be a whole number from 200 to 599, not ${shown(parameter)}`)
  const leadsAway = code === 301 || code === 302 || code === 303 || code === 307 || code === 308
  return jsonAnswer(code, { status: code, reason: STATUS_CODES[code] ?? '' }, leadsAway ? { location: '/' } : {})
}

async function echo({ request, path, query }: Exchange): Promise<Answer> {
  const body = await readBody(request)
  return jsonAnswer(200, {
    method: request.method,
    path,
    query: [...query],
    version: request.httpVersion,
    headers: pairs(request.rawHeaders),
    body: body.toString(),
    bodyBytes: body.length,
    trailers: pairs(request.rawTrailers),
  })
}

function pairs(flat: readonly string[]): [string, string][] {
  const list: [string, string][] = []
  for (let at = 0; at + 1 < flat.length; at += 2) list.push([flat[at]!, flat[at + 1]!])
  return list
}

/** In the shape of the public echo service that `/ping` calls otherwise. */
function get({ request, query, services }: Exchange): Answer {
  return jsonAnswer(200, {
    args: Object.fromEntries(query),
    headers: request.headers,
    url: new URL(request.url ?? '/', services.ownUrl).href,
  })
}

function websocketOnly(): never {
  throw new Refusal(426, 'this is a WebSocket endpoint', { headers: { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': '13' } })
}
