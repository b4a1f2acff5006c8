import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeadReader } from './head.ts'
import type { Head } from './message.ts'
import type { HttpProblem } from './problem.ts'
import { requestBytes, responseBytes } from './serialize.ts'

type Kind = 'request' | 'response'
const latin1 = (text: string) => Buffer.from(text, 'latin1')

interface Read { readonly verdict: Head | HttpProblem | undefined; readonly consumed: number }

/** Reads the pieces one after the other until a verdict falls; each piece lies in a buffer that is overwritten afterwards. */
function readPieces(kind: Kind, pieces: readonly Buffer[], maxBytes?: number): Read {
  const reader = new HeadReader(kind, maxBytes)
  let consumed = 0
  for (const piece of pieces) {
    const shared = Buffer.concat([latin1('\r\n'), piece, latin1('\r\n\r\n')])
    const verdict = reader.read(shared, 2, 2 + piece.length)
    consumed += reader.consumed
    shared.fill(0)
    if (verdict !== undefined) return { verdict, consumed }
  }
  return { verdict: undefined, consumed }
}

const summary = ({ verdict, consumed }: Read): unknown => {
  if (verdict === undefined) return 'more'
  if (verdict.kind === 'problem') return verdict.problem
  return { ...verdict, fields: verdict.fields, consumed }
}

const bytewise = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
const read = (kind: Kind, text: string, maxBytes?: number) => readPieces(kind, [latin1(text)], maxBytes).verdict
const problemOf = (kind: Kind, text: string, maxBytes?: number): [string, number] | undefined => {
  const verdict = read(kind, text, maxBytes)
  return verdict?.kind === 'problem' ? [verdict.problem, verdict.status] : undefined
}
function accepted(kind: Kind, text: string): Head {
  const verdict = read(kind, text)
  assert.ok(verdict && verdict.kind !== 'problem', `${JSON.stringify(text)}: ${JSON.stringify(verdict)}`)
  return verdict
}

const H = 'Host: a\r\n'
const get = (lines: string) => `GET / HTTP/1.1\r\n${lines}\r\n`

const VALID_REQUESTS: readonly (readonly [text: string, facts: Record<string, unknown>])[] = [
  [get(H), { method: 'GET', target: '/', minor: 1, host: 'a', fields: ['Host', 'a'], contentLength: -1, chunked: false, hopByHop: false }],
  ['GET / HTTP/1.0\r\n\r\n', { minor: 0, host: undefined, fields: [] }],
  [get('hOST:a\r\nX: \t b c\t \r\nx:\r\nX: \xe9\xff"{}|\r\n'), { fields: ['hOST', 'a', 'X', 'b c', 'x', '', 'X', '\xe9\xff"{}|'] }],
  ['M-SEARCH /a?b=|"{}\\^`\xff#c HTTP/1.1\r\nHost:\r\n\r\n', { method: 'M-SEARCH', target: '/a?b=|"{}\\^`\xff#c', host: '' }],
  [`${'M'.repeat(64)} / HTTP/1.1\r\n${H}\r\n`, { method: 'M'.repeat(64) }],
  [`GET http://u:p@[::1]:80/x HTTP/1.1\r\n${H}\r\n`, { target: 'http://u:p@[::1]:80/x' }],
  [`OPTIONS * HTTP/1.1\r\n${H}\r\n`, { target: '*' }],
  ['CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n', { target: '[2001:db8::1]:443' }],
  ['CONNECT a.example:65535 HTTP/1.0\r\nContent-Length: 0\r\n\r\n', { target: 'a.example:65535', contentLength: 0 }],
  [get(`${H}Content-Length: 9007199254740991\r\n`), { contentLength: Number.MAX_SAFE_INTEGER }],
  [get(`${H}content-length:\t007 \r\n`), { contentLength: 7 }],
  [get(`${H}TRANSFER-encoding: Chunked\r\n`), { chunked: true, contentLength: -1 }],
  [get(`${H}Connection: close\r\n`), { close: true, keepAlive: false, hopByHop: false }],
  [get(`${H}Connection: Keep-Alive , ,CLOSE\r\n`), { close: true, keepAlive: true, hopByHop: false }],
  [get(`${H}Connection: x-a\r\n`), { hopByHop: true }],
  [get(`${H}Proxy-connection: keep-alive\r\n`), { hopByHop: true, keepAlive: false }],
  [get(`${H}proxy-authorization: Basic x\r\n`), { hopByHop: true }],
  [get(`${H}Upgrade: websocket\r\nConnection: Upgrade\r\n`), { upgrade: true, hopByHop: false }],
  [get(`${H}Upgrade: websocket\r\n`), { upgrade: false }],
  [get(`${H}Connection: upgrade\r\n`), { upgrade: false }],
  ['GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', { upgrade: false }],
  [get(`${H}Expect: 100-Continue\r\n`), { expectContinue: true }],
  ['GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n', { expectContinue: false }],
  [`\r\n\r\n\r\n\r\n${get(H)}`, { method: 'GET', length: 27 }],
]

const INVALID_REQUESTS: readonly (readonly [text: string, problem: string, status: number])[] = [
  ...['GET  / HTTP/1.1', 'GET /  HTTP/1.1', 'GET / HTTP/1.1 ', ' GET / HTTP/1.1', 'GET /a b HTTP/1.1', 'GET\t/ HTTP/1.1', 'GET / http/1.1',
    'GET / HTTP/1.10', 'GET / HTTP/11', 'GET', 'GET / HTTQ/1.1', 'G(T / HTTP/1.1', 'SSH-2.0-x', 'GET / XTTP/1.1', 'GET  HTTP/1.1',
  ].map((line) => [`${line}\r\n${H}\r\n`, 'bad-request-line', 400] as const),
  ...['GET /', 'GET / HTTP/2.0', 'GET / HTTP/0.9', 'GET / HTTP/1.2', 'GET / HTTP/3.1'].map((line) => [`${line}\r\n${H}\r\n`, 'bad-version', 505] as const),
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2-preface', 505],
  [`${'M'.repeat(65)} / HTTP/1.1\r\n${H}\r\n`, 'bad-method', 400],
  ...['GET a', 'GET *', 'GET a:80', 'GET ://a', 'GET 1http://a', 'GET urn:a', 'OPTIONS **', 'CONNECT /', 'CONNECT a', 'CONNECT a:', 'CONNECT a:0', 'CONNECT a:65536',
    'CONNECT http://a:80', 'CONNECT u@a:80', 'CONNECT ::1:80', 'CONNECT [::1]', 'CONNECT [::g]:80', 'CONNECT :80', 'CONNECT *', 'CONNECT a:8a',
  ].map((line) => [`${line} HTTP/1.1\r\n${H}\r\n`, 'bad-target', 400] as const),
  [`GET /\t HTTP/1.1\r\n${H}\r\n`, 'bad-target', 400], [`GET /\x7f HTTP/1.1\r\n${H}\r\n`, 'control-character', 400],
  [`\r\n\r\n\r\n\r\n\r\n${get(H)}`, 'empty-lines', 400],
  ['\r\rGET', 'bare-cr', 400], ['\nGET', 'bare-lf', 400],
  ['GET / HTTP/1.1\nHost: a\n\n', 'bare-lf', 400], ['GET / HTTP/1.1\rHost: a', 'bare-cr', 400],
  [get('Host: a\n'), 'bare-lf', 400], [get('Host: a\nX: b\r\n'), 'bare-lf', 400], [get('Host: a\r\r\n'), 'bare-cr', 400], [get('Host: a\rX: b\r\n'), 'bare-cr', 400],
  [get(`${H}\n`), 'bare-lf', 400], [get('Host\n: a\r\n'), 'bare-lf', 400], [get('Ho\rst: a\r\n'), 'bare-cr', 400], [`GET / HTTP/1.1\r\n${H}\rX`, 'bare-cr', 400],
  [get(`${H}X: a\0b\r\n`), 'nul', 400], [get('Ho\0st: a\r\n'), 'nul', 400], [`G\0T / HTTP/1.1\r\n${H}\r\n`, 'nul', 400],
  [get(`${H}X: a\x01\r\n`), 'control-character', 400], [get(`${H}X: \x7f\r\n`), 'control-character', 400], [get(`${H}X: a\x0b\r\n`), 'control-character', 400],
  ['\x16\x03\x01\x02\x00\x01', 'control-character', 400],
  [get(`${H} b\r\n`), 'obs-fold', 400], [get(`${H}\tX: b\r\n`), 'obs-fold', 400],
  [get(` ${H}`), 'leading-whitespace', 400], [get(`\t${H}`), 'leading-whitespace', 400],
  [get(`${H}X : b\r\n`), 'space-before-colon', 400], [get('Host\t: b\r\n'), 'space-before-colon', 400],
  [get(`${H}: b\r\n`), 'empty-name', 400], [get(`${H}X\r\n`), 'no-colon', 400],
  [get(`${H}X(: b\r\n`), 'bad-name', 400], [get(`${H}\xe9: b\r\n`), 'bad-name', 400], [get(`${H}a"b: b\r\n`), 'bad-name', 400],
  [get(''), 'no-host', 400], [get(`${H}${H}`), 'two-hosts', 400], ['GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n', 'two-hosts', 400],
  ...['a b', 'a/b', 'u@a', 'a:b', 'a:65536', 'a:80:80', '[::1', '[::1]x', '[1]', '::1', ':80', 'a\\b', 'a?b', '\xe9.example', 'http://a', 'a"'].map((host) => [get(`Host: ${host}\r\n`), 'bad-host', 400] as const),
  ...['', '-1', '+1', '0x1', '1 1', '1.0', '9007199254740992', '99999999999999999999', '1;2', '\xb2'].map((value) => [get(`${H}Content-Length: ${value}\r\n`), 'bad-content-length', 400] as const),
  [get(`${H}Content-Length: 1\r\ncontent-length: 1\r\n`), 'repeated-content-length', 400], [get(`${H}Content-Length: 1, 1\r\n`), 'repeated-content-length', 400],
  [get(`${H}Content-Length: 1\r\nContent-Length: 2\r\n`), 'repeated-content-length', 400],
  [get(`${H}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n`), 'length-and-chunked', 400],
  [get(`${H}Transfer-Encoding: chunked\r\nContent-Length: 0\r\n`), 'length-and-chunked', 400],
  [get(`${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n`), 'te-te', 400], [get(`${H}Transfer-Encoding: chunked, chunked\r\n`), 'te-te', 400],
  [get(`${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n`), 'te-te', 400],
  ...['xchunked', 'gzip, chunked', 'chunked, gzip', 'identity', '', 'chunked;q=1', '"chunked"', 'chunked,'].map((value) => [get(`${H}Transfer-Encoding: ${value}\r\n`), 'unknown-transfer-coding', 501] as const),
  ['POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 'chunked-in-1.0', 400],
  [`CONNECT a:80 HTTP/1.1\r\n${H}Content-Length: 1\r\n\r\n`, 'connect-with-body', 400], [`CONNECT a:80 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n`, 'connect-with-body', 400],
]

const VALID_RESPONSES: readonly (readonly [text: string, facts: Record<string, unknown>])[] = [
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', { status: 200, reason: 'OK', minor: 1, contentLength: 2, length: 38 }],
  ['HTTP/1.0 404 \r\n\r\n', { status: 404, reason: '', minor: 0 }],
  ['HTTP/1.1 204\r\n\r\n', { status: 204, reason: '', bare: true }],
  ['HTTP/1.1 999 \xe9 \t"x" \r\nSet-Cookie: a\r\nset-cookie: b\r\nHost: a b\r\nHost: c\r\n\r\n', { status: 999, reason: '\xe9 \t"x" ', fields: ['Set-Cookie', 'a', 'set-cookie', 'b', 'Host', 'a b', 'Host', 'c'] }],
  ['HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n', { close: true, chunked: true }],
  ['HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: y\r\n\r\n', { status: 101, upgrade: true }],
]

const INVALID_RESPONSES: readonly (readonly [text: string, problem: string])[] = [
  ...['ICY 200 OK', 'HTTP/1.1  200 OK', 'HTTP/1.1 20 OK', 'HTTP/1.1 2000 OK', 'HTTP/1.1 099 X', 'HTTP/1.1 abc', 'HTTP/1.1', 'HTTP 200', 'http/1.1 200 OK',
    'HTTP/1.1\t200 OK', 'HTTP/1.1 200\tOK', 'HTTP/1.1 200OK', ' HTTP/1.1 200 OK', 'SSH-2.0-OpenSSH'].map((line) => [`${line}\r\n\r\n`, 'bad-status-line'] as const),
  ['\r\nHTTP/1.1 200 OK\r\n\r\n', 'bad-status-line'], ['HTTP/2.0 200 OK\r\n\r\n', 'bad-version'], ['HTTP/1.2 200 OK\r\n\r\n', 'bad-version'],
  ['HTTP/1.1 200 O\0K\r\n\r\n', 'nul'], ['HTTP/1.1 200 OK\n\n', 'bare-lf'], ['HTTP/1.1 200 O\rK\r\n\r\n', 'bare-cr'], ['HTTP/1.1 200\n\r\n', 'bare-lf'], ['\x4a\0\0\0\x0a8.0', 'bad-status-line'],
  ['HTTP/1.1 200 OK\r\n X: a\r\n\r\n', 'leading-whitespace'], ['HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n', 'obs-fold'], ['HTTP/1.1 200 OK\r\nX : a\r\n\r\n', 'space-before-colon'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n', 'repeated-content-length'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 'length-and-chunked'],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n', 'unknown-transfer-coding'], ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'chunked-in-1.0'],
]

test('a well-formed head gives its parts and the facts about it', () => {
  for (const [kind, table] of [['request', VALID_REQUESTS], ['response', VALID_RESPONSES]] as const) {
    for (const [text, facts] of table) {
      const head = accepted(kind, text)
      for (const [name, value] of Object.entries(facts)) assert.deepEqual(head[name as keyof Head], value, `${name} of ${JSON.stringify(text)}`)
    }
  }
})

test('a request that another parser could read differently is refused', () => {
  for (const [text, problem, status] of INVALID_REQUESTS) assert.deepEqual(problemOf('request', text), [problem, status], JSON.stringify(text))
})

test('an upstream response that cannot be read for certain is a 502', () => {
  for (const [text, problem] of INVALID_RESPONSES) assert.deepEqual(problemOf('response', text), [problem, 502], JSON.stringify(text))
})

test('the verdict is the same wherever the bytes are cut', () => {
  const all = [
    ...[...VALID_REQUESTS, ...INVALID_REQUESTS].map(([text]) => ['request', text] as const),
    ...[...VALID_RESPONSES, ...INVALID_RESPONSES].map(([text]) => ['response', text] as const),
  ]
  for (const [kind, text] of all) {
    const bytes = latin1(`${text}rest`)
    const whole = summary(readPieces(kind, [bytes]))
    for (let at = 1; at < bytes.length; at++) {
      assert.deepEqual(summary(readPieces(kind, [bytes.subarray(0, at), bytes.subarray(at)])), whole, `${JSON.stringify(text)} cut at ${at}`)
    }
    assert.deepEqual(summary(readPieces(kind, bytewise(bytes))), whole, `${JSON.stringify(text)} byte by byte`)
  }
})

test('the verdict on damaged heads is the same whole and byte by byte, and falls before more bytes are asked for', () => {
  const odd = fc.constantFrom(...'\0\t\n\r :,;/@aZ0\x7f\x80\xff'.split(''), '\r\n', '\r\n ', 'Content-Length: 1\r\n', 'Transfer-Encoding: chunked\r\n')
  const damage = fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.integer({ min: 0, max: 3 }), put: odd }), { maxLength: 4 })
  const texts = [...VALID_REQUESTS, ...VALID_RESPONSES].map(([text]) => text)
  fc.assert(fc.property(fc.constantFrom(...texts), damage, fc.integer({ min: 20, max: 200 }), (text, edits, maxBytes) => {
    let damaged = text
    for (const { at, cut, put } of edits) {
      const index = Math.floor(at * damaged.length)
      damaged = damaged.slice(0, index) + put + damaged.slice(index + cut)
    }
    const kind = text.startsWith('HTTP/') ? 'response' : 'request'
    const bytes = latin1(damaged)
    assert.deepEqual(summary(readPieces(kind, bytewise(bytes), maxBytes)), summary(readPieces(kind, [bytes], maxBytes)))
  }), { numRuns: 2000 })
})

test('pipelined heads are read one after the other, each with its own size', () => {
  const bytes = latin1(`${get(H)}\r\nPOST /b HTTP/1.1\r\n${H}\r\n${get(H)}`)
  const reader = new HeadReader('request')
  const heads: Head[] = []
  for (let at = 0; at < bytes.length; at += reader.consumed) {
    const head = reader.read(bytes, at)
    assert.ok(head && head.kind === 'request')
    heads.push(head)
  }
  assert.deepEqual(heads.map((head) => head.length), [27, 29, 27])
})

test('a head of exactly the limit passes, one byte more is 431, and no more than the limit is held', () => {
  const sized = (bytes: number) => get(`${H}X: ${'x'.repeat(bytes - get(`${H}X: \r\n`).length)}\r\n`)
  assert.equal(accepted('request', sized(65536)).length, 65536)
  assert.deepEqual(problemOf('request', sized(65537)), ['head-too-large', 431])
  assert.deepEqual(problemOf('request', 'G'.repeat(20), 20), ['head-too-large', 431])
  assert.deepEqual(problemOf('response', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(200)}`, 100), ['head-too-large', 502])
  const reader = new HeadReader('request', 1000)
  assert.equal(reader.read(latin1(sized(900)).subarray(0, 890)), undefined)
  assert.equal(reader.heldBytes, 890)
  assert.equal(reader.read(Buffer.alloc(60000, 120))?.kind, 'problem')
  assert.equal(reader.heldBytes, 0)
})

test('a problem stays until reset, and names no value from the wire', () => {
  const reader = new HeadReader('request')
  const first = reader.read(latin1(get('Host: s3cret\r\nAuthorization: s3cret\x01\r\n')))
  assert.ok(first?.kind === 'problem' && !JSON.stringify(first).includes('s3cret'))
  assert.equal(reader.read(latin1(get(H))), first)
  reader.reset()
  assert.equal(reader.read(latin1(get(H)))?.kind, 'request')
})

test('what is read and not edited leaves byte for byte as it came, also when somebody looked at its fields', () => {
  const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/).filter((text) => !/^(host|connection|content-length|transfer-encoding)$/i.test(text))
  const value = fc.array(fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f), { maxLength: 30 }).map((codes) => String.fromCharCode(...codes))
  const space = fc.constantFrom('', ' ', '\t', '  ', ' \t ')
  const line = fc.tuple(name, space, value, space).map(([field, before, text, after]) => `${field}:${before}${text}${after}\r\n`)
  const first = fc.constantFrom('GET /a HTTP/1.1', 'POST http://x/ HTTP/1.0', 'HTTP/1.1 200 OK', 'HTTP/1.0 200', 'HTTP/1.1 500 ')
  fc.assert(fc.property(first, fc.array(line, { maxLength: 8 }), fc.boolean(), (start, lines, looks) => {
    const text = `${start}\r\n${H}${lines.join('')}\r\n`
    const head = accepted(start.startsWith('HTTP') ? 'response' : 'request', text)
    if (looks) assert.equal(head.fields.length, 2 + 2 * lines.length)
    assert.equal(head.kind === 'request' ? requestBytes(head) : responseBytes(head), text)
  }), { numRuns: 500 })
})
