import assert from 'node:assert/strict'
import { suite } from 'node:test'
import { connect, each, head, ok, sleep, statusOf } from './support.ts'

const ask = (...fields: string[]): string => head('GET /chat HTTP/1.1', 'Host: web.test', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', ...fields)
const SWITCH = head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
const get = (path = '/'): string => head(`GET ${path} HTTP/1.1`, 'Host: web.test')

suite('upgrades', () => {
  each('a WebSocket passes both ways, with bytes right behind the request and right behind the 101', async ({ mapped }) => {
    const { client, proxy, upstream } = await mapped()
    client.send(`${ask()}\x81\x05hello`)
    const up = await upstream.next()
    assert.equal(await up.head(), ask())
    await sleep(30)
    assert.equal(up.unread, '', 'what may be frames waits for the 101')
    up.send(`${SWITCH}\x81\x02hi`)
    assert.equal(await client.take(SWITCH.length + 4), `${SWITCH}\x81\x02hi`)
    assert.equal(await up.take(7), '\x81\x05hello')
    for (let n = 0; n < 3; n++) {
      client.send(`up ${n}`)
      assert.equal(await up.take(4), `up ${n}`)
      up.send(`down ${n}`)
      assert.equal(await client.take(6), `down ${n}`)
    }
    client.end()
    assert.equal(await up.ended(), 'end')
    up.send('last words').end()
    assert.equal(await client.rest(), 'last words')
    const { outcome, status } = await proxy.until('exchange.finished')
    assert.deepEqual({ outcome, status }, { outcome: 'completed', status: 101 })
  })

  each('the upstream may end its side first, and still hear the rest', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(ask())
    const up = await upstream.next()
    await up.head()
    up.send(`${SWITCH}bye`).end()
    assert.equal(await client.rest(), `${SWITCH}bye`)
    client.send('one more thing').end()
    assert.equal(await up.rest(), 'one more thing')
  })

  each('a client that has ended its side before the 101 still gets what follows, and the upstream learns of the end', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(ask()).end()
    const up = await upstream.next()
    await up.head()
    up.send(SWITCH)
    assert.equal(await up.rest(), '')
    up.send('data').end()
    assert.equal(await client.rest(), `${SWITCH}data`)
  })

  each('RST passes through, either way', async ({ mapped }) => {
    for (const from of ['client', 'upstream']) {
      const { client, upstream } = await mapped()
      client.send(ask())
      const up = await upstream.next()
      await up.head()
      up.send(SWITCH)
      await client.take(SWITCH.length)
      if (from === 'client') client.reset()
      else up.reset()
      assert.equal(await (from === 'client' ? up : client).ended(), 'reset', from)
    }
  })

  each('other protocols and an upgrade with a body pass as well', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    const request = `${head('POST /ipp HTTP/1.1', 'Host: web.test', 'Connection: keep-alive, Upgrade', 'Upgrade: custom/2', 'Content-Length: 4')}body`
    client.send(request.slice(0, -2))
    const up = await upstream.next()
    await up.until('bo')
    client.send('dy')
    await up.take(2)
    const answer = head('HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: custom/2')
    up.send(answer)
    assert.equal(await client.head(), answer)
    client.send('raw')
    assert.equal(await up.take(3), 'raw')
  })

  each('refused with 200, the connection stays HTTP, and what came behind the request is the next one', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(ask() + get('/next'))
    const up = await upstream.next()
    assert.equal(await up.head(), ask())
    up.send(ok('no'))
    assert.equal((await client.message()).body, 'no')
    assert.equal(await up.head(), get('/next'))
    up.send(ok('next'))
    assert.equal((await client.message()).body, 'next')
    client.send(get('/third'))
    assert.equal(await up.head(), get('/third'))
    assert.equal(upstream.peers.length, 1)
  })

  each('426 with its Upgrade field passes as it is', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get())
    const up = await upstream.next()
    await up.head()
    const answer = head('HTTP/1.1 426 Upgrade Required', 'Connection: Upgrade', 'Upgrade: HTTP/3.0', 'Content-Length: 0')
    up.send(answer)
    assert.equal(await client.head(), answer)
  })

  each('a 101 nobody asked for is 502, and nothing of it becomes a tunnel', async ({ mapped }) => {
    for (const request of [get(), head('GET / HTTP/1.0', 'Connection: upgrade', 'Upgrade: websocket'), head('GET / HTTP/1.1', 'Host: web.test', 'Upgrade: websocket')]) {
      const { client, upstream } = await mapped()
      client.send(request)
      const up = await upstream.next()
      await up.head()
      up.send(`${SWITCH}tunnelled`)
      const { head: answer, body } = await client.message()
      assert.equal(statusOf(answer), 502)
      assert.equal((JSON.parse(body) as { cause: string }).cause, 'bad-response')
      assert.equal(await up.ended().then(() => client.unread), '')
    }
  })

  each('through the forward proxy a WebSocket works too', async ({ forward }) => {
    const { client, upstream } = await forward()
    client.send(head(`GET http://${upstream.authority}/chat?x=1 HTTP/1.1`, `Host: ${upstream.authority}`, 'Connection: Upgrade', 'Upgrade: websocket'))
    const up = await upstream.next()
    assert.equal(await up.head(), head('GET /chat?x=1 HTTP/1.1', `Host: ${upstream.authority}`, 'Connection: Upgrade', 'Upgrade: websocket'))
    up.send(`${SWITCH}x`)
    await client.take(SWITCH.length + 1)
    client.send('y')
    assert.equal(await up.take(1), 'y')
  })

  each('a slow tunnel peer holds the other up, and every byte arrives', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(ask())
    const up = await upstream.next()
    await up.head()
    up.send(SWITCH)
    await client.head()
    up.socket.pause()
    const bytes = Buffer.alloc(8_000_000, 'abcdefghij')
    client.send(bytes).end()
    up.send('answer').end()
    assert.equal(await client.rest(), 'answer')
    await sleep(100)
    up.socket.resume()
    assert.equal((await up.rest()).length, bytes.length)
  })

  each('a latency on the way up does not end the tunnel it belongs to', async ({ t, mapped }) => {
    const { proxy, upstream } = await mapped({ faults: ['latency 30ms perReadWrite=true side=client direction=ingress'] })
    const client = await connect(t, proxy.port('web'))
    client.send(ask())
    const up = await upstream.next()
    await up.head()
    up.send(SWITCH)
    await client.head()
    for (const word of ['one', 'two']) {
      client.send(word)
      assert.equal(await up.take(3), word)
    }
    assert.equal(up.fate, undefined)
    client.end()
    assert.equal(await up.rest(), '')
  })
})
