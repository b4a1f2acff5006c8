import type { IncomingMessage, ServerResponse } from 'node:http'

/** Bodies that the demo keeps in memory are never larger. */
export const BODY_MAX_BYTES = 1024 * 1024

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

/** A request that gets an answer other than the one it asked for; thrown by handlers, sent by the server. */
export class Refusal extends Error {
  readonly answer: Answer

  constructor(status: number, error: string, extra: { readonly hint?: string; readonly routes?: readonly string[]; readonly headers?: Readonly<Record<string, string>> } = {}) {
    super(error)
    const { headers, ...members } = extra
    this.answer = jsonAnswer(status, { error, ...members }, headers)
  }
}

/** Statuses whose answers end with the head (RFC 9110 sections 15.3.5 and 15.4.5). */
const BODILESS: ReadonlySet<number> = new Set([204, 304])

export function sendAnswer(response: ServerResponse, { status, headers, body }: Answer): void {
  if (BODILESS.has(status)) {
    response.writeHead(status).end()
    return
  }
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

/** The value as it may be shown in a sentence: quoted, cut, without control characters. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

interface Bounds {
  readonly otherwise: number
  readonly min: number
  readonly max: number
}

/** A whole number of the query, or `otherwise` when it is not there; a 400 that names the parameter when it is wrong. */
export function wholeNumber(query: URLSearchParams, name: string, { otherwise, min, max }: Bounds): number {
  const values = query.getAll(name)
  const [text] = values
  if (text === undefined) return otherwise
  if (values.length > 1) throw new Refusal(400, `query parameter "${name}" is given ${values.length} times`)
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN
  if (value >= min && value <= max) return value
  throw new Refusal(400, `query parameter "${name}" must be a whole number from ${min} to ${max}, not ${shown(text)}`)
}

/** The whole body; a 413 above `BODY_MAX_BYTES`, after which the rest is read and thrown away, so that the client sees the answer. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let heldBytes = 0
    request.on('data', (chunk: Buffer) => {
      if (heldBytes > BODY_MAX_BYTES) return
      heldBytes += chunk.length
      if (heldBytes <= BODY_MAX_BYTES) chunks.push(chunk)
      else reject(new Refusal(413, `the body is larger than ${BODY_MAX_BYTES} bytes`))
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('close', () => reject(new Error('the client left before its body was complete')))
  })
}
