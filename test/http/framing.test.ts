import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { suite } from 'node:test'
import { connect, each, head, ok, origin, server, sleep, statusOf, within } from './support.ts'

const get = (path = '/', ...fields: string[]): string => head(`GET ${path} HTTP/1.1`, 'Host: web.test', ...fields)

suite('interim responses', () => {
  each('100 Continue is asked for, comes and is followed by the body and the final answer', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    const request = head('POST / HTTP/1.1', 'Host: web.test', 'Content-Length: 5', 'Expect: 100-continue')
    client.send(request)
    const up = await upstream.next()
    assert.equal(await up.head(), request)
    assert.equal(up.unread, '')
    up.send(head('HTTP/1.1 100 Continue'))
    assert.equal(await client.head(), head('HTTP/1.1 100 Continue'))
    client.send('hello')
    assert.equal(await up.take(5), 'hello')
    up.send(ok('done'))
    assert.equal(await client.head() + await client.take(4), ok('done'))
    client.send(get('/next'))
    assert.equal(await up.head(), get('/next'))
  })

  each('102 and 103 pass in their order, each with its fields, before any final answer', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get())
    const up = await upstream.next()
    await up.head()
    const interim = head('HTTP/1.1 102 Processing') + head('HTTP/1.1 103 Early Hints', 'link: </a.css>; rel=preload', 'Link: </b.css>; rel=preload')
    up.send(interim)
    assert.equal(await client.take(interim.length), interim)
    up.send(head('HTTP/1.1 103 Early Hints', 'Link: </c>') + ok('final'))
    assert.equal(await client.until('final'), head('HTTP/1.1 103 Early Hints', 'Link: </c>') + ok('final'))
  })

  each('an HTTP/1.0 client sees no interim response', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(head('GET / HTTP/1.0', 'Host: web.test'))
    const up = await upstream.next()
    await up.head()
    up.send(head('HTTP/1.1 103 Early Hints', 'Link: </c>') + head('HTTP/1.1 100 Continue') + ok('final'))
    assert.equal(await client.rest(), ok('final'))
  })

  each('an upstream that fails behind an interim response is still 502', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get())
    const up = await upstream.next()
    await up.head()
    up.send(head('HTTP/1.1 103 Early Hints', 'Link: </c>'))
    await client.head()
    up.reset()
    assert.equal(statusOf((await client.message()).head), 502)
  })

  each('a final answer instead of 100 passes, and the client may go on with its body all the same', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(head('PUT / HTTP/1.1', 'Host: web.test', 'Content-Length: 5', 'Expect: 100-continue'))
    const up = await upstream.next()
    await up.head()
    up.send(ok('no need'))
    assert.equal((await client.message()).body, 'no need')
    client.send(`hello${get('/next')}`)
    assert.equal(await up.take(5), 'hello')
    assert.equal(await up.head(), get('/next'))
    up.send(ok('second'))
    assert.equal((await client.message()).body, 'second')
  })
})

suite('framing of responses', () => {
  const bodiless = [
    ['HEAD with a length', 'HEAD', head('HTTP/1.1 200 OK', 'Content-Length: 1234')],
    ['HEAD with chunks announced', 'HEAD', head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')],
    ['HEAD without any', 'HEAD', head('HTTP/1.1 200 OK')],
    ['204', 'GET', head('HTTP/1.1 204 No Content')],
    ['304 with a length', 'GET', head('HTTP/1.1 304 Not Modified', 'Content-Length: 99', 'ETag: "x"')],
    ['a length of 0', 'GET', head('HTTP/1.1 200 OK', 'Content-Length: 0')],
  ] as const
  each('answers without a body end with their head, and the connection goes on', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    let up
    for (const [what, method, answer] of bodiless) {
      client.send(head(`${method} / HTTP/1.1`, 'Host: web.test'))
      up ??= await upstream.next()
      await up.head()
      up.send(answer)
      assert.equal(await client.head(), answer, what)
    }
    assert.equal(upstream.peers.length, 1)
    assert.equal(client.unread, '')
  })

  each('chunks pass byte for byte both ways, with extensions and trailers, however they are cut', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    const body = '5;name=value;q="a;b"\r\nhello\r\n00A\r\n0123456789\r\n3 ;x\r\na\r\n\r\n0;last\r\nX-Trailer: one\r\nx-trailer:two\r\n\r\n'
    const request = head('POST /up HTTP/1.1', 'Host: web.test', 'transfer-ENCODING:   Chunked', 'Trailer: X-Trailer') + body
    const answer = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Trailer: X-Trailer') + body
    for (const step of [1, 7, request.length]) {
      client.send(get('/warm'))
      const up = await upstream.next()
      await up.head()
      up.send(ok('w'))
      await client.message()
      for (let at = 0; at < request.length; at += step) {
        client.send(request.slice(at, at + step))
        if (step < 10 && at % 10 === 0) await sleep(0)
      }
      assert.equal(await up.take(request.length), request)
      for (let at = 0; at < answer.length; at += step) {
        up.send(answer.slice(at, at + step))
        if (step < 10 && at % 10 === 0) await sleep(0)
      }
      assert.equal(await client.take(answer.length), answer)
      up.end()
      await up.ended()
    }
  })

  each('a response that lasts until the FIN passes with its FIN, and the next request is not read', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get('/1') + get('/2'))
    const up = await upstream.next()
    await up.head()
    up.send(`${head('HTTP/1.1 200 OK')}some`)
    assert.equal(await client.until('some'), `${head('HTTP/1.1 200 OK')}some`)
    up.send(' more').end()
    assert.equal(await client.rest(), ' more')
    assert.equal(upstream.peers.length, 1)
  })

  each('a chunked answer to an HTTP/1.0 client arrives without chunks and until the end of the connection', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(head('GET / HTTP/1.0', 'Host: web.test', 'Connection: keep-alive'))
    const up = await upstream.next()
    await up.head()
    up.send(`${head('HTTP/1.1 200 OK', 'X-A: 1', 'Transfer-Encoding: chunked', 'Trailer: X-T', 'Connection: keep-alive')}5\r\nhel`)
    await sleep(20)
    up.send('lo\r\n7;ext\r\n, world\r\n0\r\nX-T: 1\r\n\r\n')
    assert.equal(await client.rest(), `${head('HTTP/1.1 200 OK', 'X-A: 1', 'Connection: close')}hello, world`)
  })

  each('an HTTP/1.0 client gets its connection closed, one that asks for keep-alive keeps it', async ({ t, mapped }) => {
    const { client, proxy, upstream } = await mapped()
    client.send(head('GET / HTTP/1.0'))
    const up = await upstream.next()
    assert.equal(await up.head(), head('GET / HTTP/1.0'))
    up.send(ok('one'))
    assert.equal(await client.rest(), ok('one'))
    const other = await connect(t, proxy.port('web'))
    for (const path of ['/1', '/2']) {
      const request = head(`GET ${path} HTTP/1.0`, 'Connection: Keep-Alive')
      other.send(request)
      const kept = path === '/1' ? await upstream.next() : upstream.peers[1]!
      assert.equal(await kept.head(), request)
      kept.send(ok('kept', 'Connection: Keep-Alive'))
      assert.equal((await other.message()).body, 'kept')
    }
  })

  each('an HTTP/1.0 upstream ends the connection, unless it says keep-alive', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get('/1'))
    const up = await upstream.next()
    await up.head()
    const kept = `${head('HTTP/1.0 200 OK', 'Content-Length: 2', 'Connection: keep-alive')}ab`
    up.send(kept)
    assert.equal(await client.take(kept.length), kept)
    client.send(get('/2'))
    await up.head()
    const last = `${head('HTTP/1.0 200 OK', 'Content-Length: 2')}cd`
    up.send(last)
    assert.equal(await client.rest(), last)
    assert.equal(await up.ended(), 'end')
  })
})

suite('streams', () => {
  each('D-43: events of an event stream arrive as they are sent', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(get('/events', 'Accept: text/event-stream'))
    const up = await upstream.next()
    await up.head()
    up.send(head('HTTP/1.1 200 OK', 'Content-Type: text/event-stream', 'Transfer-Encoding: chunked'))
    await client.head()
    for (let n = 0; n < 5; n++) {
      const event = `data: ${n}\n\n`
      const chunk = `${event.length.toString(16)}\r\n${event}\r\n`
      up.send(chunk)
      assert.equal(await client.take(chunk.length), chunk)
    }
    client.reset()
    assert.notEqual(await up.ended(), undefined)
  })

  each('D-43: an upload of 50 MB streams through without being gathered', async ({ t, start }) => {
    const upstream = await origin(t)
    const proxy = await start({ proxies: [`web@0=http://${upstream.authority}`] })
    const client = await connect(t, proxy.port('web'))
    const [piece, count] = [randomBytes(1 << 20), 50]
    const sent = createHash('md5')
    const received = createHash('md5')
    client.send(head('PUT /big HTTP/1.1', 'Host: web.test', `Content-Length: ${piece.length * count}`))
    const up = await upstream.next()
    await up.head()
    up.socket.removeAllListeners('data')
    let bytes = 0
    let held = 0
    const { promise, resolve } = Promise.withResolvers<void>()
    up.socket.on('data', (chunk: Buffer) => {
      received.update(chunk)
      bytes += chunk.length
      held = Math.max(held, proxy.runtime.sample().heldBytes)
      if (bytes === piece.length * count) resolve()
    })
    for (let n = 0; n < count; n++) {
      sent.update(piece)
      if (!client.socket.write(piece)) await new Promise((drained) => client.socket.once('drain', drained))
    }
    await within('the whole upload', promise, 20_000)
    assert.equal(received.digest('hex'), sent.digest('hex'))
    assert.ok(held < 4_000_000, `${held} bytes were held`)
    up.send(ok('thanks'))
    assert.equal((await client.message()).body, 'thanks')
  })

  each('a download of 50 MB to a client that pauses is held up, not gathered', async ({ t, start }) => {
    const piece = randomBytes(1 << 20)
    let written = 0
    const upstream = await server(t, (_asked, peer) => {
      peer.send(head('HTTP/1.1 200 OK', `Content-Length: ${piece.length * 50}`))
      const more = (): void => {
        while (written < 50) {
          written++
          if (!peer.socket.write(piece)) return void peer.socket.once('drain', more)
        }
      }
      more()
      return ''
    })
    const proxy = await start({ proxies: [`web@0=http://${upstream.authority}`] })
    const client = await connect(t, proxy.port('web'))
    client.socket.pause()
    client.send(get('/big'))
    await proxy.until('exchange.started')
    let last = -1
    for (let still = 0; still < 4; still = written === last ? still + 1 : 0) { last = written; await sleep(40) }
    assert.ok(written < 30, `${written} MB left the upstream while nobody read`)
    assert.ok(proxy.runtime.sample().heldBytes < 4_000_000)
    client.socket.resume()
    const { body } = await client.message()
    assert.equal(body.length, piece.length * 50)
  })
})

suite('answers that come before the request is complete', () => {
  each('with the connection kept, the rest of the request goes on to the upstream, and the next one follows', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(`${head('POST / HTTP/1.1', 'Host: web.test', 'Content-Length: 10')}01234`)
    const up = await upstream.next()
    await up.until('01234')
    up.send(ok('early'))
    assert.equal((await client.message()).body, 'early')
    client.send(`56789${get('/next')}`)
    assert.equal(await up.take(5), '56789')
    assert.equal(await up.head(), get('/next'))
    up.send(ok('next'))
    assert.equal((await client.message()).body, 'next')
    assert.equal(upstream.peers.length, 1)
  })

  each('with "Connection: close" the client still gets the whole answer while it is sending', async ({ t, start }) => {
    const answer = ok('too large'.padEnd(200_000, '.'), 'Connection: close')
    const upstream = await origin(t)
    const proxy = await start({ proxies: [`web@0=http://${upstream.authority}`] })
    const client = await connect(t, proxy.port('web'))
    client.send(head('POST / HTTP/1.1', 'Host: web.test', 'Content-Length: 30000000'))
    const up = await upstream.next()
    await up.head()
    up.send(answer).end()
    const pieces = Buffer.alloc(100_000)
    for (let n = 0; n < 50 && !client.fate; n++) {
      client.send(pieces)
      await sleep(2)
    }
    assert.equal(await client.rest(), answer)
    assert.equal(await up.ended(), 'end')
  })

  each('a client that reads only when it has sent everything still finds the answer', async ({ t, start }) => {
    const proxy = await start({ faults: ['http-response 503 body=busy'] })
    const client = await connect(t, proxy.port('http'))
    client.socket.pause()
    client.send(head('PUT http://web.test/ HTTP/1.1', 'Host: web.test', 'Content-Length: 20000000'))
    for (let n = 0; n < 20; n++) {
      client.send(Buffer.alloc(1_000_000))
      await sleep(80)
    }
    client.socket.resume()
    assert.equal((await client.message()).body, 'busy')
    assert.equal(await client.rest(), '')
  })

  each('an upstream that lets go behind an early answer ends the exchange in good order', async ({ mapped }) => {
    for (const how of ['FIN', 'RST'] as const) {
      const { client, proxy, upstream } = await mapped()
      client.send(`${head('POST / HTTP/1.1', 'Host: web.test', 'Content-Length: 10')}01234`)
      const up = await upstream.next()
      await up.until('01234')
      up.send(ok('early'))
      assert.equal((await client.message()).body, 'early')
      if (how === 'FIN') up.end()
      else up.reset()
      assert.equal(await client.rest(), '', how)
      assert.equal((await proxy.until('exchange.finished')).outcome, 'completed', how)
    }
  })

  each('an answer with a body still on its way while the request is, both stream', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(head('POST / HTTP/1.1', 'Host: web.test', 'Transfer-Encoding: chunked'))
    const up = await upstream.next()
    await up.head()
    up.send(head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'))
    await client.head()
    for (const word of ['one', 'two', 'six']) {
      client.send(`3\r\n${word}\r\n`)
      assert.equal(await up.take(8), `3\r\n${word}\r\n`)
      up.send(`3\r\n${word}\r\n`)
      assert.equal(await client.take(8), `3\r\n${word}\r\n`)
    }
    client.send('0\r\n\r\n')
    await up.take(5)
    up.send('0\r\n\r\n')
    await client.take(5)
    client.send(get('/again'))
    assert.equal(await up.head(), get('/again'))
  })
})
