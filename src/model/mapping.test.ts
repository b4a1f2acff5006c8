import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UserError } from '../kit/errors.ts'
import { formatMapping, parseMapping, type Mapping } from './mapping.ts'
import type { SchemeSpec } from './protocol.ts'

const SCHEMES: ReadonlyMap<string, SchemeSpec> = new Map(([
  { scheme: 'http', protocol: 'http', port: 80, tls: false },
  { scheme: 'https', protocol: 'http', port: 443, tls: true },
  { scheme: 'psql', protocol: 'tcp', port: 5432, tls: false },
  { scheme: 'psqls', protocol: 'tcp', port: 5432, tls: true, upgrade: 'postgres' },
  { scheme: 'mysql', protocol: 'tcp', port: 3306, tls: false },
  { scheme: 'redis', protocol: 'redis', port: 6379, tls: false },
  { scheme: 'rediss', protocol: 'redis', port: 6379, tls: true },
  { scheme: 'tls', protocol: 'tcp', tls: true },
  { scheme: 'tcp', protocol: 'tcp', tls: false },
  { scheme: 'udp', protocol: 'udp', tls: false, datagrams: true },
  { scheme: 'dns', protocol: 'dns', port: 53, tls: false, datagrams: true },
] as const satisfies readonly SchemeSpec[]).map((spec) => [spec.scheme, spec]))

const parse = (text: string) => parseMapping(text, SCHEMES)

/** `listen protocol upstream` and what is special, in one line. */
function inWords({ name, listen, protocol, upstream, upstreamTls, upgrade, clientTls, leftScheme, scheme, schemelessRight, legacyHttps }: Mapping): string {
  return [
    name && `${name}@`, `${listen.host ?? 'loopback'} ${listen.port}`, protocol, `${upstream.host} ${upstream.port}`, upstreamTls && (upgrade ? `tls by ${upgrade}` : 'tls'),
    clientTls && 'client tls', leftScheme && `left ${leftScheme}`, !schemelessRight && `right ${scheme}`, legacyHttps && 'legacy',
  ].filter(Boolean).join(', ')
}

function failure(text: string): UserError {
  try {
    parse(text)
  } catch (error) {
    assert.ok(error instanceof UserError, String(error))
    assert.deepEqual([error.code, error.exitCode], ['BAD_MAPPING', 2])
    assert.ok(error.hint, text)
    return error
  }
  return assert.fail(`${text} was accepted`)
}

test('D-12: the right side of a mapping decides the protocol, its default port and TLS to the upstream', () => {
  const table: readonly [string, string][] = [
    ['9090=https://www.google.com', 'loopback 9090, http, www.google.com 443, tls, right https'],
    ['9098=https://www.google.com:443', 'loopback 9098, http, www.google.com 443, tls, right https'],
    ['34000=https://jsonplaceholder.typicode.com/', 'loopback 34000, http, jsonplaceholder.typicode.com 443, tls, right https'],
    ['3180=http://127.0.0.1:8080', 'loopback 3180, http, 127.0.0.1 8080, right http'],
    ['35432=psql://my-db.default.svc:5432', 'loopback 35432, tcp, my-db.default.svc 5432, right psql'],
    ['9098=psql://192.168.1.45:5432', 'loopback 9098, tcp, 192.168.1.45 5432, right psql'],
    ['5432=psqls://db', 'loopback 5432, tcp, db 5432, tls by postgres, right psqls'],
    ['6380=rediss://cache', 'loopback 6380, redis, cache 6379, tls, right rediss'],
    ['9000=tls://db:9001', 'loopback 9000, tcp, db 9001, tls, right tls'],
    ['9000=tcp://db:9001', 'loopback 9000, tcp, db 9001, right tcp'],
    ['5353=dns://1.1.1.1', 'loopback 5353, dns, 1.1.1.1 53, right dns'],
    ['9000=UDP://1.1.1.1:53', 'loopback 9000, udp, 1.1.1.1 53, right udp'],
    ['35432=localhost:5432', 'loopback 35432, tcp, localhost 5432'],
    ['3180=shop-backend:80', 'loopback 3180, tcp, shop-backend 80'],
    ['0=[::1]:5432', 'loopback 0, tcp, ::1 5432'],
    ['1=http://[2001:DB8::1]', 'loopback 1, http, 2001:db8::1 80, right http'],
  ]
  for (const [text, words] of table) assert.equal(inWords(parse(text)), words, text)
})

test('D-47: a mapping listens on IPv4, IPv6 and host names', () => {
  const table: readonly [string, string][] = [
    [':9090=db:1', 'loopback 9090, tcp, db 1'],
    ['0.0.0.0:9090=db:1', '0.0.0.0 9090, tcp, db 1'],
    ['[::]:9090=db:1', ':: 9090, tcp, db 1'],
    ['[0:0::1]:9090=db:1', '::1 9090, tcp, db 1'],
    ['localhost:9090=db:1', 'localhost 9090, tcp, db 1'],
    ['My-Host.local:0=db:1', 'my-host.local 0, tcp, db 1'],
    ['tcp://[::1]:9090=db:1', '::1 9090, tcp, db 1, left tcp'],
    ['http://localhost:9090=db:1', 'localhost 9090, http, db 1, left http'],
  ]
  for (const [text, words] of table) assert.equal(inWords(parse(text)), words, text)
})

test('the left side decides where the right side says nothing, and may end the client\'s TLS', () => {
  const table: readonly [string, string][] = [
    ['http:9090=127.0.0.1:80', 'loopback 9090, http, 127.0.0.1 80, left http'],
    ['tcp:9090=a:1', 'loopback 9090, tcp, a 1, left tcp'],
    ['udp:5353=1.1.1.1:53', 'loopback 5353, udp, 1.1.1.1 53, left udp'],
    ['psqls:5432=db:5432', 'loopback 5432, tcp, db 5432, tls by postgres, left psqls'],
    ['https:8443=a:443', 'loopback 8443, http, a 443, tls, client tls, left https, legacy'],
    ['HTTPS://10.0.0.1:8443=a:443', '10.0.0.1 8443, http, a 443, tls, client tls, left https, legacy'],
    ['tls:8443=a:1', 'loopback 8443, tcp, a 1, client tls, left tls'],
    ['https:8443=http://a', 'loopback 8443, http, a 80, client tls, left https, right http'],
    ['https:8443=https://a', 'loopback 8443, http, a 443, tls, client tls, left https, right https'],
    ['tls:8443=https://a', 'loopback 8443, http, a 443, tls, client tls, left tls, right https'],
    ['https:8443=tcp://a:1', 'loopback 8443, tcp, a 1, client tls, left https, right tcp'],
    ['tls:5432=psql://a', 'loopback 5432, tcp, a 5432, client tls, left tls, right psql'],
    ['http://:8080=https://a', 'loopback 8080, http, a 443, tls, left http, right https'],
    ['psql:5432=psqls://a', 'loopback 5432, tcp, a 5432, tls by postgres, left psql, right psqls'],
    ['redis:1=rediss://a', 'loopback 1, redis, a 6379, tls, left redis, right rediss'],
  ]
  for (const [text, words] of table) assert.equal(inWords(parse(text)), words, text)
})

test('a mapping may have a name', () => {
  assert.equal(inWords(parse('orders.db-1@5432=psql://db')), 'orders.db-1@, loopback 5432, tcp, db 5432, right psql')
  assert.equal(inWords(parse(' api @ https://[::1]:1 = http://a ')), 'api@, ::1 1, http, a 80, client tls, left https, right http')
  assert.equal('name' in parse('1=a:1'), false)
  assert.equal(parse(' 1=a:1 ').text, '1=a:1')
})

test('both sides naming different protocols is an error that says so', () => {
  for (const text of ['http:1=psql://a', 'https:1=dns://a', 'tls:1=udp://a:1', 'https:1=redis://a', 'udp:1=tcp://a:1', 'redis:1=http://a']) {
    assert.match(failure(text).message, /names different protocols, \w+ before the "=" and \w+ after it/)
  }
  assert.match(failure('rediss:1=redis://a').message, /only https and tls can end/)
})

test('every bad mapping is a user error that quotes it and shows a right one', () => {
  const table: readonly [string, RegExp, RegExp?][] = [
    ['', /has no "="/, /9090=https:/], ['9090', /has no "="/], ['=a:1', /nothing before/], ['9090=', /nothing after/], ['x=', /no port to listen on/],
    ['99999=a:1', /'99999' for the port to listen on/], ['-1=a:1', /no port to listen on/], ['127.0.0.1=a:1', /no port to listen on/], ['127.0.0.1:=a:1', /'' for the port/],
    ['1.2.3:80=a:1', /cannot listen on '1.2.3'/], ['::1:8080=a:1', /no port to listen on/, /\[::1\]:9090/], ['a b:80=a:1', /cannot listen on 'a b'/], ['http:localhost:80=a:1', /no port from 0 to 65535 after 'http:'/, /http:\/\/127/],
    ['https:=a:1', /after 'https:'/], ['http://=a:1', /no port to listen on/], ['http://127.0.0.1=a:1', /no port to listen on/, /http:9090/],
    ['htp://127.0.0.1:80=a:1', /unknown scheme, 'htp'/, /did you mean http:/], ['1=pqsl://a', /unknown scheme, 'pqsl'/, /did you mean psql:/], ['1=gopher://a', /unknown scheme/, /the schemes are http, https/],
    ['1=a', /no port after 'a'/, /https:\/\/a/], ['1=a:', /'' for the port of its target/], ['1=a:0', /'0' for the port/], ['1=a:65536', /'65536' for the port/], ['1=a:http', /'http' for the port/],
    ['1=tls://a', /tls does not say which/, /tls:\/\/a:9000/], ['1=udp://a', /no port/], ['1=:80', /no host/], ['1=http://', /no host/], ['1=http://:80', /no host/],
    ['1=https://a/path', /has a path, '\/path'/], ['1=https://a?x', /has a path, '\?x'/], ['1=https://a/#x', /has a path/], ['1=a:80/b', /has a path/],
    ['1=a b:80', /'a b' for a host/], ['1=256.1.1.1:80', /'256.1.1.1' for a host/], ['1=::1:80', /no port/], ['1=psql://::1:80', /no host with a port/, /\[::1\]/], ['1=[::1:80', /no host with a port/],
    ['a b@1=a:1', /'a b' for a name/], ['@1=a:1', /'' for a name/], ['a@b@1=a:1', /'a@b' for a name/], ['1=2=3', /'2=3'/],
  ]
  for (const [text, problem, hint] of table) {
    const error = failure(text)
    assert.match(error.message, problem, text)
    assert.ok(error.message.startsWith(`mapping '${text}' `), error.message)
    if (hint) assert.match(error.hint!, hint, text)
  }
})

test('a mapping with a password is refused without repeating it', () => {
  for (const text of ['5432=psql://me:secret@db', '5432=me:secret@db:5432', 'http://:80=psql://me:secret@db']) {
    const { message, hint } = failure(text)
    assert.match(message, /has a user name/)
    assert.doesNotMatch(`${message} ${hint}`, /secret/)
  }
})

const host = fc.constantFrom('db', 'my-db.default.svc', '10.0.0.1', '[::1]', '[2001:db8::7]', 'localhost')
const port = fc.integer({ min: 1, max: 65_535 })
const scheme = fc.constantFrom(...SCHEMES.keys())
const left = fc.oneof(
  port.map(String), port.map((number) => `:${number}`), fc.tuple(host, port).map(([name, number]) => `${name}:${number}`),
  fc.tuple(scheme, port).map(([word, number]) => `${word}:${number}`), fc.tuple(scheme, fc.option(host, { nil: '' }), port).map(([word, name, number]) => `${word}://${name}:${number}`),
)
const right = fc.tuple(fc.option(scheme), host, fc.option(port)).map(([word, name, number]) => `${word === null ? '' : `${word}://`}${name}${number === null ? '' : `:${number}`}`)

test('a mapping formatted and parsed is the same mapping', () => {
  let accepted = 0
  fc.assert(fc.property(fc.option(fc.constantFrom('api', 'db-1')), left, right, (name, before, after) => {
    const text = `${name === null ? '' : `${name}@`}${before}=${after}`
    let mapping
    try {
      mapping = parse(text)
    } catch (error) {
      if (error instanceof UserError) return
      throw error
    }
    accepted += 1
    const formatted = formatMapping(mapping)
    assert.deepEqual(parse(formatted), { ...mapping, text: formatted }, text)
    assert.equal(formatMapping(parse(formatted)), formatted)
  }), { numRuns: 3000 })
  assert.ok(accepted > 500, `only ${accepted} were mappings`)
})

test('no text can break the parser, only be refused', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'a19:=@/[]. ?', '://', '::', 'http', 'tls', 'db:1', '\u00fc'), maxLength: 12 }), (text) => {
    try {
      parse(text)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
    }
  }), { numRuns: 3000 })
})
