import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadReader } from './head.ts'
import { RequestHead, ResponseHead, field, fieldAll, fieldValue, persists, removeField, setField } from './message.ts'
import { localResponse, reasonOf, requestBytes, responseBytes, stripHopByHop } from './serialize.ts'

function request(text: string): RequestHead {
  const head = new HeadReader('request').read(Buffer.from(text, 'latin1'))
  assert.ok(head?.kind === 'request', JSON.stringify(head))
  return head
}

const get = (...lines: string[]) => request(`GET / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`)

function stripped(lines: readonly string[], keep = { upgrade: true }): string[] {
  const head = get(...lines)
  stripHopByHop(head, keep)
  assert.equal(head.hopByHop, false)
  return requestBytes(head).split('\r\n').slice(2, -2)
}

test('D-14: hop-by-hop fields go, and nothing else: names Connection claims, but never framing or routing', () => {
  const table: readonly (readonly [before: readonly string[], after: readonly string[]])[] = [
    [['X: 1', 'x:2', 'X: 1'], ['X: 1', 'x:2', 'X: 1']],
    [['Proxy-Connection: keep-alive', 'X: 1', 'PROXY-AUTHORIZATION: Basic eA==', 'Proxy-Authenticate: Basic'], ['X: 1', 'Proxy-Authenticate: Basic']],
    [['Connection: close'], ['Connection: close']],
    [['Connection:  Keep-Alive ,close', 'Keep-Alive: timeout=5'], ['Connection:  Keep-Alive ,close', 'Keep-Alive: timeout=5']],
    [['Connection: keep-alive, X-A, TE', 'X-a: 1', 'x-A: 2', 'TE: trailers', 'X-B: 3'], ['Connection: keep-alive', 'X-B: 3']],
    [['Connection: x-a', 'X-A: 1', 'Connection: x-b', 'X-B: 1', 'Connection: close'], ['Connection: close']],
    [['Connection: host, content-length, transfer-encoding, connection', 'Content-Length: 3'], ['Content-Length: 3']],
    [['Connection: Upgrade, x', 'Upgrade: websocket', 'X: 1'], ['Connection: Upgrade', 'Upgrade: websocket']],
    [['Connection: a b', 'A: 1'], ['A: 1']],
    [['TE: trailers', 'Trailer: X', 'Keep-Alive: 1'], ['TE: trailers', 'Trailer: X', 'Keep-Alive: 1']],
  ]
  for (const [before, after] of table) assert.deepEqual(stripped(before), after, before.join(' | '))
})

test('an upgrade that is not wanted loses its option and its field', () => {
  assert.deepEqual(stripped(['Connection: keep-alive, Upgrade', 'Upgrade: h2c', 'X: 1'], { upgrade: false }), ['Connection: keep-alive', 'X: 1'])
  const head = get('Connection: Upgrade', 'Upgrade: h2c')
  stripHopByHop(head, { upgrade: false })
  assert.equal(head.upgrade, false)
})

test('a head says beforehand whether anything would be stripped', () => {
  for (const lines of [['Connection: close'], ['Connection: Upgrade, keep-alive', 'Upgrade: x'], ['Keep-Alive: 1'], ['TE: trailers']]) {
    const head = get(...lines)
    const before = requestBytes(head)
    stripHopByHop(head, { upgrade: true })
    assert.equal(get(...lines).hopByHop, false)
    assert.equal(requestBytes(head), before)
  }
})

test('an edited head is written in the common spelling, in its order', () => {
  const head = request('POST /a HTTP/1.0\r\nB:2 \r\na:\t1\r\nB: 3\r\n\r\n')
  head.target = '/b'
  assert.equal(requestBytes(head), 'POST /b HTTP/1.0\r\nB:2 \r\na:\t1\r\nB: 3\r\n\r\n')
  head.fields.push('C', '4')
  assert.equal(requestBytes(head), 'POST /b HTTP/1.0\r\nB: 2\r\na: 1\r\nB: 3\r\nC: 4\r\n\r\n')
  head.fields = ['B', '2', 'a', '1', 'B', '3']
  assert.equal(requestBytes(head), 'POST /b HTTP/1.0\r\nB:2 \r\na:\t1\r\nB: 3\r\n\r\n')
})

test('fields are found, set and removed without regard to case, and the facts follow', () => {
  const head = new RequestHead('POST', '/', 1, ['host', 'a', 'Content-Length', '3', 'X', '1', 'x', '2'])
  assert.equal(head.contentLength, 3)
  assert.equal(field(head, 'X'), '1')
  assert.deepEqual(fieldAll(head, 'x'), ['1', '2'])
  assert.deepEqual([field(head, 'y'), fieldAll(head, 'y')], [undefined, []])
  setField(head, 'x', '3')
  setField(head, 'Y', '4')
  assert.deepEqual(head.fields, ['host', 'a', 'Content-Length', '3', 'X', '3', 'Y', '4'])
  setField(head, 'Host', 'b')
  assert.equal(head.host, 'b')
  assert.deepEqual([removeField(head, 'CONTENT-LENGTH'), head.contentLength, removeField(head, 'content-length')], [true, -1, false])
  setField(head, 'Transfer-Encoding', 'chunked')
  assert.equal(head.chunked, true)
  assert.deepEqual(head.fields, ['host', 'b', 'X', '3', 'Y', '4', 'Transfer-Encoding', 'chunked'])
})

test('no value set here can end its line, also not through the low byte of a wide character', () => {
  assert.equal(fieldValue('a\r\nSet-Cookie: b\0\u010a\u010d'), 'a??Set-Cookie: b???')
  assert.equal(fieldValue(' a\tb \xa0'), 'a\tb \xa0')
  const head = new ResponseHead(200, 'OK')
  setField(head, 'X', 'a\r\nb')
  assert.equal(responseBytes(head), 'HTTP/1.1 200 OK\r\nX: a??b\r\n\r\n')
  assert.equal(field(localResponse(500, { fields: ['X', '\n'] }).head, 'x'), '?')
})

test('our own answers have a length, except where none is allowed', () => {
  const { head, body } = localResponse(503, { fields: ['Proxy-Status', 'fault; error=x'], body: 'é', contentType: 'text/plain', close: true })
  assert.equal(responseBytes(head), 'HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nProxy-Status: fault; error=x\r\nConnection: close\r\n\r\n')
  assert.equal(body.toString(), 'é')
  assert.deepEqual([head.contentLength, head.close, persists(head)], [2, true, false])
  assert.equal(responseBytes(localResponse(200).head), 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  for (const status of [101, 204, 304]) assert.deepEqual([localResponse(status, { body: 'x' }).head.contentLength, localResponse(status, { body: 'x' }).body.length], [-1, 0])
  assert.equal(responseBytes(localResponse(599).head), 'HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n')
  assert.deepEqual([reasonOf(429), reasonOf(299)], ['Too Many Requests', ''])
})

test('a connection persists by default in HTTP/1.1 and on request in HTTP/1.0', () => {
  const persisting = (minor: 0 | 1, ...fields: string[]) => persists(new RequestHead('GET', '/', minor, fields))
  assert.deepEqual([persisting(1), persisting(0), persisting(1, 'Connection', 'close'), persisting(0, 'Connection', 'Keep-Alive'), persisting(0, 'Connection', 'keep-alive, close')], [true, false, false, true, false])
})
