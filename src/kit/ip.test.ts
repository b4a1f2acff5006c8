import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalHost, canonicalIp, cutPort, formatIp, inCidr, isIp, joinHostPort, parseCidr, parseIp, parsePort, splitHostPort, unmapped, withoutUserInfo } from './ip.ts'

test('IPv4 addresses are four decimal numbers and nothing else', () => {
  assert.deepEqual([...parseIp('192.168.0.255')!], [192, 168, 0, 255])
  for (const text of ['', '1', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4 ', '1.2.3.-4', '0x1.2.3.4', '1..3.4', '1.2.3.4e1']) assert.equal(isIp(text), 0, text)
})

test('IPv6 addresses are read in all their forms', () => {
  const table: readonly [string, string][] = [
    ['::', '::'], ['::1', '::1'], ['2001:DB8::1', '2001:db8::1'], ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'], ['1::', '1::'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'], ['::FFFF:0a00:0001', '::ffff:10.0.0.1'], ['64:ff9b::1.2.3.4', '64:ff9b::102:304'], ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['0:0:0:0:0:0:0:1', '::1'], ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'], ['1::3:4:5:6:7:8', '1:0:3:4:5:6:7:8'], ['fe80::1%eth0', 'fe80::1%eth0'],
  ]
  for (const [text, canonical] of table) {
    assert.equal(isIp(text), 6, text)
    assert.equal(canonicalIp(text), canonical)
  }
  const wrong = [':', ':::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', 'g::', '[::1]', '::1.2.3', '1.2.3.4::', '::1%', '::1 ', ':1::2', '1:2:3:4:5:6:7:8::', '1:2:3:4:5:6:7:', `${'1'.repeat(100)}::`]
  for (const text of wrong) assert.equal(isIp(text), 0, text)
})

test('an address formatted and read is the same address, and formatting says it in one way', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
  fc.assert(fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
    const bytes = Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 255]))
    assert.deepEqual(parseIp(formatIp(bytes)), bytes)
    assert.equal(canonicalIp(groups.map((value) => value.toString(16).padStart(4, '0').toUpperCase()).join(':')), formatIp(bytes))
  }))
  fc.assert(fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => assert.deepEqual(parseIp(formatIp(bytes)), bytes)))
})

test('networks hold their addresses, bit by bit', () => {
  const within = (ip: string, cidr: string) => inCidr(parseIp(ip)!, parseCidr(cidr)!)
  assert.ok(within('10.1.2.3', '10.0.0.0/8'))
  assert.ok(!within('11.0.0.0', '10.0.0.0/8'))
  assert.ok(within('192.168.1.127', '192.168.1.5/25'))
  assert.ok(!within('192.168.1.128', '192.168.1.5/25'))
  assert.ok(within('1.2.3.4', '0.0.0.0/0'))
  assert.ok(within('2001:db8:ffff::1', '2001:db8::/32'))
  assert.ok(!within('2001:db9::1', '2001:db8::/32'))
  assert.ok(!within('::1', '0.0.0.0/0'))
  assert.ok(inCidr(unmapped(parseIp('::ffff:10.0.0.1')!), parseCidr('10.0.0.0/8')!))
  for (const text of ['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0/8', '::/129', '::/08', 'example.com/8', '10.0.0.0/8/8']) assert.equal(parseCidr(text), undefined, text)
})

test('an address lies in a network exactly when the prefixes agree', () => {
  const bits = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  fc.assert(fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.integer({ min: 0, max: 31 }), fc.integer({ min: 0, max: 32 }), (bytes, flipped, prefix) => {
    const other = bytes.slice()
    other[flipped >> 3]! ^= 0x80 >> (flipped & 7)
    assert.equal(inCidr(other, { bytes, bits: prefix }), bits(other).slice(0, prefix) === bits(bytes).slice(0, prefix))
  }))
})

test('hosts and ports are cut apart', () => {
  assert.deepEqual(splitHostPort('example.com:80'), { host: 'example.com', port: 80 })
  assert.deepEqual(splitHostPort('example.com'), { host: 'example.com', port: undefined })
  assert.deepEqual(splitHostPort('[::1]:0'), { host: '::1', port: 0 })
  assert.deepEqual(splitHostPort('[::1]'), { host: '::1', port: undefined })
  assert.deepEqual(splitHostPort('::1'), { host: '::1', port: undefined })
  assert.deepEqual(cutPort('host:x'), { host: 'host', port: 'x' })
  for (const text of ['', ':80', 'a:b:1', 'a:65536', 'a:-1', 'a:', '[::1]x', '[::1', '[]:1', '[a]:1', 'a:8o', 'a:+1', 'a: 1']) assert.equal(splitHostPort(text), undefined, text)
  assert.equal(parsePort('0080'), 80)
  assert.equal(joinHostPort('::1', 80), '[::1]:80')
  assert.equal(joinHostPort('a', 80), 'a:80')
})

test('a host has one text', () => {
  assert.equal(canonicalHost('Example.COM.'), 'example.com')
  assert.equal(canonicalHost('B\u00fccher.de'), 'xn--bcher-kva.de')
  assert.equal(canonicalHost('my_db.default.svc'), 'my_db.default.svc')
  assert.equal(canonicalHost('0:0:0:0:0:0:0:1'), '::1')
  for (const text of ['', '.', 'a..b', '-a', 'a-', 'a b', '1.2.3', '256.1.1.1', 'a/b', 'a*', 'a:b', `${'a'.repeat(64)}.de`, 'a.'.repeat(130), '\uff11\uff12.\uff11', 'b\u00fc cher', 'b\u00fc@x', 'a\u0000']) {
    assert.equal(canonicalHost(text), undefined, JSON.stringify(text))
  }
})

test('user names and passwords are taken out', () => {
  assert.equal(withoutUserInfo('https://me:secret@example.com/a@b'), 'https://example.com/a@b')
  assert.equal(withoutUserInfo('me:p@ss@host:80'), 'host:80')
  assert.equal(withoutUserInfo('https://example.com/?to=a@b'), 'https://example.com/?to=a@b')
})

test('no text breaks the readers', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...':.[]%/0123456789abcf*@-_ \u00fc'), maxLength: 60 }), (text) => {
    for (const read of [parseIp, canonicalIp, parseCidr, parsePort, cutPort, splitHostPort, canonicalHost, withoutUserInfo]) read(text)
    const host = canonicalHost(text)
    if (host !== undefined) assert.equal(canonicalHost(host), host)
  }), { numRuns: 2000 })
})
