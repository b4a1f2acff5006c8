import { z } from 'zod'
import { localResponse } from '../codecs/http1/serialize.ts'
import { flag, number } from '../kit/params.ts'
import { defineFault, type Verdict } from '../model/fault.ts'

const STATUS = 500

const params = z.strictObject({
  status: number('a final HTTP status from 200 to 599', (value) => Number.isInteger(value) && value >= 200 && value <= 599).default(STATUS).describe('Status of the answer').meta({ placeholder: 'status' }),
  body: z.string().optional().describe('Body of the answer (default none)').meta({ placeholder: 'text' }),
  contentType: z.string().regex(/^[\w.+-]+\/[\w.+-]+[ \t]*(?:;[ -~]*)?$/, 'expected a media type such as application/json').optional().describe('Media type of the body (default: JSON if it is JSON, else plain text)').meta({ placeholder: 'type' }),
  afterUpstream: flag().default(false).describe('Ask the upstream first, and replace its answer'),
})

type Params = z.output<typeof params>

export const httpResponse = defineFault({
  name: 'http-response',
  aliases: ['httperror', 'http-error'],
  summary: 'Answers HTTP requests in place of the upstream.',
  faithful: 'The client sees a complete, correct answer, as from an overloaded server or a gateway. The upstream is not contacted, so nothing happens there, unless afterUpstream is set; side and direction mean nothing to it.',
  params,
  check: ({ status, body, contentType }) => {
    if (body === undefined) return contentType === undefined ? undefined : 'contentType needs a body: add --http-response-body'
    return status === 204 || status === 205 || status === 304 ? `an answer with status ${status} has no body: leave body out` : undefined
  },
  primary: 'status',
  directional: true,
  preserves: 'nothing',
  examples: [{ status: 503 }, { status: 404, body: '{"error": "true"}' }, { status: 429, body: 'slow down', afterUpstream: true }],
  compat: {
    documented: true, order: 6, with: 'HTTP_FAULT', env: 'HTTP_FAULT', title: 'HttpErr', summaryTitle: 'HTTP Response', tailTitle: 'Http',
    fields: { probability: { flag: 'trigger-probability', env: 'PROBABILITY' } },
  },
  describe: ({ status, body, afterUpstream }, probability) => [
    ['status', status], ['probability', probability], ...(body === undefined ? [] : [['body', body] as const]), ...(afterUpstream ? [['after upstream', true] as const] : []),
  ],
  explain: ({ status, body, afterUpstream }) => `answers ${status}${body ? ' with a body' : ''}${afterUpstream ? ' once the upstream has answered' : ''}`,
  request: (given) => (given.afterUpstream ? undefined : answerOf(given)),
  response: (given) => (given.afterUpstream ? answerOf(given) : undefined),
})

function answerOf({ status, body, contentType }: Params): Verdict {
  const { head, body: bytes } = localResponse(status, body === undefined ? {} : { body, contentType: contentType ?? typeOf(body) })
  return { action: 'answer', head, body: bytes }
}

function typeOf(body: string): string {
  try {
    if (typeof JSON.parse(body) === 'object') return 'application/json'
  } catch {
    // Not JSON, which is no mistake.
  }
  return 'text/plain; charset=utf-8'
}
