import { localResponse } from '../../codecs/http1/serialize.ts'
import type { ResponseHead } from '../../codecs/http1/message.ts'
import type { FailureCause } from '../../model/fault.ts'

export interface LocalAnswer { readonly head: ResponseHead; readonly body: Buffer }

/** Status and RFC 9209 §2.3 error type of each reason why the proxy answers by itself. */
const failures: Readonly<Record<FailureCause, readonly [status: number, type: string]>> = {
  'nxdomain': [502, 'dns_error'],
  'servfail': [502, 'dns_error'],
  'dns-timeout': [504, 'dns_timeout'],
  'refused': [502, 'connection_refused'],
  'unreachable': [502, 'destination_ip_unroutable'],
  'connect-timeout': [504, 'connection_timeout'],
  'reset': [502, 'connection_terminated'],
  'exhausted': [503, 'connection_limit_reached'],
  'tls': [502, 'tls_protocol_error'],
  'tls-certificate': [502, 'tls_certificate_error'],
  'loop': [508, 'proxy_loop_detected'],
  'error': [502, 'proxy_internal_error'],
}

/** Answer for a request whose upstream could not be had, naming the cause. */
export function failureAnswer(cause: FailureCause, detail: string, target: string, close: boolean): LocalAnswer {
  const [status, type] = failures[cause]
  return jsonAnswer(status, type, { error: detail, cause, target }, close)
}

/** Answer for an upstream response that could not be understood or came to an early end. */
export function brokenAnswer(detail: string, target: string, type: 'http_protocol_error' | 'http_response_incomplete', close: boolean): LocalAnswer {
  return jsonAnswer(502, type, { error: detail, cause: type === 'http_protocol_error' ? 'bad-response' : 'incomplete-response', target }, close)
}

/** Answer for a request that is refused for its own faults. The connection ends after it. */
export function refusalAnswer(status: number, cause: string, detail: string): LocalAnswer {
  return jsonAnswer(status, status === 508 ? 'proxy_loop_detected' : 'http_request_error', { error: detail, cause }, true)
}

function jsonAnswer(status: number, type: string, body: object, close: boolean): LocalAnswer {
  return localResponse(status, {
    fields: ['Proxy-Status', `fault; error=${type}`],
    body: `${JSON.stringify(body)}\n`,
    contentType: 'application/json',
    close,
  })
}
