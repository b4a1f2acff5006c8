/** Code → status for a client, and what is wrong. Details carry no value from the wire, so no secret can leak through them. */
const PROBLEMS = {
  'bad-request-line': [400, 'the request line is not "METHOD target HTTP/1.x" with single spaces'],
  'bad-status-line': [502, 'the status line is not "HTTP/1.x NNN reason"'],
  'bad-method': [400, 'the method is longer than 64 characters'],
  'bad-target': [400, 'the request target is not in a form its method allows'],
  'bad-version': [505, 'the HTTP version is not 1.0 or 1.1'],
  'http2-preface': [505, 'the peer speaks HTTP/2 with prior knowledge'],
  'empty-lines': [400, 'too many empty lines before the request line'],
  'bare-cr': [400, 'a carriage return without a line feed'],
  'bare-lf': [400, 'a line feed without a carriage return'],
  'nul': [400, 'a NUL character'],
  'control-character': [400, 'a control character'],
  'obs-fold': [400, 'a field value is folded over two lines'],
  'leading-whitespace': [400, 'whitespace before the first field'],
  'space-before-colon': [400, 'whitespace in a field name or before its colon'],
  'empty-name': [400, 'a field without a name'],
  'no-colon': [400, 'a field line without a colon'],
  'bad-name': [400, 'a field name with a character that is not allowed'],
  'head-too-large': [431, 'the head is larger than the limit'],
  'no-host': [400, 'no "Host" field'],
  'two-hosts': [400, '"Host" is repeated'],
  'bad-host': [400, 'the value of "Host" is not a host with an optional port'],
  'bad-content-length': [400, 'the value of "Content-Length" is not a decimal number up to 2^53-1'],
  'repeated-content-length': [400, '"Content-Length" is repeated'],
  'length-and-chunked': [400, '"Content-Length" and "Transfer-Encoding" together'],
  'te-te': [400, '"Transfer-Encoding" is repeated'],
  'unknown-transfer-coding': [501, 'the transfer coding is not exactly "chunked"'],
  'chunked-in-1.0': [400, '"Transfer-Encoding" in an HTTP/1.0 message'],
  'connect-with-body': [400, 'a CONNECT request that announces a body'],
  'bad-authority': [400, 'the authority is not a host with an optional port'],
  'unsupported-scheme': [400, 'the scheme of the request target is not http or https'],
  'bad-chunk-size': [400, 'a chunk size is not a hexadecimal number up to 2^53-1'],
  'chunk-extension-too-long': [400, 'the extensions of a chunk are longer than 4096 bytes'],
  'bad-chunk-end': [400, 'a chunk does not end with CRLF where its size says'],
  'forbidden-trailer': [400, 'a trailer field that decides framing or routing'],
  'incomplete-body': [400, 'the connection ended inside a body'],
} as const satisfies Record<string, readonly [status: number, detail: string]>

/** Stable names of what can be wrong with a message, for events, `Proxy-Status` and tests. */
export type ProblemCode = keyof typeof PROBLEMS

/** Why a message was refused: a value, never an exception. `status` is the answer it deserves: 4xx or 5xx to a client, 502 for an upstream. */
export interface HttpProblem {
  readonly kind: 'problem'
  readonly problem: ProblemCode
  readonly status: number
  /** Lower case, no full stop, free of values from the wire. */
  readonly detail: string
}

export function httpProblem(problem: ProblemCode, of: 'request' | 'response'): HttpProblem {
  const [status, detail] = PROBLEMS[problem]
  return { kind: 'problem', problem, status: of === 'request' ? status : 502, detail }
}
