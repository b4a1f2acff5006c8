import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { rig, transports, type TransportName } from '../helpers/rig.ts'
import { answer, laneProxies, lanes, type Lane } from './lanes.ts'
import { serve, type Peer } from './peers.ts'

const MiB = 1024 * 1024
const web = lanes.filter(({ http }) => http)

/** A client and a server that have met on one lane: the request's head has arrived. */
async function meet(t: TestContext, transport: TransportName, lane: Lane, head: string, faults: readonly string[] = []) {
  const upstream = await serve(t)
  const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults })
  const client = await lane.open(t, proxy, upstream.port)
  client.write(head.replace('TARGET', lane.target(upstream.port, '/path?query')).replace('AUTHORITY', `127.0.0.1:${upstream.port}`))
  const server = await upstream.peer(0)
  await server.until('\r\n\r\n')
  return { proxy, upstream, client, server }
}

const POST = 'POST TARGET HTTP/1.1\r\nHost: AUTHORITY\r\nTransfer-Encoding: chunked\r\n\r\n'
const GET = 'GET TARGET HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n'
const sha = (peer: Peer, from: number): string => createHash('sha256').update(Buffer.concat(peer.chunks).subarray(from)).digest('hex')

for (const transport of transports) for (const lane of web) describe(`${transport}: ${lane.name}`, { concurrency: 4 }, () => {
  test('D-43: an upload reaches the upstream while it is still being sent', async (t) => {
    const { client, server } = await meet(t, transport, lane, POST)
    for (const [chunk, size] of [['one', 3], ['three', 5]] as const) {
      client.write(`${size}\r\n${chunk}\r\n`)
      await server.until(`${size}\r\n${chunk}\r\n`)
    }
    server.write(answer('early enough'))
    client.write('0\r\n\r\n')
    await client.until('early enough')
    await server.until('0\r\n\r\n')
  })

  test('D-43: server-sent events reach the client one by one', async (t) => {
    const { client, server } = await meet(t, transport, lane, GET)
    server.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n')
    await client.until('\r\n\r\n')
    for (let nth = 1; nth <= 3; nth++) {
      server.write(`data: ${nth}\n\n`)
      await client.until(`data: ${nth}\n\n`)
    }
  })

  test('D-43: chunks reach the client one by one, with extensions and trailers as they are', async (t) => {
    const { client, server } = await meet(t, transport, lane, GET)
    server.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (const part of ['3;name=value\r\none\r\n', '05\r\nthree\r\n', '0\r\nTrailer-Field: yes\r\n\r\n']) {
      server.write(part)
      await client.until(part)
    }
  })

  test('D-43: a long answer to a slow client holds up its upstream instead of filling memory', async (t) => {
    const { proxy, client, server } = await meet(t, transport, lane, GET)
    client.socket.pause()
    const body = randomBytes(16 * MiB)
    server.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`).write(body)
    for (let last = -1; last < proxy.runtime.connections()[0]!.bytesDown;) {
      last = proxy.runtime.connections()[0]!.bytesDown
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    assert.ok(proxy.runtime.sample().heldBytes < MiB)
    client.socket.resume()
    const text = await client.until(body.length)
    await client.until(text.indexOf('\r\n\r\n') + 4 + body.length)
    assert.equal(sha(client, text.indexOf('\r\n\r\n') + 4), createHash('sha256').update(body).digest('hex'))
  })

  test('an interim answer is passed on before the final one', async (t) => {
    const { client, server } = await meet(t, transport, lane, 'POST TARGET HTTP/1.1\r\nHost: AUTHORITY\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n')
    server.write('HTTP/1.1 100 Continue\r\n\r\n')
    assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
    client.write('body')
    await server.until('body')
    server.write(answer('done'))
    await client.until('done')
  })

  test('D-13: redirects, statuses and encodings pass as they are', async (t) => {
    const encoded = gzipSync('plain text')
    const answers: readonly (string | Buffer)[] = [
      'HTTP/1.1 302 Moved Over There\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n',
      Buffer.concat([Buffer.from(`HTTP/1.1 203 Odd\r\nContent-Encoding: gzip\r\nContent-Length: ${encoded.length}\r\n\r\n`), encoded]),
      'HTTP/1.1 599 \r\ncontent-length: 2\r\n\r\n\x00\xff',
      'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 1000\r\n\r\n',
      'HTTP/1.1 204 No Content\r\n\r\n',
    ]
    const { client, server, upstream } = await meet(t, transport, lane, GET)
    for (const text of answers) {
      client.clear()
      server.write(text)
      const bytes = Buffer.from(text as string, 'latin1')
      await client.until(bytes.length)
      assert.equal(Buffer.concat(client.chunks).toString('latin1'), bytes.toString('latin1'))
      server.clear()
      client.write(GET.replace('TARGET', lane.target(upstream.port, '/')).replace('AUTHORITY', `127.0.0.1:${upstream.port}`))
      await server.until('\r\n\r\n')
    }
    assert.equal(upstream.peers.length, 1, 'nothing was followed, and the connection was kept')
  })

  test('D-14: heads keep their order, case, repeats and values; what is for the proxy goes', async (t) => {
    const fields = ['X-Odd: two  blanks', 'x-odd: again', 'COOKIE: a=1', 'Cookie: b=2', 'Accept-Encoding: gzip', 'Via: 1.1 somebody', 'Empty: ']
    const { client, server, upstream } = await meet(t, transport, lane, `GET TARGET HTTP/1.1\r\n${fields.slice(0, 3).join('\r\n')}\r\nhOsT: AUTHORITY\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\nConnection: X-Hop\r\nX-Hop: gone\r\n${fields.slice(3).join('\r\n')}\r\n\r\n`)
    assert.deepEqual(server.text.split('\r\n'), (`GET /path?query HTTP/1.1\r\n${fields.slice(0, 3).join('\r\n')}\r\nhOsT: 127.0.0.1:${upstream.port}\r\n${fields.slice(3).join('\r\n')}\r\n\r\n`).split('\r\n'))
    const head = 'HTTP/1.1 200 Fine\r\nset-cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\nX-b:1\r\nX-A: 2\r\nSET-COOKIE: c=3\r\nContent-Length: 2\r\n\r\nok'
    server.write(head)
    assert.equal(await client.until('ok'), head)
  })

  test('D-14: what no fault matches passes byte for byte, blanks too', async (t) => {
    const { client, server, upstream } = await meet(t, transport, lane, 'GET TARGET HTTP/1.1\r\nhost: AUTHORITY\r\nx-B:  1 \r\nX-a:2\r\n\r\n', ['latency 5s host=elsewhere.test', 'http-response 503 path=/other'])
    assert.equal(server.text, `GET /path?query HTTP/1.1\r\nhost: 127.0.0.1:${upstream.port}\r\nx-B:  1 \r\nX-a:2\r\n\r\n`)
    const head = 'HTTP/1.1 200 OK\r\nb:2\r\nA:  1\r\ncontent-LENGTH: 2\r\n\r\nok'
    server.write(head)
    assert.equal(await client.until('ok'), head)
  })
})

for (const transport of transports) test(`${transport}: D-14: a mapping replaces a Host that names its listener, port 0 or not, and no other`, async (t) => {
  const upstream = await serve(t, (peer) => peer.socket.on('data', () => { if (peer.text.endsWith('\r\n\r\n')) peer.write(answer('ok')) }))
  const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
  const port = proxy.port('web')
  const client = await lanes.find(({ name }) => name === 'HTTP mapping')!.open(t, proxy, upstream.port)
  for (const [given, wanted] of [[`127.0.0.1:${port}`, `127.0.0.1:${upstream.port}`], [`localhost:${port}`, `127.0.0.1:${upstream.port}`], ['shop.test', 'shop.test'], ['shop.test:8080', 'shop.test:8080']]) {
    client.clear().write(`GET / HTTP/1.1\r\nHost: ${given}\r\n\r\n`)
    await client.until('ok')
    assert.equal(/Host: (.*)\r\n/.exec(upstream.peers[0]!.text)![1], wanted)
    upstream.peers[0]!.clear()
  }
})
