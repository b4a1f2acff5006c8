import { jsonAnswer, Refusal, shown, type Answer } from './answers.ts'
import type { Exchange } from './exchange.ts'
import { helloAnswer } from './hello.ts'

/** Marks our own calls, so that a `--ping-url` that leads back to `/ping` is noticed (RFC 9110 section 7.6.3). */
const VIA = '1.1 fault-demo'

export async function ping(exchange: Exchange): Promise<Answer> {
  const { clock, outgoing } = exchange.services
  await outgoing.prepare()
  const startMs = clock.now()
  const content = await fetchJson(exchange)
  return jsonAnswer(200, { content, duration: wholeMs(clock.now() - startMs) })
}

/** The same call twice at the same time. */
export async function multi(exchange: Exchange): Promise<Answer> {
  const { clock, outgoing } = exchange.services
  await outgoing.prepare()
  const startMs = clock.now()
  const content = await Promise.all([fetchJson(exchange), fetchJson(exchange)])
  return jsonAnswer(200, { content, duration: wholeMs(clock.now() - startMs) })
}

/** Calls `/` of this server over the network, and through the proxy when one is set. */
export async function pingMyself({ request, services, left }: Exchange): Promise<Answer> {
  const result = await services.outgoing.get(services.ownUrl, forwarded(request.headers), left)
  if ('status' in result && result.status === 200) return helloAnswer
  return { status: 500, headers: { 'content-type': 'text/html; charset=utf-8' }, body: 'Something went wrong...' }
}

async function fetchJson({ request, services, left }: Exchange): Promise<unknown> {
  if (request.headers.via?.includes(VIA)) throw new Refusal(508, 'the address that "/ping" calls leads back to "/ping"', { hint: '--ping-url self' })
  const { pingUrl, outgoing } = services
  const result = await outgoing.get(pingUrl, forwarded(request.headers), left)
  const name = shown(`${pingUrl.origin}${pingUrl.pathname}`)
  if ('failure' in result) throw badGateway(`cannot call ${name}: ${result.failure}`)
  if (result.status < 200 || result.status > 299) throw badGateway(`${name} answered with status ${result.status}`)
  try {
    return JSON.parse(result.text) as unknown
  } catch {
    throw badGateway(`the answer of ${name} is not JSON: ${shown(result.text)}`)
  }
}

const badGateway = (error: string): Refusal => new Refusal(502, error, { hint: '--ping-url self calls this server instead and needs no network' })

/** The trace goes on (W3C Trace Context); nothing else of the request does. */
function forwarded(headers: Exchange['request']['headers']): Record<string, string> {
  const kept: Record<string, string> = { accept: 'application/json, */*', 'user-agent': 'fault-demo', via: VIA }
  for (const name of ['traceparent', 'tracestate']) {
    const value = headers[name]
    if (typeof value === 'string') kept[name] = value
  }
  return kept
}

const wholeMs = (ms: number): string => String(Math.floor(ms))
