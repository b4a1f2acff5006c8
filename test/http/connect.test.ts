import assert from 'node:assert/strict'
import { suite } from 'node:test'
import type { Resolver } from '../../src/engine/resolver.ts'
import { silentPort } from '../e2e/peers.ts'
import { closedPort, connect, each, head, origin, statusOf } from './support.ts'

const ask = (target: string, ...fields: string[]): string => head(`CONNECT ${target} HTTP/1.1`, `Host: ${target}`, ...fields)
const OPEN = head('HTTP/1.1 200 Connection established')

interface Refusal { readonly error: string; readonly cause: string; readonly target: string }
const names = (known: Readonly<Record<string, 'nxdomain' | 'servfail' | 'dns-timeout' | readonly string[]>>): Resolver => ({
  lookup(host, _timeoutMs, settled) {
    const found = known[host] ?? 'nxdomain'
    settled(typeof found === 'string' ? { cause: found } : { addresses: found })
    return { cancel() {} }
  },
})

suite('CONNECT', () => {
  each('D-45: opens a tunnel once the upstream is connected, and takes along what was sent at once', async ({ forward }) => {
    const { client, proxy, upstream } = await forward()
    client.send(`${ask(upstream.authority, 'Proxy-Authorization: Basic c2VjcmV0')}first bytes`)
    const up = await upstream.next()
    assert.equal(await up.take(11), 'first bytes')
    assert.equal(await client.head(), OPEN)
    up.send('answer')
    assert.equal(await client.take(6), 'answer')
    client.end()
    assert.equal(await up.rest(), '')
    up.send('late').end()
    assert.equal(await client.rest(), 'late')
    const record = await proxy.until('exchange.finished')
    assert.deepEqual([record.kind, record.method, record.outcome, record.bytesUp, record.bytesDown], ['connect', 'CONNECT', 'completed', 11, 10])
  })

  each('what is inside the tunnel is nobody\'s business: requests and broken heads pass untouched', async ({ forward }) => {
    const { client, upstream } = await forward()
    const odd = 'GET / HTTP/9.9\nX :1\0\r\n\r\n'
    client.send(ask(upstream.authority))
    await client.head()
    client.send(odd)
    assert.equal(await (await upstream.next()).take(odd.length), odd)
  })

  each('a request before it on the same connection is answered first', async ({ forward }) => {
    const { client, upstream } = await forward()
    const request = head(`GET http://${upstream.authority}/ HTTP/1.1`, `Host: ${upstream.authority}`)
    client.send(`${request}${ask(upstream.authority)}tunnelled`)
    const up = await upstream.next()
    await up.head()
    up.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 5')}first`)
    assert.equal((await client.message()).body, 'first')
    assert.equal(await client.head(), OPEN)
    assert.equal(await (await upstream.next()).take(9), 'tunnelled')
    assert.equal(await up.ended(), 'end', 'the connection of the first is given up')
  })

  const cases: readonly [string, number, string, string][] = [
    ['gone.test', 502, 'nxdomain', 'dns_error'],
    ['sick.test', 502, 'servfail', 'dns_error'],
    ['mute.test', 504, 'dns-timeout', 'dns_timeout'],
    ['shut.test', 502, 'refused', 'connection_refused'],
    ['self.test', 508, 'loop', 'proxy_loop_detected'],
  ]
  each('D-02: says in its answer and in Proxy-Status why there is no tunnel', async ({ t, start }) => {
    const shut = await closedPort()
    const resolver = names({ 'gone.test': 'nxdomain', 'sick.test': 'servfail', 'mute.test': 'dns-timeout', 'shut.test': ['127.0.0.1'], 'self.test': ['127.0.0.1'] })
    const proxy = await start({ resolver })
    for (const [host, status, cause, type] of cases) {
      const client = await connect(t, proxy.port('http'))
      const target = `${host}:${host === 'self.test' ? proxy.port('http') : shut}`
      client.send(ask(target))
      const { head: answer, body } = await client.message()
      assert.equal(statusOf(answer), status, host)
      assert.match(answer, new RegExp(`\r\nProxy-Status: fault; error=${type}\r\n`), host)
      assert.match(answer, /\r\nContent-Type: application\/json\r\n/)
      assert.match(answer, /\r\nConnection: close\r\n/)
      const told = JSON.parse(body) as Refusal
      assert.deepEqual([told.cause, told.target, typeof told.error], [cause, target, 'string'])
      assert.equal(await client.rest(), '')
      const record = await proxy.until('exchange.finished', (event) => event.target === target)
      assert.deepEqual([record.outcome, record.status, record.cause], ['answered', status, cause])
    }
  })

  each('a dial that never gets through is 504', async ({ t, start }) => {
    const proxy = await start({ settings: { connectTimeoutMs: 150 } })
    const client = await connect(t, proxy.port('http'))
    client.send(ask(`127.0.0.1:${await silentPort(t)}`))
    const { head: answer, body } = await client.message()
    assert.equal(statusOf(answer), 504)
    assert.match(answer, /\r\nProxy-Status: fault; error=connection_timeout\r\n/)
    assert.equal((JSON.parse(body) as Refusal).cause, 'connect-timeout')
  })

  each('a refused client that does not hang up is let go', async ({ t, start }) => {
    const proxy = await start()
    const client = await connect(t, proxy.port('http'))
    client.send(ask(`127.0.0.1:${await closedPort()}`))
    await client.message()
    assert.equal(await client.ended(), 'end')
    const closed = new Promise((resolve) => client.socket.once('close', resolve))
    const pokes = setInterval(() => client.send('x'), 100)
    await closed
    clearInterval(pokes)
  })

  each('targets without a port, with a body or in another form are refused', async ({ t, start }) => {
    const proxy = await start()
    for (const request of [head('CONNECT example.com HTTP/1.1', 'Host: example.com'), head('CONNECT http://example.com/ HTTP/1.1', 'Host: example.com'), head('CONNECT example.com:0 HTTP/1.1', 'Host: x'), head('CONNECT example.com:80 HTTP/1.1', 'Host: x', 'Content-Length: 3')]) {
      const client = await connect(t, proxy.port('http'))
      client.send(request)
      assert.equal(statusOf(await client.rest()), 400, request)
    }
  })

  each('D-45: an IPv6 literal is dialled as one', async ({ t, start }) => {
    const proxy = await start()
    const client = await connect(t, proxy.port('http'))
    client.send(ask(`[::1]:${await closedPort()}`))
    const told = JSON.parse((await client.message()).body) as Refusal
    assert.ok(['refused', 'unreachable'].includes(told.cause), told.cause)
  })

  each('a mapping says 405 to it', async ({ mapped }) => {
    const { client } = await mapped()
    client.send(ask('example.com:443'))
    assert.equal(statusOf(await client.rest()), 405)
  })

  each('a client that leaves while the name is looked up takes the dial along', async ({ t, start }) => {
    for (const upstream of [[], ['10.0.0.0/8']]) {
      const asked = Promise.withResolvers<void>()
      const cancelled = Promise.withResolvers<void>()
      const resolver: Resolver = { lookup: () => { asked.resolve(); return { cancel: () => cancelled.resolve() } } }
      const proxy = await start({ resolver, settings: { upstream } })
      const client = await connect(t, proxy.port('http'))
      client.send(ask('slow.test:80'))
      await asked.promise
      client.reset()
      await cancelled.promise
      await proxy.until('connection.closed')
      assert.equal(proxy.runtime.connections().length, 0)
    }
  })

  each('the trace of its request is in its event', async ({ forward }) => {
    const { client, proxy, upstream } = await forward()
    client.send(ask(upstream.authority, 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'X-Fault-Run: r1', 'x-fault-key: k1'))
    await client.head()
    client.end()
    ;(await upstream.next()).end()
    const { traceparent, run, key } = await proxy.until('exchange.finished')
    assert.deepEqual({ traceparent, run, key }, { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', run: 'r1', key: 'k1' })
  })

  each('only targets that match --upstream are faulted inside tunnels', async ({ t, start }) => {
    const upstream = await origin(t)
    const resolver = names({ 'in.test': ['127.0.0.1'], 'out.test': ['127.0.0.1'], 'net.test': ['127.0.0.1'] })
    const proxy = await start({ resolver, settings: { upstream: ['in.test'] }, faults: ['latency 200ms'] })
    const times: Record<string, number> = {}
    for (const host of ['in.test', 'out.test']) {
      const client = await connect(t, proxy.port('http'))
      client.send(ask(`${host}:${upstream.port}`))
      await client.head()
      const up = await upstream.next()
      const from = performance.now()
      up.send('x')
      await client.take(1)
      times[host] = performance.now() - from
      client.reset()
      assert.equal((await proxy.until('exchange.finished', (event) => event.target.startsWith(host))).matched, host === 'in.test')
    }
    assert.ok(times['in.test']! > times['out.test']! + 150, JSON.stringify(times))
  })
})
