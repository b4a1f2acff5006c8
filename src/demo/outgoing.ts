import type { Dispatcher } from 'undici'
import { BODY_MAX_BYTES } from './answers.ts'

const REDIRECTS_MAX = 5
const SILENCE_MAX_MS = 60_000

/** The answer, or why there is none. */
export type CallResult = { readonly status: number; readonly text: string } | { readonly failure: string }

export interface OutgoingCalls {
  /** Loads the HTTP client, which takes some 200 ms, once: before a call that is measured. */
  prepare(): Promise<void>
  /** Never rejects. */
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<CallResult>
}

type Environment = Readonly<Record<string, string | undefined>>

/** Calls that go through the proxies of `env`: `HTTP_PROXY` for http, `HTTPS_PROXY` for https, in either case, unless `NO_PROXY` names the host. */
export function createOutgoingCalls(env: Environment): OutgoingCalls {
  return {
    async prepare() { await import('undici') },
    async get(url, headers, signal) {
      try {
        return await call(env, url, headers, signal)
      } catch (error) {
        return { failure: causeOf(error) }
      }
    },
  }
}

/** Every call opens its own connection, so that faults on look-up, connect and TLS are felt by each. */
async function call(env: Environment, url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<CallResult> {
  const { EnvHttpProxyAgent, interceptors, request } = await import('undici')
  const proxy = proxyFor(env, url.protocol)
  // All three are given, empty ones too: what is left out, the agent takes from the real environment.
  const agent = new EnvHttpProxyAgent({ httpProxy: proxy, httpsProxy: proxy, noProxy: variable(env, 'no_proxy'), allowH2: false })
  try {
    const { statusCode, body } = await request(url, {
      dispatcher: agent.compose(interceptors.redirect({ maxRedirections: REDIRECTS_MAX })),
      headers, signal, headersTimeout: SILENCE_MAX_MS, bodyTimeout: SILENCE_MAX_MS,
    })
    return { status: statusCode, text: await readText(body) }
  } finally {
    await agent.destroy()
  }
}

async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let heldBytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    heldBytes += chunk.length
    if (heldBytes > BODY_MAX_BYTES) throw new Error(`the answer is larger than ${BODY_MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function proxyFor(env: Environment, protocol: string): string {
  const proxy = variable(env, protocol === 'https:' ? 'https_proxy' : 'http_proxy')
  return proxy === '' || proxy.includes('://') ? proxy : `http://${proxy}`
}

/** An empty lower-case variable counts: it is how a proxy is switched off for one program. */
const variable = (env: Environment, name: string): string => (env[name] ?? env[name.toUpperCase()] ?? '').trim()

/** The innermost message that says something; several addresses that failed come without one, but with a code. */
function causeOf(error: unknown): string {
  let text = 'unknown error'
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    text = at.message || (at as NodeJS.ErrnoException).code || text
  }
  return text
}
