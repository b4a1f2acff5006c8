import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { BodyScanner, framingOfRequest } from './body.ts'
import { HeadReader } from './head.ts'

/** What a parser makes of one request: its parts, or why it refuses. */
interface Reading {
  readonly refused?: string
  readonly method?: string | undefined
  readonly target?: string | undefined
  readonly fields?: readonly string[]
  readonly body?: string
}

/** With the part of the text that belongs to the request: what follows is the next one's matter. */
function ours(text: string): readonly [reading: Reading, used: string] {
  const bytes = Buffer.from(text, 'latin1')
  const reader = new HeadReader('request')
  const head = reader.read(bytes)
  if (head === undefined) return [{ refused: 'incomplete' }, text]
  if (head.kind === 'problem') return [{ refused: head.problem }, text]
  let body = ''
  const scanner = new BodyScanner((data, start, end) => { body += data.toString('latin1', start, end) })
  scanner.reset(framingOfRequest(head))
  const end = reader.consumed + scanner.scan(bytes, reader.consumed)
  const problem = scanner.problem ?? scanner.close()
  if (problem) return [{ refused: problem.problem }, text]
  return [{ method: head.method, target: head.target, fields: head.fields, body }, text.slice(0, end)]
}

/** A real `node:http` server, asked over a real socket; the client half-closes and waits until the server has closed. */
async function nodeServer(t: TestContext): Promise<(text: string) => Promise<Reading>> {
  let reading: Reading | undefined
  const parts = (request: IncomingMessage) => ({ method: request.method, target: request.url, fields: request.rawHeaders })
  const server = createServer({ connectionsCheckingInterval: 60_000 }, (request, response) => {
    let body = ''
    request.setEncoding('latin1')
    request.on('data', (data: string) => { body += data })
    request.on('error', () => { reading ??= { refused: 'incomplete-body' } })
    request.on('end', () => {
      reading ??= { ...parts(request), body }
      response.writeHead(200, { connection: 'close' }).end()
    })
  })
  server.on('checkExpectation', (request, response) => { server.emit('request', request, response) })
  server.on('connect', (request, socket) => {
    reading ??= { ...parts(request), body: '' }
    socket.destroy()
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    reading ??= { refused: error.code ?? error.message }
    socket.destroy()
  })
  t.after(() => { server.close() })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  return async (text) => {
    reading = undefined
    await new Promise<void>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => { socket.end(text, 'latin1') })
      socket.on('error', () => {})
      socket.on('end', () => { socket.destroy() })
      socket.on('close', () => { resolve() })
      socket.resume()
    })
    return reading ?? { refused: 'no verdict' }
  }
}

/** Where this codec is stricter than node, and why. */
const STRICTER: Readonly<Record<string, string>> = {
  'bad-request-line': 'node takes the version of "CONNECT  HTTP/1.1" for its target',
  'bad-version': 'node serves HTTP/0.9 and a cleartext "HTTP/2.0", which nothing behind a proxy would read alike',
  'bad-target': 'node leaves it to the program whether a method may have such a target, also for CONNECT',
  'bare-cr': 'node skips single line breaks before the request line; RFC 9112 §2.2 allows CRLF',
  'bare-lf': 'node skips single line breaks before the request line; RFC 9112 §2.2 allows CRLF',
  'no-host': 'node does not ask a CONNECT for its Host; RFC 9112 §3.2 does',
  'two-hosts': 'node hands a repeated Host to the program',
  'bad-host': 'node hands a malformed Host to the program',
  'connect-with-body': 'node ignores the framing of a CONNECT, so its body would open the tunnel',
  'unknown-transfer-coding': 'node ignores the framing of a CONNECT',
  'chunked-in-1.0': 'node ignores the framing of a CONNECT',
  'te-te': 'node ignores the framing of a CONNECT',
  'repeated-content-length': 'node ignores the framing of a CONNECT',
  'bad-content-length': 'node ignores the framing of a CONNECT',
  'length-and-chunked': 'node ignores the framing of a CONNECT',
}
/** Where this codec accepts what node refuses, and why that is safe. */
const LOOSER: Readonly<Record<string, string>> = {
  HPE_INVALID_METHOD: 'node knows a list of methods; any token is one (RFC 9110 §9.1)',
  HPE_INVALID_URL: 'a target passes as raw bytes, however odd, unless it holds a space or a control character',
  HPE_STRICT: 'what a chunk extension says is not checked; it cannot hold a line break, so it cannot move a chunk',
}

const target = fc.constantFrom('/', '/', '/a?b', 'http://a/', 'http://u@a:1/x', '*', '/\xe9|"', '/a b', 'a', '//', 'http:/a', '/\t', '')
const method = fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'DELETE', 'CONNECT', 'get', 'FOO', 'G T', '')
const version = fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/1.2', 'http/1.1', '')
const host = fc.constantFrom('Host: a\r\n', 'Host: a\r\n', 'Host: a\r\n', 'Host: [::1]:80\r\n', '', 'Host:\r\n', 'Host: a b\r\n', 'Host : a\r\n', 'Host: a\r\nhost: a\r\n')
const line = fc.constantFrom(
  'X: 1\r\n', 'x:  \t2 \t\r\n', 'X:\xff\r\n', 'X:\r\n', 'X : 1\r\n', 'X: 1\n', ' X: 1\r\n', '\t1\r\n', ': 1\r\n', 'X\r\n', 'X: \0\r\n', 'X: \x01\r\n', 'X(: 1\r\n', 'X: a\rb\r\n', '\xe9: 1\r\n',
  'Content-Length: 3\r\n', 'Content-Length: 3\r\n', 'content-length: 03\r\n', 'Content-Length: +3\r\n', 'Content-Length: 3, 3\r\n', 'Content-Length: 0x3\r\n', 'Content-Length:\r\n', 'Content-Length: 99999999999999999999\r\n',
  'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: chunked\r\n', 'transfer-encoding: Chunked \r\n', 'Transfer-Encoding: gzip, chunked\r\n', 'Transfer-Encoding: chunked, chunked\r\n', 'Transfer-Encoding: xchunked\r\n', 'Transfer-Encoding: chunked, gzip\r\n', 'Transfer-Encoding:\r\n',
  'Connection: close\r\n', 'Connection: x, Keep-Alive\r\n', 'Expect: 100-continue\r\n', 'Proxy-Connection: close\r\n',
)
const body = fc.constantFrom(
  '', 'abc', 'abc', 'ab', '3\r\nabc\r\n0\r\n\r\n', '3\r\nabc\r\n0\r\n\r\n', '03;x=y\r\nabc\r\n0\r\nX: 1\r\n\r\n', '3 \r\nabc\r\n0\r\n\r\n', '3\nabc\r\n0\r\n\r\n', '3\r\nabcd\r\n0\r\n\r\n', '3\r\nabc\n0\r\n\r\n',
  'g\r\n', '0\r\nX : 1\r\n\r\n', '0\r\nContent-Length: 1\r\n\r\n', '3;\0\r\nabc\r\n0\r\n\r\n', '0\r\n', '-3\r\nabc\r\n0\r\n\r\n', '0x3\r\nabc\r\n0\r\n\r\n', '10000000000000003\r\nabc\r\n0\r\n\r\n', '3;a="\\"";b\r\nabc\r\n0\r\n\r\n',
)
const damage = fc.array(fc.tuple(fc.nat(120), fc.nat(1), fc.constantFrom(...' \t\r\n\0:,;a/1\x7f\x80'.split(''), '\r\n')), { maxLength: 2 })
const request = fc.tuple(method, target, version, host, fc.array(line, { maxLength: 3 }), body, damage).map(([verb, uri, http, name, lines, content, edits]) => {
  const text = `${verb} ${uri} ${http}\r\n${name}${lines.join('')}\r\n${content}`
  return edits.reduce((edited, [at, cut, put]) => edited.slice(0, at) + put + edited.slice(at + cut), text)
})

test('every request is read as node reads it, or one of the two refuses it for a known reason', async (t) => {
  const ask = await nodeServer(t)
  await fc.assert(fc.asyncProperty(request, async (text) => {
    const [mine, used] = ours(text)
    const node = await ask(used)
    if (mine.refused === undefined && node.refused === undefined) assert.deepEqual(mine, node)
    else if (node.refused === undefined) assert.ok(mine.refused! in STRICTER, `only this codec refuses: ${mine.refused}`)
    else if (mine.refused === undefined) assert.ok(node.refused in LOOSER, `only node refuses: ${node.refused}`)
  }), { numRuns: 2000 })
})
