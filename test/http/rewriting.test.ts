import assert from 'node:assert/strict'
import { suite } from 'node:test'
import { gzipSync } from 'node:zlib'
import { connect, each, head, ok, server, statusOf, type Given, type Origin, type Peer } from './support.ts'

/** What arrives at the upstream when this is sent; the answer comes back. */
async function through(client: Peer, upstream: Origin, request: string, answer = ok('fine')): Promise<{ arrived: string; came: string }> {
  client.send(request)
  const up = upstream.peers.at(-1)?.fate === undefined && upstream.peers.length > 0 ? upstream.peers.at(-1)! : await upstream.next()
  const arrived = await up.head()
  up.send(answer)
  return { arrived, came: await client.take(kept(answer).length) }
}

/** What is left of a message when hop-by-hop fields are gone. */
const kept = (text: string): string => text.replace('Connection: X-Out\r\nX-Out: 1\r\nProxy-Connection: keep-alive\r\n', '')

suite('where a request goes', () => {
  each('absolute-form becomes origin-form, and Host says what the target says', async ({ t, start }) => {
    const seen: string[] = []
    const upstream = await server(t, (asked) => { seen.push(asked); return ok('x') })
    const proxy = await start({ resolver: { lookup: (_host, _ms, settled) => { settled({ addresses: ['127.0.0.1'] }); return { cancel() {} } } } })
    const client = await connect(t, proxy.port('http'))
    const at = `web.test:${upstream.port}`
    const cases: readonly [string, string, string, string][] = [
      [`http://${at}/a?b=c`, at, '/a?b=c', at],
      [`http://${at}`, at, '/', at],
      [`http://${at}?q`, at, '/?q', at],
      [`HTTP://${at}/`, at, '/', at],
      [`http://${at}/`, 'other.test', '/', at],
      [`http://${at}/`, `WEB.test:${upstream.port}`, '/', `WEB.test:${upstream.port}`],
      [`http://user:secret@${at}/`, at, '/', at],
      [`http://${at}/%7e/../a\\b|"<>^\x60{}`, at, '/%7e/../a\\b|"<>^\x60{}', at],
      [`http://${at}/\xe4\xff`, at, '/\xe4\xff', at],
    ]
    for (const [target, host, path, hostField] of cases) {
      client.send(head(`GET ${target} HTTP/1.1`, `Host: ${host}`))
      assert.equal((await client.message()).body, 'x', target)
      assert.equal(seen.pop(), head(`GET ${path} HTTP/1.1`, `Host: ${hostField}`))
    }
    client.send(head(`OPTIONS http://${at} HTTP/1.1`, `Host: ${at}`))
    await client.message()
    assert.equal(seen.pop(), head('OPTIONS * HTTP/1.1', `Host: ${at}`))
    client.send(head(`GET http://${at}/ HTTP/1.0`))
    await client.message()
    assert.equal(seen.pop(), head('GET / HTTP/1.0', `Host: ${at}`), 'RFC 9112 §3.2.2: a Host is generated')
  })

  each('a default port that was written out stays in Host', async ({ t, start }) => {
    const dialled: string[] = []
    const proxy = await start({ resolver: { lookup: (host, _ms, settled) => { dialled.push(host); settled({ cause: 'nxdomain' }); return { cancel() {} } } } })
    const client = await connect(t, proxy.port('http'))
    client.send(head('GET http://a.test:80/ HTTP/1.1', 'Host: a.test:80'))
    assert.equal(statusOf((await client.message()).head), 502)
    assert.deepEqual(dialled, ['a.test'])
  })

  each('D-15: origin-form goes where Host says; the proxy itself as target is a loop', async ({ forward }) => {
    const { client, proxy, upstream } = await forward()
    const { arrived } = await through(client, upstream, head('GET /x HTTP/1.1', `Host: ${upstream.authority}`))
    assert.equal(arrived, head('GET /x HTTP/1.1', `Host: ${upstream.authority}`))
    client.send(head('GET /x HTTP/1.1', `Host: 127.0.0.1:${proxy.port('http')}`))
    const { head: answer, body } = await client.message()
    assert.equal(statusOf(answer), 508)
    assert.match(answer, /\r\nProxy-Status: fault; error=proxy_loop_detected\r\n/)
    assert.equal((JSON.parse(body) as { cause: string }).cause, 'loop')
  })

  for (const how of ['absolute-form', 'localhost']) {
    each(`the proxy itself as the target in ${how} is 508 too, and HEAD gets no body`, async ({ forward }) => {
      const { client, proxy } = await forward()
      const own = `${how === 'localhost' ? 'localhost' : '127.0.0.1'}:${proxy.port('http')}`
      client.send(head(`HEAD ${how === 'localhost' ? '' : `http://${own}`}/ HTTP/1.1`, `Host: ${own}`))
      const answer = await client.head()
      assert.equal(statusOf(answer), 508)
      assert.equal(client.unread, '')
    })
  }

  each('other schemes, authorities that are none, and asterisks are refused', async ({ t, forward }) => {
    const { proxy } = await forward()
    for (const target of ['ftp://web.test/', 'http://web.test:99999/', 'http://', 'http://[::1/', 'http://a\\@b/', '*', 'web.test/', 'http://:80/']) {
      const client = await connect(t, proxy.port('http'))
      client.send(head(`GET ${target} HTTP/1.1`, 'Host: web.test'))
      assert.equal(statusOf(await client.rest()), 400, target)
    }
  })

  each('a mapping leaves Host alone unless it names the listener', async ({ mapped }) => {
    const { client, proxy, upstream } = await mapped()
    const own = proxy.port('web')
    const cases: readonly [string, string][] = [
      [`127.0.0.1:${own}`, upstream.authority],
      [`LocalHost:${own}`, upstream.authority],
      ['web.test', 'web.test'],
      [`web.test:${own}`, `web.test:${own}`],
      ['localhost', 'localhost'],
      [upstream.authority, upstream.authority],
      ['', ''],
    ]
    for (const [host, expected] of cases) {
      const { arrived } = await through(client, upstream, head('GET /p HTTP/1.1', 'A: 1', `Host: ${host}`, 'B: 2'))
      assert.equal(arrived, head('GET /p HTTP/1.1', 'A: 1', `Host: ${expected}`, 'B: 2'))
    }
    const old = head('GET / HTTP/1.0', 'Connection: keep-alive')
    assert.equal((await through(client, upstream, old, ok('x', 'Connection: keep-alive'))).arrived, old, 'nothing is added')
    assert.equal((await through(client, upstream, head('OPTIONS * HTTP/1.1', 'Host: x'))).arrived, head('OPTIONS * HTTP/1.1', 'Host: x'))
    const absolute = head(`GET http://other.test/a HTTP/1.1`, `Host: 127.0.0.1:${own}`)
    assert.equal((await through(client, upstream, absolute)).arrived, head('GET /a HTTP/1.1', 'Host: other.test'))
    const ownAbsolute = head(`GET http://localhost:${own}/a HTTP/1.1`, 'Host: x')
    assert.equal((await through(client, upstream, ownAbsolute)).arrived, head('GET /a HTTP/1.1', `Host: ${upstream.authority}`))
  })
})

suite('header fields', () => {
  const odd = ['hOsT: web.test', 'X-Same: 1', 'x-same:2', 'X-SAME:   3  ', 'Empty:', 'X-Bytes: \xe4\xf6\xff\t"quoted, comma"', 'Accept-Encoding: gzip', 'TE: trailers', 'Keep-Alive: timeout=5', 'Cookie: a=1', 'Cookie: b=2', 'Connection: keep-alive', 'Forwarded: for=1.2.3.4', 'Upgrade-Insecure-Requests: 1']

  each('D-14: order, case, spacing, repeats and bytes stay as they are, both ways, and nothing is added', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    const request = head('GET /p HTTP/1.1', ...odd)
    const answer = `${head('HTTP/1.1 299 Very \xfc fine', 'Set-Cookie: a', 'set-cookie: b', 'X: 1', 'Content-Length: 2', 'X:2', 'Date: never', 'Server:')}ab`
    const { arrived, came } = await through(client, upstream, request, answer)
    assert.equal(arrived, request)
    assert.equal(came, answer)
  })

  each('a status line without a reason, with or without the space, stays', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    for (const line of ['HTTP/1.1 200', 'HTTP/1.1 200 ', 'HTTP/1.1 999 x y']) {
      const answer = head(line, 'Content-Length: 0')
      assert.equal((await through(client, upstream, head('GET / HTTP/1.1', 'Host: a'), answer)).came, answer)
    }
  })

  each('hop-by-hop fields go: Proxy-Connection, Proxy-Authorization and what Connection names', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    const { arrived, came } = await through(client, upstream, head(
      'GET / HTTP/1.1', 'Host: web.test', 'Proxy-Connection: keep-alive', 'X-Hop: 1', 'Keep: me', 'x-hop: 2', 'PROXY-Authorization: Basic eDp5',
      'Connection: X-Hop, keep-alive, Authorization-Less', 'Connection: TE', 'TE: trailers'),
    head('HTTP/1.1 200 OK', 'Content-Length: 0', 'Connection: X-Out', 'X-Out: 1', 'Proxy-Connection: keep-alive', 'Proxy-Authenticate: Basic'))
    assert.equal(arrived, head('GET / HTTP/1.1', 'Host: web.test', 'Keep: me', 'Connection: keep-alive'))
    assert.equal(came, head('HTTP/1.1 200 OK', 'Content-Length: 0', 'Proxy-Authenticate: Basic'))
  })

  each('Connection cannot name away what frames or routes the message', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(`${head('POST / HTTP/1.1', 'Host: web.test', 'Content-Length: 3', 'Connection: content-length, host, transfer-encoding, connection, close')}abc`)
    const up = await upstream.next()
    assert.equal(await up.head(), head('POST / HTTP/1.1', 'Host: web.test', 'Content-Length: 3', 'Connection: close'))
    assert.equal(await up.take(3), 'abc')
  })

  each('with via, a Via field is added at the end, both ways', async ({ mapped }) => {
    const { client, upstream } = await mapped({ settings: { via: true } })
    client.send(head('GET / HTTP/1.1', 'Host: web.test', 'Via: 1.0 other'))
    const up = await upstream.next()
    assert.equal(await up.head(), head('GET / HTTP/1.1', 'Host: web.test', 'Via: 1.0 other', 'Via: 1.1 fault'))
    up.send(head('HTTP/1.0 200 OK', 'Content-Length: 0'))
    assert.equal(await client.head(), head('HTTP/1.0 200 OK', 'Content-Length: 0', 'Via: 1.0 fault'))
  })

  each('x-fault-run and x-fault-key are taken out, traceparent passes, and all three are in the event', async ({ mapped }) => {
    const { client, proxy, upstream } = await mapped()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { arrived } = await through(client, upstream, head('GET /p?secret=1 HTTP/1.1', 'X-Fault-Run: nightly', 'Host: web.test', `Traceparent: ${traceparent}`, 'x-fault-key: k', 'x-fault-ke2: stays', 'X-11-letter: y'))
    assert.equal(arrived, head('GET /p?secret=1 HTTP/1.1', 'Host: web.test', `Traceparent: ${traceparent}`, 'x-fault-ke2: stays', 'X-11-letter: y'))
    const record = await proxy.until('exchange.finished')
    assert.deepEqual([record.traceparent, record.run, record.key, record.path], [traceparent, 'nightly', 'k', '/p'])
  })

  each('D-13: redirects are not followed, and nothing is decompressed', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    const packed = gzipSync('text').toString('latin1')
    const answer = `${head('HTTP/1.1 302 Found', 'Location: http://elsewhere.test/', 'Content-Encoding: gzip', `Content-Length: ${packed.length}`)}${packed}`
    assert.equal((await through(client, upstream, head('GET / HTTP/1.1', 'Host: web.test'), answer)).came, answer)
    assert.equal(upstream.peers.length, 1)
  })
})

suite('Max-Forwards', () => {
  const ask = async ({ mapped }: Given, request: string): Promise<{ arrived?: string; head: string; body: string; peers: number }> => {
    const { client, upstream } = await mapped()
    client.send(request)
    if (/\r\nmax-forwards: *0\r\n/i.test(request)) return { ...await client.message(), peers: upstream.peers.length }
    const up = await upstream.next()
    const arrived = await up.head()
    up.send(ok('x'))
    return { arrived, ...await client.message(), peers: 1 }
  }

  each('is counted down for TRACE and OPTIONS, and left alone otherwise', async (given) => {
    for (const [method, before, after] of [['TRACE', '5', '4'], ['OPTIONS', '1', '0'], ['GET', '0', undefined], ['OPTIONS', 'many', 'many'], ['GET', '3', '3']] as const) {
      if (after === undefined) continue
      const { arrived } = await ask(given, head(`${method} /p HTTP/1.1`, 'Host: web.test', `max-forwards: ${before}`, 'X: 1'))
      assert.equal(arrived, head(`${method} /p HTTP/1.1`, 'Host: web.test', `max-forwards: ${after}`, 'X: 1'))
    }
  })

  each('at 0 the proxy is the last recipient: TRACE shows what arrived without secrets, OPTIONS is empty', async (given) => {
    const trace = await ask(given, head('TRACE /p HTTP/1.1', 'Host: web.test', 'Max-Forwards: 0', 'X-Odd:  1 ', 'Cookie: secret', 'authorization: secret'))
    assert.equal(statusOf(trace.head), 200)
    assert.match(trace.head, /\r\nContent-Type: message\/http\r\n/)
    assert.equal(trace.body, head('TRACE /p HTTP/1.1', 'Host: web.test', 'Max-Forwards: 0', 'X-Odd: 1'))
    assert.equal(trace.peers, 0)
    const options = await ask(given, head('OPTIONS * HTTP/1.1', 'Host: web.test', 'Max-Forwards: 0'))
    assert.deepEqual([statusOf(options.head), options.body, options.peers], [200, '', 0])
  })
})
