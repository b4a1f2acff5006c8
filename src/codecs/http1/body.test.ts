import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BodyScanner, CHUNK_END, LAST_CHUNK, chunkHead, framingOfRequest, framingOfResponse } from './body.ts'
import type { Framing } from './body.ts'
import { RequestHead, ResponseHead } from './message.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const CHUNKED: Framing = { kind: 'chunked', length: -1, of: 'request' }

interface Scan {
  readonly passed: string
  readonly data: string
  readonly problem: string | undefined
  readonly done: boolean
  readonly trailers: readonly string[]
}

/** Feeds the pieces until the body ends; each piece lies in a buffer that is overwritten afterwards. */
function scanPieces(framing: Framing, pieces: readonly Buffer[], maxTrailerBytes?: number): Scan {
  let data = ''
  let passed = ''
  const scanner = new BodyScanner((bytes, start, end) => { data += bytes.toString('latin1', start, end) }, maxTrailerBytes)
  scanner.reset(framing)
  for (const piece of pieces) {
    const shared = Buffer.concat([latin1('0\r\n'), piece, latin1('0\r\n\r\n')])
    const count = scanner.scan(shared, 3, 3 + piece.length)
    passed += shared.toString('latin1', 3, 3 + count)
    shared.fill(0)
    if (scanner.problem !== undefined || count < piece.length) break
  }
  assert.equal(scanner.dataBytes, data.length)
  return { passed, data, problem: scanner.problem?.problem, done: scanner.done, trailers: scanner.trailers }
}

const bytewise = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
const scan = (text: string, framing = CHUNKED) => scanPieces(framing, [latin1(text)])

const GOOD: readonly (readonly [framed: string, data: string, trailers: readonly string[]])[] = [
  ['0\r\n\r\n', '', []],
  ['5\r\nhello\r\n0\r\n\r\n', 'hello', []],
  ['1\r\n\r\r\n00000000000000A\r\n0\r\n\r\n0\r\n\r\n\r\n000\r\n\r\n', '\r0\r\n\r\n0\r\n\r\n', []],
  ['a;x\r\n0123456789\r\n0;y=z\r\n\r\n', '0123456789', []],
  ['2 \t; x = "q\xe9\tr;,"\r\nhi\r\n0\t;\r\n\r\n', 'hi', []],
  ['0\r\nX: 1\r\nX:\t2 \r\n\r\n', '', ['X', '1', 'X', '2']],
  [`1;${'x'.repeat(4095)}\r\na\r\n0\r\n\r\n`, 'a', []],
]

const BAD: readonly (readonly [framed: string, problem: string, passed: string])[] = [
  ['\r\n', 'bad-chunk-size', ''], ['g\r\n', 'bad-chunk-size', ''], ['-1\r\n', 'bad-chunk-size', ''], ['+1\r\n', 'bad-chunk-size', ''], ['0x1\r\n', 'bad-chunk-size', '0'],
  [' 1\r\n', 'bad-chunk-size', ''], ['1 \r\na', 'bad-chunk-size', '1 '], ['1 1\r\n', 'bad-chunk-size', '1 '], [';x\r\n', 'bad-chunk-size', ''], ['1,\r\n', 'bad-chunk-size', '1'],
  ['00000000000000001\r\n', 'bad-chunk-size', '0000000000000000'], ['20000000000000\r\n', 'bad-chunk-size', '2000000000000'], ['ffffffffffffffff\r\n', 'bad-chunk-size', 'fffffffffffff'],
  ['1\na\r\n', 'bare-lf', '1'], ['1\ra\r\n', 'bare-cr', '1\r'], ['1;x\na', 'bare-lf', '1;x'], ['1;x\rya', 'bare-cr', '1;x\r'], ['1;\0\r\n', 'nul', '1;'], ['1;\x7f\r\n', 'control-character', '1;'],
  ['1\r\nab\r\n', 'bad-chunk-end', '1\r\na'], ['1\r\na\n0\r\n\r\n', 'bad-chunk-end', '1\r\na'], ['1\r\na\rx', 'bad-chunk-end', '1\r\na\r'], ['1\r\n\r\n0\r\n', 'bad-chunk-end', '1\r\n\r'],
  ['0\r\nX\r\n\r\n', 'no-colon', '0\r\n'], ['0\r\nX : 1\r\n\r\n', 'space-before-colon', '0\r\n'], ['0\r\nX: 1\r\n y\r\n\r\n', 'obs-fold', '0\r\n'], ['0\r\n\n', 'bare-lf', '0\r\n'],
  ['0\r\nX: \0\r\n\r\n', 'nul', '0\r\n'], ['0\r\n: x\r\n\r\n', 'empty-name', '0\r\n'], ['0\r\n\rx', 'bare-cr', '0\r\n'],
  ...['Content-Length: 1', 'X: 1\r\nTRANSFER-ENCODING: chunked', 'host: a'].map((line) => [`0\r\n${line}\r\n\r\n`, 'forbidden-trailer', '0\r\n'] as const),
  [`1;${'x'.repeat(4096)}\r\na\r\n`, 'chunk-extension-too-long', '*'], [`1${' '.repeat(5000)};\r\na\r\n`, 'chunk-extension-too-long', '*'],
]

test('a chunked body passes as it is, gives its data and trailers, and ends where it ends, cut anywhere', () => {
  for (const [framed, data, trailers] of GOOD) {
    const wanted: Scan = { passed: framed, data, problem: undefined, done: true, trailers }
    const bytes = latin1(`${framed}GET / HTTP/1.1\r\n`)
    assert.deepEqual(scanPieces(CHUNKED, [bytes]), wanted, JSON.stringify(framed))
    assert.deepEqual(scanPieces(CHUNKED, bytewise(bytes)), wanted, `${JSON.stringify(framed)} byte by byte`)
    if (framed.length > 200) continue
    for (let at = 1; at < bytes.length; at++) assert.deepEqual(scanPieces(CHUNKED, [bytes.subarray(0, at), bytes.subarray(at)]), wanted, `${JSON.stringify(framed)} cut at ${at}`)
  }
})

test('broken chunk framing is a problem at the byte that breaks it, cut anywhere', () => {
  for (const [framed, problem, passed] of BAD) {
    const found = scan(framed)
    assert.deepEqual([found.problem, found.done], [problem, false], JSON.stringify(framed))
    if (passed !== '*') assert.equal(found.passed, passed, JSON.stringify(framed))
    assert.equal(scanPieces(CHUNKED, bytewise(latin1(framed))).problem, problem, `${JSON.stringify(framed)} byte by byte`)
  }
})

test('a broken body is the client\'s fault in a request and a bad gateway in a response', () => {
  const scanner = new BodyScanner()
  for (const [of, status] of [['request', 400], ['response', 502]] as const) {
    scanner.reset({ kind: 'chunked', length: -1, of })
    scanner.scan(latin1('x'))
    assert.equal(scanner.problem?.status, status)
  }
})

test('trailers larger than the limit are a problem, and no more than the limit is held', () => {
  const lines = (bytes: number) => `0\r\nX: ${'x'.repeat(bytes - 7)}\r\n\r\n`
  assert.equal(scanPieces(CHUNKED, [latin1(lines(100))], 100).done, true)
  assert.equal(scanPieces(CHUNKED, [latin1(lines(101))], 100).problem, 'head-too-large')
  const scanner = new BodyScanner(undefined, 100)
  scanner.reset(CHUNKED)
  scanner.scan(latin1(lines(90)).subarray(0, 80))
  assert.equal(scanner.heldBytes, 77)
  scanner.scan(Buffer.alloc(1000, 120))
  assert.equal(scanner.problem?.problem, 'head-too-large')
})

test('whatever is written as chunks is read back, cut anywhere', () => {
  const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 })
  fc.assert(fc.property(fc.array(chunk, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 }), (chunks, cuts) => {
    const framed = Buffer.concat([...chunks.flatMap((data) => [chunkHead(data.length), Buffer.from(data), CHUNK_END]), LAST_CHUNK])
    const pieces: Buffer[] = []
    for (let at = 0, index = 0; at < framed.length; index++) {
      const size = cuts[index % cuts.length]!
      pieces.push(framed.subarray(at, at + size))
      at += size
    }
    const found = scanPieces(CHUNKED, pieces)
    assert.deepEqual(found, { passed: framed.toString('latin1'), data: Buffer.concat(chunks).toString('latin1'), problem: undefined, done: true, trailers: [] })
  }), { numRuns: 300 })
})

test('damaged chunk framing gives the same verdict and the same data whole and byte by byte', () => {
  const odd = fc.constantFrom(...'\0\t\n\r ;:0aFg\xff'.split(''), '\r\n', '0\r\n', '\r\n\r\n')
  fc.assert(fc.property(fc.constantFrom(...GOOD.slice(0, 6).map(([framed]) => framed)), fc.array(fc.tuple(fc.nat(60), fc.nat(2), odd), { maxLength: 3 }), (framed, edits) => {
    const damaged = edits.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), framed)
    const whole = scan(damaged)
    const single = scanPieces(CHUNKED, bytewise(latin1(damaged)))
    assert.deepEqual({ ...single, passed: '' }, { ...whole, passed: '' })
    assert.ok(single.passed.startsWith(whole.passed))
  }), { numRuns: 1000 })
})

test('a body of known length ends after its bytes, one until close when the connection ends', () => {
  const length: Framing = { kind: 'length', length: 5, of: 'response' }
  assert.deepEqual(scan('helloHTTP', length), { passed: 'hello', data: 'hello', problem: undefined, done: true, trailers: [] })
  assert.equal(scanPieces(length, bytewise(latin1('helloHTTP'))).passed, 'hello')
  const scanner = new BodyScanner()
  scanner.reset(length)
  assert.deepEqual([scanner.scan(latin1('hell')), scanner.done, scanner.close()?.problem], [4, false, 'incomplete-body'])
  scanner.reset({ kind: 'until-close', length: -1, of: 'response' })
  assert.deepEqual([scanner.scan(latin1('0\r\n\r\n')), scanner.done, scanner.close(), scanner.done], [5, false, undefined, true])
  scanner.reset({ kind: 'none', length: -1, of: 'response' })
  assert.deepEqual([scanner.done, scanner.scan(latin1('x')), scanner.close()], [true, 0, undefined])
  scanner.reset({ kind: 'length', length: 0, of: 'response' })
  assert.equal(scanner.done, true)
})

test('a request body is framed by its own fields alone', () => {
  const framed = (...fields: string[]) => framingOfRequest(new RequestHead('GET', '/', 1, ['Host', 'a', ...fields]))
  assert.deepEqual(framed(), { kind: 'none', length: -1, of: 'request' })
  assert.deepEqual(framed('Content-Length', '0').kind, 'none')
  assert.deepEqual(framed('content-length', '12'), { kind: 'length', length: 12, of: 'request' })
  assert.deepEqual(framed('Transfer-Encoding', 'chunked').kind, 'chunked')
})

test('a response body is framed by the method, the status and its fields, in this order', () => {
  const framed = (method: string, status: number, ...fields: string[]) => framingOfResponse(new ResponseHead(status, '', 1, fields), method).kind
  const table: readonly (readonly [kind: string, method: string, status: number, ...fields: string[]])[] = [
    ['none', 'HEAD', 200, 'Content-Length', '5'], ['none', 'HEAD', 200, 'Transfer-Encoding', 'chunked'], ['none', 'HEAD', 500],
    ['none', 'GET', 100], ['none', 'GET', 103, 'Content-Length', '5'], ['none', 'GET', 204, 'Content-Length', '5'], ['none', 'GET', 304, 'Transfer-Encoding', 'chunked'],
    ['tunnel', 'GET', 101], ['tunnel', 'CONNECT', 200, 'Content-Length', '5'], ['tunnel', 'CONNECT', 299], ['length', 'CONNECT', 403, 'Content-Length', '5'],
    ['chunked', 'GET', 200, 'Transfer-Encoding', 'chunked'], ['length', 'GET', 200, 'Content-Length', '5'], ['none', 'GET', 200, 'Content-Length', '0'],
    ['until-close', 'GET', 200], ['until-close', 'POST', 404],
  ]
  for (const [kind, method, status, ...fields] of table) assert.equal(framed(method, status, ...fields), kind, `${method} ${status} ${fields.join(' ')}`)
})
