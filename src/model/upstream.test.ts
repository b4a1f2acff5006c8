import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UserError } from '../kit/errors.ts'
import { compileUpstreams, parseUpstream } from './upstream.ts'

function failure(text: string): UserError {
  try {
    parseUpstream(text)
  } catch (error) {
    assert.ok(error instanceof UserError, String(error))
    assert.equal(error.code, 'BAD_UPSTREAM')
    assert.ok(error.hint)
    return error
  }
  return assert.fail(`${text} was accepted`)
}

test('D-10: every documented form of an upstream is accepted and means what it says', () => {
  const table: readonly [upstream: string, meant: readonly [string, number][], other: readonly [string, number][]][] = [
    ['example.com', [['example.com', 80], ['example.com', 443], ['EXAMPLE.com.', 8080]], [['www.example.com', 80], ['example.org', 80]]],
    ['example.com:8080', [['example.com', 8080]], [['example.com', 80]]],
    ['http://localhost:7070', [['localhost', 7070]], [['localhost', 80], ['127.0.0.1', 7070]]],
    ['https://Example.com/some/path?x=1', [['example.com', 443]], [['example.com', 80]]],
    ['http://example.com', [['example.com', 80]], [['example.com', 443]]],
    ['ws://example.com#top', [['example.com', 80]], []],
    ['https://me:secret@example.com', [['example.com', 443]], []],
    ['postgres://db:5432/x', [['db', 5432]], [['db', 80]]],
    ['*.example.com', [['a.example.com', 80], ['a.b.Example.com.', 1]], [['example.com', 80], ['badexample.com', 80]]],
    ['*.example.com:443', [['a.example.com', 443]], [['a.example.com', 80]]],
    ['*', [['anything', 1], ['10.0.0.1', 2], ['::1', 3]], []],
    ['*:443', [['anything', 443], ['10.0.0.1', 443]], [['anything', 80]]],
    ['10.1.2.3', [['10.1.2.3', 80], ['::ffff:10.1.2.3', 80]], [['10.1.2.4', 80], ['name', 80]]],
    ['10.1.2.3:80', [['10.1.2.3', 80]], [['10.1.2.3', 81]]],
    ['::1', [['::1', 80], ['[::1]', 81], ['0:0:0:0:0:0:0:1', 82]], [['::2', 80]]],
    ['[2001:DB8::1]:8443', [['2001:db8:0::1', 8443]], [['2001:db8::1', 443]]],
    ['http://[::1]:8080/', [['::1', 8080]], [['::1', 80]]],
    ['10.0.0.0/8', [['10.255.0.1', 9]], [['11.0.0.1', 9], ['name', 9]]],
    ['2001:db8::/32', [['2001:db8:1::1', 9]], [['2001:db9::', 9]]],
    ['::ffff:10.0.0.0/104', [['10.2.3.4', 9]], [['11.2.3.4', 9]]],
    ['b\u00fccher.de', [['xn--bcher-kva.de', 80]], []],
    [' my_service ', [['my_service', 80]], []],
  ]
  for (const [text, meant, other] of table) {
    const { matchesName } = compileUpstreams([text])
    for (const [host, port] of meant) assert.ok(matchesName(host, port), `${text} should mean ${host}:${port}`)
    for (const [host, port] of other) assert.ok(!matchesName(host, port), `${text} should not mean ${host}:${port}`)
  }
})

test('without upstreams, every target is meant', () => {
  const { matchesName, matchesAddress, needsAddress } = compileUpstreams([])
  assert.deepEqual([matchesName('a', 1), matchesAddress('1.2.3.4', 1), needsAddress], [true, true, false])
})

test('names are resolved only when an address or a network is listed', () => {
  assert.equal(compileUpstreams(['example.com', '*.example.org', 'http://a:1']).needsAddress, false)
  assert.equal(compileUpstreams(['example.com', '10.0.0.0/8']).needsAddress, true)
  assert.equal(compileUpstreams(['10.0.0.1']).needsAddress, true)
  assert.equal(compileUpstreams(['10.0.0.1', '*']).needsAddress, false)
  assert.equal(compileUpstreams(['10.0.0.1', '*:80']).needsAddress, true)
})

test('resolved addresses match addresses and networks, not names', () => {
  const { matchesAddress, texts } = compileUpstreams(['example.com', '10.0.0.0/8', '[::1]:443'])
  assert.ok(matchesAddress('10.9.9.9', 1) && matchesAddress('::ffff:10.9.9.9', 1) && matchesAddress('::1', 443))
  assert.ok(!matchesAddress('::1', 80) && !matchesAddress('11.0.0.1', 1) && !matchesAddress('example.com', 1))
  assert.deepEqual(texts, ['example.com', '10.0.0.0/8', '[::1]:443'])
})

test('every bad upstream is a user error that quotes it', () => {
  for (const text of ['', ' ', ':80', 'a:', 'a:x', 'a:0', 'a:65536', 'a b', '1.2.3', '256.1.1.1', '10.0.0.0/33', 'a/8', 'example.com/path', '::1:x', '[::1', '[::1]x', 'a:b:1', '**', '*foo.com', '*.', 'http://', 'http://:80', 'ftp://example.com', 'http://a:x', 'http://::1', 'http://*.']) {
    assert.ok(failure(text).message.startsWith(`upstream '${text}'`), failure(text).message)
  }
})

test('neither errors nor texts hold a password', () => {
  assert.doesNotMatch(failure('https://me:secret@bad host/').message, /secret/)
  assert.deepEqual(compileUpstreams(['https://me:secret@example.com/x']).texts, ['https://example.com/x'])
})

test('no text can break the parser, only be refused', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab.:/[]*%@?#- \u00fc1', '::', '://', 'http', '10.0.0.1'), maxLength: 12 }), (text) => {
    try {
      compileUpstreams([text]).matchesName('a', 1)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
    }
  }), { numRuns: 2000 })
})
