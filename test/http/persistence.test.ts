import assert from 'node:assert/strict'
import { suite } from 'node:test'
import { connect, each, head, ok, server, sleep, statusOf, within } from './support.ts'

const get = (path: string, ...fields: string[]): string => head(`GET ${path} HTTP/1.1`, 'Host: web.test', ...fields)

suite('persistent connections', () => {
  each('requests one after the other use one connection on each side', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get('/1'))
    const up = await upstream.next()
    for (let round = 1; round <= 5; round++) {
      assert.equal(await up.head(), get(`/${round}`))
      up.send(ok(`answer ${round}`))
      assert.equal((await client.message()).body, `answer ${round}`)
      if (round < 5) client.send(get(`/${round + 1}`))
    }
    assert.equal(upstream.peers.length, 1)
  })

  each('pipelined requests are answered in their order, one at a time', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send([1, 2, 3].map((n) => get(`/${n}`)).join(''))
    const up = await upstream.next()
    for (const n of [1, 2, 3]) {
      assert.equal(await up.head(), get(`/${n}`))
      assert.equal(up.unread, '', 'the next request waits for the answer to this one')
      up.send(ok(`${n}`))
    }
    for (const n of [1, 2, 3]) assert.equal((await client.message()).body, `${n}`)
  })

  each('pipelined requests with bodies, cut anywhere, arrive byte for byte', async ({ t, mapped }) => {
    const { client, proxy } = await mapped()
    const echo = await server(t, async (asked, peer) => {
      const length = Number(/content-length: (\d+)/i.exec(asked)?.[1] ?? 0)
      return ok(`${/^\S+ (\S+)/.exec(asked)![1]} ${await peer.take(length)}`)
    })
    const bodies = ['', 'x', 'body\r\n\r\nGET /not-a-request HTTP/1.1\r\n\r\n', 'y'.repeat(3000)]
    const text = bodies.map((body, n) => head(`POST http://${echo.authority}/${n} HTTP/1.1`, `Host: ${echo.authority}`, `Content-Length: ${body.length}`) + body).join('')
    const own = await connect(t, proxy.port('http'))
    for (let at = 0; at < text.length; at += 97) {
      own.send(text.slice(at, at + 97))
      if (at % 5 === 0) await sleep(1)
    }
    for (const [n, body] of bodies.entries()) assert.equal((await own.message()).body, `/${n} ${body}`)
    assert.equal(client.unread, '')
  })

  each('a client that pipelines without reading is stopped, and nothing grows without limit', async ({ t, start }) => {
    const big = 'z'.repeat(40_000)
    const upstream = await server(t, () => ok(big))
    const proxy = await start({ proxies: [`web@0=http://${upstream.authority}`] })
    const client = await connect(t, proxy.port('web'))
    client.socket.pause()
    const count = 1500
    client.send(get('/').repeat(count))
    const received = (): number => proxy.runtime.connections().reduce((sum, { bytesDown }) => sum + bytesDown, 0)
    let last = -1
    await within('standstill', (async () => {
      for (let still = 0; still < 5; still = received() === last ? still + 1 : 0) { last = received(); await sleep(40) }
    })())
    assert.ok(last < 20_000_000, `the proxy took in ${last} bytes that nobody reads`)
    client.socket.resume()
    for (let n = 0; n < count; n++) assert.equal((await client.message()).body.length, big.length)
  })

  each('answers of the proxy itself to a client that does not read are bounded too', async ({ t, mapped }) => {
    const { proxy } = await mapped({ faults: [`http-response 503 body=${'e'.repeat(60_000)}`] })
    const client = await connect(t, proxy.port('web'))
    client.socket.pause()
    client.send(get('/').repeat(1500))
    await proxy.until('exchange.finished')
    await sleep(300)
    const sent = proxy.runtime.connections().reduce((sum, { bytesDown }) => sum + bytesDown, 0)
    assert.ok(sent < 20_000_000, `the proxy made ${sent} bytes that nobody reads`)
    client.socket.resume()
    for (let n = 0; n < 1500; n++) assert.equal(statusOf((await client.message()).head), 503)
  })

  each('"Connection: close" of the client passes, and ends both connections after the answer', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get('/', 'Connection: close') + get('/second'))
    const up = await upstream.next()
    assert.equal(await up.head(), get('/', 'Connection: close'))
    up.send(ok('last'))
    assert.equal((await client.message()).body, 'last')
    assert.equal(await client.rest(), '')
    assert.equal(await up.ended(), 'end')
    assert.equal(up.unread, '', 'nothing behind it is a request any more')
  })

  each('"Connection: close" of the upstream passes, and ends both connections after the answer', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get('/'))
    const up = await upstream.next()
    await up.head()
    up.send(ok('last', 'Connection: close')).end()
    assert.equal(await client.rest(), ok('last', 'Connection: close'))
    assert.equal(await up.ended(), 'end')
  })

  each('an upstream that closes its idle connection costs the next request nothing', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get('/1'))
    const first = await upstream.next()
    await first.head()
    first.send(ok('one'))
    await client.message()
    first.end()
    assert.equal(await first.ended(), 'end')
    client.send(head('POST /2 HTTP/1.1', 'Host: web.test', 'Content-Length: 3') + 'abc')
    const second = await upstream.next()
    assert.ok((await second.until('abc')).startsWith('POST /2 '))
    second.send(ok('two'))
    assert.equal((await client.message()).body, 'two')
  })

  for (const how of ['FIN', 'RST']) {
    each(`a request that meets the ${how} of a kept connection is sent again when that can do no harm`, async ({ mapped }) => {
      const { client, upstream } = await mapped()
      client.send(get('/1'))
      const first = await upstream.next()
      await first.head()
      first.send(ok('one'))
      await client.message()
      client.send(get('/2'))
      await first.head()
      if (how === 'FIN') first.end()
      else first.reset()
      const second = await upstream.next()
      assert.equal(await second.head(), get('/2'))
      second.send(ok('two'))
      assert.equal((await client.message()).body, 'two')
    })
  }

  each('a request with a body, or one that is not idempotent, is never sent twice', async ({ t, mapped }) => {
    const { proxy, upstream } = await mapped()
    const requests = [head('POST /p HTTP/1.1', 'Host: web.test', 'Content-Length: 0'), head('PUT /p HTTP/1.1', 'Host: web.test', 'Content-Length: 2') + 'ab', head('PATCH /p HTTP/1.1', 'Host: web.test')]
    for (const [index, request] of requests.entries()) {
      const client = await connect(t, proxy.port('web'))
      client.send(get('/1'))
      const up = await upstream.next()
      await up.head()
      up.send(ok('one'))
      await client.message()
      client.send(request)
      await up.until(request)
      up.end()
      const { head: answer, body } = await client.message()
      assert.equal(statusOf(answer), 502)
      assert.match(answer, /\r\nProxy-Status: fault; error=http_response_incomplete\r\n/)
      assert.equal((JSON.parse(body) as { cause: string }).cause, 'incomplete-response')
      assert.equal(upstream.peers.length, index + 1)
    }
  })

  each('a first request on a new connection is not sent twice, and neither is one whose answer has begun', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get('/fresh'))
    const fresh = await upstream.next()
    await fresh.head()
    fresh.end()
    assert.equal(statusOf((await client.message()).head), 502)
    client.send(get('/1'))
    const up = await upstream.next()
    await up.head()
    up.send(ok('one'))
    await client.message()
    client.send(get('/2'))
    await up.head()
    up.send('HTTP/1.1 200 O').end()
    assert.equal(statusOf((await client.message()).head), 502)
    assert.equal(upstream.peers.length, 2)
  })

  each('bytes nobody asked for, right behind an answer, close that upstream connection and answer nothing', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get('/1') + get('/2'))
    const first = await upstream.next()
    await first.head()
    first.send(ok('one') + ok('smuggled'))
    assert.equal((await client.message()).body, 'one')
    const second = await upstream.next()
    assert.equal(await second.head(), get('/2'))
    second.send(ok('two'))
    assert.equal((await client.message()).body, 'two')
    assert.notEqual(await first.ended(), undefined)
    assert.equal(first.unread, '', 'the second request did not go there')
  })

  for (const [what, answer] of [['without a body', head('HTTP/1.1 204 No Content')], ['chunked', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}3\r\none\r\n0\r\n\r\n`]] as const) {
    each(`the same behind an answer ${what}`, async ({ mapped }) => {
      const { client, upstream } = await mapped()
      client.send(get('/1') + get('/2'))
      const first = await upstream.next()
      await first.head()
      first.send(`${answer}${ok('smuggled')}`)
      await client.message()
      const second = await upstream.next()
      await second.head()
      second.send(ok('two'))
      assert.equal((await client.message()).body, 'two')
    })
  }

  each('bytes that come while nothing was asked close the upstream connection', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get('/1'))
    const first = await upstream.next()
    await first.head()
    first.send(ok('one'))
    await client.message()
    first.send(ok('smuggled'))
    await first.ended()
    client.send(get('/2'))
    const second = await upstream.next()
    await second.head()
    second.send(ok('two'))
    assert.equal((await client.message()).body, 'two')
  })

  each('each upstream connection belongs to one client', async ({ t, mapped }) => {
    const { client, proxy, upstream } = await mapped()
    const other = await connect(t, proxy.port('web'))
    client.send(get('/a'))
    const first = await upstream.next()
    await first.head()
    first.send(ok('a'))
    await client.message()
    other.send(get('/b'))
    const second = await upstream.next()
    assert.equal(await second.head(), get('/b'))
    second.send(ok('b'))
    assert.equal((await other.message()).body, 'b')
    first.reset()
    other.send(get('/c'))
    await second.head()
    second.send(ok('c'))
    assert.equal((await other.message()).body, 'c')
  })

  each('the forward proxy changes its upstream with the target, and closes the one before', async ({ t, forward }) => {
    const { client, upstream } = await forward()
    const other = await server(t, () => ok('other'))
    client.send(head(`GET http://${upstream.authority}/ HTTP/1.1`, `Host: ${upstream.authority}`))
    const up = await upstream.next()
    await up.head()
    up.send(ok('first'))
    assert.equal((await client.message()).body, 'first')
    client.send(head(`GET http://${other.authority}/ HTTP/1.1`, `Host: ${other.authority}`))
    assert.equal((await client.message()).body, 'other')
    assert.equal(await up.ended(), 'end')
  })

  each('a client that half-closes behind its requests still gets every answer, whole', async ({ t, start }) => {
    const big = 'q'.repeat(3_000_000)
    const upstream = await server(t, () => ok(big))
    const proxy = await start({ proxies: [`web@0=http://${upstream.authority}`] })
    const client = await connect(t, proxy.port('web'))
    client.socket.pause()
    client.send(get('/1') + get('/2')).end()
    await sleep(1600)
    client.socket.resume()
    assert.equal((await client.message()).body, big)
    assert.equal((await client.message()).body, big)
    assert.equal(await client.rest(), '')
  })

  each('a slow reader gets the whole of a last answer, however long that takes', async ({ t, start }) => {
    const big = 'q'.repeat(6_000_000)
    const upstream = await server(t, () => ok(big, 'Connection: close'))
    const proxy = await start({ proxies: [`web@0=http://${upstream.authority}`] })
    const client = await connect(t, proxy.port('web'))
    client.socket.pause()
    client.send(get('/'))
    await sleep(1800)
    client.socket.resume()
    assert.equal((await client.message()).body.length, big.length)
    assert.equal(await client.rest(), '')
  })
})
