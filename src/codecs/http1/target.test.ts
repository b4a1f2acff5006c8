import assert from 'node:assert/strict'
import { isIPv6 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { authorityFault, parseAuthority } from './authority.ts'
import { RequestHead } from './message.ts'
import { forwardTarget } from './target.ts'

const targetOf = (target: string, host?: string, method = 'GET', own?: 'https') => {
  const found = forwardTarget(new RequestHead(method, target, 1, host === undefined ? [] : ['Host', host]), own)
  return found.kind === 'problem' ? found.problem : [found.scheme, found.host, found.port, found.path, found.authority]
}

test('D-46: the scheme gives the port, a port never gives the scheme, and an IPv6 authority is read right', () => {
  assert.deepEqual(targetOf('http://a/'), ['http', 'a', 80, '/', 'a'])
  assert.deepEqual(targetOf('https://a/'), ['https', 'a', 443, '/', 'a'])
  assert.deepEqual(targetOf('http://a:443/'), ['http', 'a', 443, '/', 'a:443'])
  assert.deepEqual(targetOf('HTTPS://A.b:8443/x?y'), ['https', 'A.b', 8443, '/x?y', 'A.b:8443'])
  assert.deepEqual(targetOf('http://[2001:db8::1]:81/'), ['http', '2001:db8::1', 81, '/', '[2001:db8::1]:81'])
  assert.deepEqual(targetOf('https://[::1]'), ['https', '::1', 443, '/', '[::1]'])
  assert.deepEqual(targetOf('/x', 'a:443'), ['http', 'a', 443, '/x', 'a:443'])
  assert.deepEqual(targetOf('/x', 'a', 'GET', 'https'), ['https', 'a', 443, '/x', 'a'])
})

test('an absolute target goes before Host, its path stays raw, and user information goes', () => {
  assert.deepEqual(targetOf('http://b:', 'a'), ['http', 'b', 80, '/', 'b:'])
  assert.deepEqual(targetOf('http://u:p%40@b/%2e/../"|\xff?#', 'a'), ['http', 'b', 80, '/%2e/../"|\xff?#', 'b'])
  assert.deepEqual(targetOf('http://b?x=/@c', 'a'), ['http', 'b', 80, '/?x=/@c', 'b'])
  assert.deepEqual(targetOf('http://b', 'a', 'OPTIONS'), ['http', 'b', 80, '*', 'b'])
  assert.deepEqual(targetOf('http://b/', 'a', 'OPTIONS'), ['http', 'b', 80, '/', 'b'])
  assert.deepEqual(targetOf('*', '[::1]:90', 'OPTIONS'), ['http', '::1', 90, '*', '[::1]:90'])
})

test('a request without a usable target says why', () => {
  for (const [target, host, problem] of [
    ['/', undefined, 'no-host'], ['/', '', 'no-host'], ['a', 'a', 'bad-target'], ['ftp://a/', 'a', 'unsupported-scheme'],
    ['http:///x', 'a', 'bad-authority'], ['http://a:0/', 'a', 'bad-authority'], ['http://a:65536/', 'a', 'bad-authority'], ['http://a\\@b/', 'a', 'bad-authority'],
    ['http://a@', 'a', 'bad-authority'], ['http://[::1/', 'a', 'bad-authority'], ['http://::1/', 'a', 'bad-authority'], ['http://\xe9/', 'a', 'bad-authority'], ['/', 'a b', 'bad-authority'],
  ] as const) assert.equal(targetOf(target, host), problem, target)
})

test('an authority is checked and parsed alike', () => {
  for (const text of ['a', 'a:', 'a:1', 'a:00080', '[::]', '[::1.2.3.4]:1', 'a,b', '%41']) {
    assert.equal(authorityFault(text), false, text)
    assert.ok(parseAuthority(text), text)
  }
  for (const text of ['', ':', ':1', 'a:b', 'a:-1', 'a:65536', '[', '[]', '[::1', '[::1]1', '[fe80::1%25eth0]', '[v1.a]', 'a b', 'a@b', '\u0141']) {
    assert.equal(authorityFault(text), true, text)
    assert.equal(parseAuthority(text), undefined, text)
  }
})

test('an IPv6 literal is what the runtime takes for one, zones aside', () => {
  const part = fc.constantFrom(':', '::', '0', '1', 'ff', 'ABCD', '12345', 'g', '1.2.3.4', '256.1.1.1', '01.1.1.1', '1.2.3', '.')
  const address = fc.ipV6()
  fc.assert(fc.property(fc.oneof(fc.array(part, { maxLength: 17 }).map((parts) => parts.join('')), address), (text) => {
    assert.equal(parseAuthority(`[${text}]`) !== undefined, isIPv6(text), text)
  }), { numRuns: 1500 })
})
