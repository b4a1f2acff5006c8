import { decimal, sameName } from '../../codecs/http1/grammar.ts'
import { RequestHead, setField } from '../../codecs/http1/message.ts'
import { localResponse, requestBytes } from '../../codecs/http1/serialize.ts'
import type { LocalAnswer } from './answers.ts'
import { noticedField } from './rewrite.ts'

/** RFC 9110 §9.3.8: what a TRACE should not show. */
const SECRETS = ['authorization', 'proxy-authorization', 'cookie']

/**
 * RFC 9110 §7.6.2: counts `Max-Forwards` of a TRACE or OPTIONS request down. The answer to give when it must go no further,
 * else undefined. Asked before anything of the head is rewritten.
 */
export function countForward(head: RequestHead): LocalAnswer | undefined {
  if (head.method !== 'TRACE' && head.method !== 'OPTIONS') return undefined
  const given = noticedField(head, 'max-forwards')
  const left = given === undefined ? -1 : decimal(given)
  if (left > 0) setField(head, 'Max-Forwards', String(left - 1))
  if (left !== 0) return undefined
  return head.method === 'OPTIONS' ? localResponse(200) : localResponse(200, { contentType: 'message/http', body: Buffer.from(received(head), 'latin1') })
}

function received({ method, target, minor, fields }: RequestHead): string {
  const shown = fields.filter((_, index) => !SECRETS.some((secret) => sameName(fields[index - index % 2]!, secret)))
  return requestBytes(new RequestHead(method, target, minor, shown))
}
