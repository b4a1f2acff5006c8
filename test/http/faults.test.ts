import assert from 'node:assert/strict'
import { suite } from 'node:test'
import type { Resolver } from '../../src/engine/resolver.ts'
import { closedPort, connect, each, head, ok, origin, server, statusOf, type Peer } from './support.ts'

const get = (path = '/', ...fields: string[]): string => head(`GET ${path} HTTP/1.1`, 'Host: web.test', ...fields)
const everyName: Resolver = { lookup: (_host, _ms, settled) => { settled({ addresses: ['127.0.0.1'] }); return { cancel() {} } } }

/** Milliseconds until the whole answer is there. */
async function timed(client: Peer, request: string): Promise<{ ms: number; head: string; body: string }> {
  const from = performance.now()
  client.send(request)
  const message = await client.message()
  return { ms: performance.now() - from, ...message }
}

suite('http-response', () => {
  each('D-51: answers in the upstream\'s place, on a connection that stays', async ({ mapped }) => {
    const { client, proxy, upstream } = await mapped({ faults: ['http-response 503 body="{\\"error\\": true}"'] })
    for (const path of ['/1', '/2']) {
      client.send(get(path))
      const { head: answer, body } = await client.message()
      assert.equal(answer, head('HTTP/1.1 503 Service Unavailable', 'Content-Type: application/json', 'Content-Length: 15'))
      assert.equal(body, '{"error": true}')
    }
    assert.equal(upstream.peers.length, 0)
    const { outcome, status, cause, faults } = await proxy.until('exchange.finished')
    assert.deepEqual([outcome, status, cause, faults[0]!.type, faults[0]!.applications], ['answered', 503, 'fault', 'http-response', 1])
  })

  each('pipelined requests are all answered, HEAD without the body', async ({ mapped }) => {
    const { client } = await mapped({ faults: ['http-response 418 body=short'] })
    client.send(get('/1') + head('HEAD /2 HTTP/1.1', 'Host: a') + get('/3') + get('/4', 'Connection: close'))
    const fields = ['Content-Type: text/plain; charset=utf-8', 'Content-Length: 5']
    const answer = head('HTTP/1.1 418 I\'m a teapot', ...fields)
    assert.equal(await client.rest(), `${answer}short${answer}${answer}short${head('HTTP/1.1 418 I\'m a teapot', ...fields, 'Connection: close')}short`)
  })

  each('a request whose body is not read yet closes the connection, and says so', async ({ t, mapped }) => {
    const { proxy } = await mapped({ faults: ['http-response 429'] })
    for (const body of ['Content-Length: 5', 'Transfer-Encoding: chunked', 'Expect: 100-continue\r\nContent-Length: 100000000']) {
      const client = await connect(t, proxy.port('web'))
      client.send(head('POST / HTTP/1.1', 'Host: web.test', body))
      const answer = await client.rest()
      assert.equal(statusOf(answer), 429)
      assert.match(answer, /\r\nConnection: close\r\n/)
    }
    const client = await connect(t, proxy.port('web'))
    client.send(head('POST / HTTP/1.1', 'Host: web.test', 'Content-Length: 0'))
    assert.doesNotMatch((await client.message()).head, /Connection/)
    client.send(get())
    assert.equal(statusOf((await client.message()).head), 429)
  })

  each('afterUpstream replaces the answer, and the upstream has seen the request', async ({ mapped }) => {
    const { client, upstream } = await mapped({ faults: ['http-response 500 body=broken afterUpstream=true'] })
    for (const path of ['/1', '/2']) {
      client.send(get(path))
      const up = await upstream.next()
      assert.equal(await up.head(), get(path))
      up.send(ok('a real answer'))
      const { head: answer, body } = await client.message()
      assert.deepEqual([statusOf(answer), body], [500, 'broken'])
      assert.doesNotMatch(answer, /Connection/)
    }
  })

  each('to an HTTP/1.0 client it closes unless asked to keep alive', async ({ t, mapped }) => {
    const { proxy } = await mapped({ faults: ['http-response 503'] })
    const client = await connect(t, proxy.port('web'))
    client.send(head('GET / HTTP/1.0'))
    assert.match(await client.rest(), /^HTTP\/1.1 503 [^]*\r\nConnection: close\r\n/)
  })

  each('a matching by method and path leaves the others alone', async ({ mapped }) => {
    const { client, upstream } = await mapped({ faults: ['http-response 503 method=POST path=/api/*'] })
    client.send(get('/api/x') + head('POST /other HTTP/1.1', 'Host: a', 'Content-Length: 0') + head('POST /api/x?y HTTP/1.1', 'Host: a', 'Content-Length: 0'))
    const up = await upstream.next()
    for (let n = 0; n < 2; n++) {
      await up.head()
      up.send(ok('passed'))
      assert.equal((await client.message()).body, 'passed')
    }
    assert.equal(statusOf((await client.message()).head), 503)
  })
})

suite('faults on the way of an answer of our own', () => {
  for (const [what, target, faults, status] of [
    ['http-response', 'web', ['http-response 503'], 503],
    ['a refused dial', 'shut', [], 502],
    ['a broken answer', 'broken', [], 502],
  ] as const) {
    each(`latency on client egress delays ${what}, latency on the server's side does not`, async ({ t, start }) => {
      const [broken, shut] = [await server(t, () => 'nonsense\r\n'), await closedPort()]
      const proxies = [`web@0=http://127.0.0.1:${shut}`, `shut@0=http://127.0.0.1:${shut}`, `broken@0=http://${broken.authority}`]
      const late = await start({ proxies, faults: ['latency 150ms side=client direction=egress', ...faults] })
      const control = await start({ proxies, faults: ['latency 150ms side=server direction=ingress', ...faults] })
      const times = []
      for (const proxy of [late, control]) {
        const { ms, head: answer } = await timed(await connect(t, proxy.port(target)), get())
        assert.equal(statusOf(answer), status)
        times.push(ms)
      }
      assert.ok(times[0]! > times[1]! + 100, times.join(' and '))
      const effect = (await late.until('exchange.finished')).faults.find(({ type }) => type === 'latency')
      assert.equal(effect?.applications, 1)
    })
  }

  each('a delayed answer of our own stays one answer, whatever the client and the upstream do meanwhile', async ({ mapped }) => {
    const { client, upstream } = await mapped({ faults: ['latency 120ms side=client direction=egress'] })
    client.send(head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'))
    const up = await upstream.next()
    await up.head()
    client.send('nonsense\r\n')
    await up.ended()
    client.send('more nonsense\r\n')
    const answer = await client.rest()
    assert.equal(statusOf(answer), 400)
    assert.equal(answer.split('HTTP/1.1 ').length, 2)
  })
})

suite('latency on HTTP', () => {
  each('D-49: strikes each exchange once, also the second on a kept connection', async ({ t, mapped }) => {
    const upstream = await server(t, () => ok('x'))
    const { client: _, proxy } = await mapped({ proxies: [`own@0=http://${upstream.authority}`], faults: ['latency 80ms'] })
    const client = await connect(t, proxy.port('own'))
    for (let n = 0; n < 3; n++) {
      const { ms } = await timed(client, get())
      assert.ok(ms >= 78 && ms < 400, `${ms} ms`)
    }
    assert.equal(upstream.peers.length, 1)
  })

  each('D-07: on the request side it delays the request itself', async ({ mapped }) => {
    const { client, upstream } = await mapped({ faults: ['latency 100ms side=server direction=egress'] })
    const from = performance.now()
    client.send(get())
    await (await upstream.next()).head()
    assert.ok(performance.now() - from >= 98)
  })
})

suite('which targets of the forward proxy are faulted', () => {
  const rules: readonly (readonly [rule: string, host: string, matched: boolean])[] = [
    ['web.test', 'web.test', true],
    ['web.test', 'WEB.test.', true],
    ['web.test', 'sub.web.test', false],
    ['*.web.test', 'sub.web.test', true],
    ['*.web.test', 'web.test', false],
    ['web.test:1', 'web.test', false],
    ['http://web.test', 'web.test', false],
    ['127.0.0.0/8', 'named.test', true],
    ['127.0.0.1', 'named.test', true],
    ['10.0.0.0/8', 'named.test', false],
    ['127.0.0.0/8', '127.0.0.1', true],
    ['10.0.0.0/8', '127.0.0.1', false],
    ['*', 'whatever.test', true],
  ]
  each('names, wildcards, ports, addresses and networks', async ({ t, start }) => {
    const upstream = await server(t, () => ok('real'))
    for (const [rule, host, matched] of rules) {
      const proxy = await start({ resolver: everyName, settings: { upstream: [rule] }, faults: ['http-response 503'] })
      const client = await connect(t, proxy.port('http'))
      client.send(head(`GET http://${host}:${upstream.port}/ HTTP/1.1`, 'Host: a'))
      assert.equal(statusOf((await client.message()).head), matched ? 503 : 200, `${rule} for ${host}`)
      assert.equal((await proxy.until('exchange.finished')).matched, matched)
    }
  })

  each('a name that is not found matches no network, and requests behind it wait their turn', async ({ t, start }) => {
    const upstream = await server(t, (asked) => ok(/^\S+ (\S+)/.exec(asked)![1]!))
    const resolver: Resolver = {
      lookup(host, _ms, settled) {
        const timer = setTimeout(() => settled(host === 'gone.test' ? { cause: 'nxdomain' } : { addresses: ['127.0.0.1'] }), 20)
        return { cancel: () => clearTimeout(timer) }
      },
    }
    const proxy = await start({ resolver, settings: { upstream: ['127.0.0.0/8'] }, faults: ['http-response 503 path=/faulted'] })
    const client = await connect(t, proxy.port('http'))
    const to = (host: string, path: string): string => head(`GET http://${host}:${upstream.port}${path} HTTP/1.1`, 'Host: a')
    client.send(to('web.test', '/1') + to('web.test', '/faulted') + to('gone.test', '/faulted') + to('web.test', '/2'))
    assert.equal((await client.message()).body, '/1')
    assert.equal(statusOf((await client.message()).head), 503)
    const { head: answer, body } = await client.message()
    assert.equal(statusOf(answer), 502)
    assert.equal((JSON.parse(body) as { cause: string }).cause, 'nxdomain')
    assert.equal((await client.message()).body, '/2')
  })
})

suite('DNS faults on the forward proxy', () => {
  for (const [fault, status, cause, type] of [['dns', 502, 'nxdomain', 'dns_error'], ['dns case=servfail', 502, 'servfail', 'dns_error'], ['dns case=timeout delay=50ms', 504, 'dns-timeout', 'dns_timeout']] as const) {
    each(`${fault} is ${status} with its cause, and the connection goes on`, async ({ t, start }) => {
      const upstream = await origin(t)
      const proxy = await start({ resolver: everyName, faults: [`${fault} probability=1 host=bad.test`] })
      const client = await connect(t, proxy.port('http'))
      client.send(head(`GET http://bad.test:${upstream.port}/ HTTP/1.1`, 'Host: a'))
      const { head: answer, body } = await client.message()
      assert.equal(statusOf(answer), status)
      assert.match(answer, new RegExp(`\r\nContent-Type: application/json\r\n[^]*Proxy-Status: fault; error=${type}\r\n`))
      const told = JSON.parse(body) as { cause: string; target: string }
      assert.deepEqual([told.cause, told.target], [cause, `bad.test:${upstream.port}`])
      client.send(head(`GET http://good.test:${upstream.port}/ HTTP/1.1`, 'Host: a'))
      const up = await upstream.next()
      await up.head()
      up.send(ok('good'))
      assert.equal((await client.message()).body, 'good')
    })
  }

  each('while a connect-phase or DNS fault is on, each exchange dials anew', async ({ t, start }) => {
    const upstream = await server(t, () => ok('x'))
    const proxy = await start({ resolver: everyName, faults: ['dns case=slow delay=10ms host=elsewhere.test'] })
    const client = await connect(t, proxy.port('http'))
    for (let n = 0; n < 3; n++) {
      client.send(head(`GET http://web.test:${upstream.port}/ HTTP/1.1`, 'Host: a'))
      await client.message()
    }
    assert.equal(upstream.peers.length, 3)
  })
})
