import assert from 'node:assert/strict'
import { suite } from 'node:test'
import type tls from 'node:tls'
import { AUTHORITY, CERTIFICATE, KEY } from './certificates.ts'
import { connect, connectTls, each, head, ok, origin, sleep, statusOf } from './support.ts'

const get = (path = '/', ...fields: string[]): string => head(`GET ${path} HTTP/1.1`, 'Host: secure.test', ...fields)
const served: tls.TlsOptions = { cert: CERTIFICATE, key: KEY }
const trusting = { ca: AUTHORITY, servername: 'localhost' }
interface Told { readonly error: string; readonly cause: string }

suite('HTTP with TLS', () => {
  each('a clear request to an https mapping is wrapped in TLS', async ({ t, start }) => {
    const upstream = await origin(t, served)
    const proxy = await start({ proxies: [`web@0=https://localhost:${upstream.port}`], settings: { upstreamCa: AUTHORITY } })
    const client = await connect(t, proxy.port('web'))
    for (const path of ['/1', '/2']) {
      client.send(head(`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${proxy.port('web')}`))
      const up = upstream.peers[0] ?? await upstream.next()
      assert.equal(await up.head(), head(`GET ${path} HTTP/1.1`, `Host: localhost:${upstream.port}`))
      assert.equal((up.socket as tls.TLSSocket & { servername: string }).servername, 'localhost')
      up.send(ok('sealed'))
      assert.equal((await client.message()).body, 'sealed')
    }
    assert.equal(upstream.peers.length, 1)
  })

  each('a certificate that is not trusted is 502, unless upstreamInsecure', async ({ t, start }) => {
    const upstream = await origin(t, served)
    for (const upstreamInsecure of [false, true]) {
      const proxy = await start({ proxies: [`web@0=https://localhost:${upstream.port}`], settings: { upstreamInsecure } })
      const client = await connect(t, proxy.port('web'))
      client.send(get())
      if (upstreamInsecure) {
        const up = await upstream.next()
        await up.head()
        up.send(ok('fine'))
        assert.equal((await client.message()).body, 'fine')
        continue
      }
      const { head: answer, body } = await client.message()
      assert.equal(statusOf(answer), 502)
      assert.match(answer, /\r\nProxy-Status: fault; error=tls_protocol_error\r\n/)
      const told = JSON.parse(body) as Told
      assert.equal(told.cause, 'tls')
      assert.match(told.error, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|self.signed/i)
    }
  })

  each('an https mapping to an upstream that speaks clear text is 502', async ({ t, start }) => {
    const upstream = await origin(t, undefined, (peer) => peer.send('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const proxy = await start({ proxies: [`web@0=https://${upstream.authority}`] })
    const client = await connect(t, proxy.port('web'))
    client.send(get())
    const { body } = await client.message()
    assert.equal((JSON.parse(body) as Told).cause, 'tls')
  })

  for (const cut of [0, 1, 5]) {
    each(`a client's own TLS to an https mapping is tunnelled untouched${cut > 0 ? `, also when ${cut} bytes of it come first` : ''}`, async ({ t, start }) => {
      const upstream = await origin(t, served)
      // A certificate for other mappings does not change that.
      const proxy = await start({ proxies: [`web@0=https://localhost:${upstream.port}`], settings: { tlsCert: CERTIFICATE, tlsKey: KEY, upstreamCa: AUTHORITY } })
      const front = await origin(t, undefined, (peer) => {
        peer.socket.removeAllListeners('data')
        peer.socket.pause()
        void connect(t, proxy.port('web')).then(({ socket }) => {
          socket.removeAllListeners('data')
          socket.pipe(peer.socket)
          peer.socket.once('data', (first: Buffer) => {
            socket.write(first.subarray(0, cut))
            setTimeout(() => { socket.write(first.subarray(cut)); peer.socket.pipe(socket) }, 20)
          })
          peer.socket.resume()
        })
      })
      const client = await connectTls(t, cut > 0 ? front.port : proxy.port('web'), trusting)
      client.send('not even HTTP')
      const up = await upstream.next()
      assert.equal(await up.take(13), 'not even HTTP')
      up.send('answer')
      assert.equal(await client.take(6), 'answer')
      client.end()
      up.end()
      const record = await proxy.until('exchange.finished')
      assert.deepEqual([record.kind, record.outcome], ['raw', 'completed'])
    })
  }

  each('LEFT https and tls end the client\'s TLS; the request goes on in clear text or in TLS of its own', async ({ t, start }) => {
    const [clear, sealed] = [await origin(t), await origin(t, served)]
    const settings = { tlsCert: CERTIFICATE, tlsKey: KEY, upstreamCa: AUTHORITY }
    const proxy = await start({ settings, proxies: [`a@https:0=http://${clear.authority}`, `b@tls:0=http://${clear.authority}`, `c@https:0=https://localhost:${sealed.port}`] })
    for (const [name, upstream] of [['a', clear], ['b', clear], ['c', sealed]] as const) {
      const client = await connectTls(t, proxy.port(name), trusting)
      client.send(head('GET /1 HTTP/1.1', `Host: localhost:${proxy.port(name)}`))
      const up = await upstream.next()
      assert.equal(await up.head(), head('GET /1 HTTP/1.1', `Host: ${name === 'c' ? `localhost:${sealed.port}` : clear.authority}`), name)
      up.send(ok('x'))
      assert.equal((await client.message()).body, 'x')
      client.send(get('/2', 'Connection: close'))
      await up.head()
      const big = ok('y'.repeat(3_000_000), 'Connection: close')
      up.send(big)
      assert.equal((await client.rest()).length, big.length)
    }
  })

  each('clear text to a listener that ends TLS ends the connection, with one event', async ({ t, start }) => {
    const upstream = await origin(t)
    const proxy = await start({ settings: { tlsCert: CERTIFICATE, tlsKey: KEY }, proxies: [`web@https:0=http://${upstream.authority}`] })
    const client = await connect(t, proxy.port('web'))
    client.send(get())
    await client.ended()
    const { reason } = await proxy.until('connection.closed')
    assert.match(reason, /^client-tls: /)
    assert.equal(upstream.peers.length, 0)
  })

  each('D-46: the forward proxy asks an https target with TLS, whatever its port', async ({ t, start }) => {
    const upstream = await origin(t, served)
    const proxy = await start({ settings: { upstreamCa: AUTHORITY } })
    const client = await connect(t, proxy.port('http'))
    client.send(head(`GET https://localhost:${upstream.port}/x HTTP/1.1`, `Host: localhost:${upstream.port}`))
    const up = await upstream.next()
    assert.equal(await up.head(), head('GET /x HTTP/1.1', `Host: localhost:${upstream.port}`))
    up.send(ok('sealed'))
    assert.equal((await client.message()).body, 'sealed')
  })

  each('a kept TLS connection that its upstream closed costs the next request nothing', async ({ t, start }) => {
    const upstream = await origin(t, served)
    const proxy = await start({ proxies: [`web@0=https://localhost:${upstream.port}`], settings: { upstreamCa: AUTHORITY } })
    const client = await connect(t, proxy.port('web'))
    for (const how of ['end', 'no close_notify']) {
      client.send(get())
      const up = await upstream.next()
      await up.head()
      up.send(ok('x'))
      await client.message()
      if (how === 'end') up.end()
      else up.socket.destroy()
      await sleep(30)
    }
    client.send(get())
    const up = await upstream.next()
    await up.head()
    up.send(ok('last'))
    assert.equal((await client.message()).body, 'last')
  })
})
