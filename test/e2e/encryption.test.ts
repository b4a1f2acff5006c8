import assert from 'node:assert/strict'
import { once } from 'node:events'
import type net from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import tls from 'node:tls'
import { AUTHORITY, CERTIFICATE, KEY } from '../http/certificates.ts'
import { rig, transports } from '../helpers/rig.ts'
import { answer } from './lanes.ts'
import { connect, eventually, Peer, readResponse, serve, tunnel } from './peers.ts'

const trusted = { upstreamCa: AUTHORITY }
const GET = 'GET / HTTP/1.1\r\nHost: web.test\r\n\r\n'

/** A TLS server that hands over decrypted connections. */
async function serveTls(t: TestContext, each: (peer: Peer) => void): Promise<{ port: number; names: (string | false | null | undefined)[] }> {
  const names: (string | false | null | undefined)[] = []
  const open = new Set<tls.TLSSocket>()
  const server = tls.createServer({ cert: CERTIFICATE, key: KEY, allowHalfOpen: true }, (socket) => {
    open.add(socket)
    names.push(socket.servername)
    each(new Peer(socket))
  })
  server.on('tlsClientError', () => {})
  t.after(() => { server.close(); for (const socket of open) socket.destroy() })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as net.AddressInfo).port, names }
}

/** TLS on a connection that stands. */
async function secured(t: TestContext, { socket }: Peer, servername = 'localhost'): Promise<Peer> {
  socket.removeAllListeners('data').removeAllListeners('end')
  const inner = tls.connect({ socket, servername, ca: AUTHORITY })
  t.after(() => inner.destroy())
  const peer = new Peer(inner)
  await once(inner, 'secureConnect')
  return peer
}

/** The TCP socket under a TLS one: RST needs it. */
const rawOf = (socket: net.Socket): net.Socket => (socket as unknown as { _parent?: net.Socket })._parent ?? socket

const respond = (text: string) => (peer: Peer): void => {
  peer.socket.on('data', () => { if (peer.text.endsWith('\r\n\r\n')) { peer.clear(); peer.write(answer(text)) } })
}

for (const transport of transports) describe(transport, { concurrency: 4 }, () => {
  test('D-46: an https request in absolute form goes out by TLS, on any port, with the name in its SNI', async (t) => {
    const upstream = await serveTls(t, respond('by TLS'))
    const proxy = await rig(t, { transport, settings: trusted })
    const client = await connect(t, proxy.port('http'))
    client.write(`GET https://localhost:${upstream.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`)
    assert.equal((await readResponse(client)).body, 'by TLS')
    assert.deepEqual(upstream.names, ['localhost'])
  })

  test('D-46: an http request stays clear text, whatever the port', async (t) => {
    const upstream = await serve(t, respond('clear'))
    const proxy = await rig(t, { transport, settings: trusted })
    const client = await connect(t, proxy.port('http'))
    client.write(`GET http://127.0.0.1:${upstream.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`)
    assert.equal((await readResponse(client)).body, 'clear')
  })

  test('an upstream whose certificate is not trusted is answered 502, unless that is asked for', async (t) => {
    const upstream = await serveTls(t, respond('trusted'))
    for (const [settings, wanted] of [[{}, '502'], [{ upstreamInsecure: true }, '200'], [trusted, '200']] as const) {
      const proxy = await rig(t, { transport, settings, proxies: [`web@0=https://localhost:${upstream.port}`] })
      const client = await connect(t, proxy.port('web'))
      client.write(GET)
      const { head, body } = await readResponse(client)
      assert.equal(head.slice(9, 12), wanted)
      if (wanted === '502') assert.equal((JSON.parse(body) as { cause: string }).cause, 'tls')
    }
  })

  test('D-12: the right side of a mapping decides TLS to the upstream; the client speaks clear text', async (t) => {
    const upstream = await serveTls(t, respond('by TLS'))
    const proxy = await rig(t, { transport, settings: trusted, proxies: [
      `https@0=https://localhost:${upstream.port}`, `tls@0=tls://localhost:${upstream.port}`, `rediss@0=rediss://localhost:${upstream.port}`, `old@https:0=localhost:${upstream.port}`,
    ] })
    for (const name of ['https', 'tls', 'rediss', 'old']) {
      const client = await connect(t, proxy.port(name))
      client.write(GET)
      assert.equal((await readResponse(client)).body, 'by TLS', name)
    }
  })

  test('D-12: a client that speaks TLS itself is passed on untouched', async (t) => {
    const upstream = await serveTls(t, respond('end to end'))
    const proxy = await rig(t, { transport, proxies: [`https@0=https://localhost:${upstream.port}`, `tls@0=tls://localhost:${upstream.port}`, `raw@0=localhost:${upstream.port}`] })
    for (const name of ['https', 'tls', 'raw']) {
      const client = await secured(t, await connect(t, proxy.port(name)))
      client.write(GET)
      assert.equal((await readResponse(client)).body, 'end to end', name)
    }
    assert.deepEqual(proxy.told('exchange.finished').map(({ kind }) => kind).filter((kind) => kind !== 'raw'), [])
  })

  test('a certificate that is there for one mapping changes nothing for a client that speaks TLS to another', async (t) => {
    const upstream = await serveTls(t, respond('end to end'))
    const proxy = await rig(t, { transport, settings: { tlsCert: CERTIFICATE, tlsKey: KEY, ...trusted }, proxies: [
      `ended@https:0=https://localhost:${upstream.port}`, `passed@0=https://localhost:${upstream.port}`, `bytes@0=tls://localhost:${upstream.port}`,
    ] })
    for (const name of ['ended', 'passed', 'bytes']) {
      const client = await secured(t, await connect(t, proxy.port(name)))
      client.write(GET)
      assert.equal((await readResponse(client)).body, 'end to end', name)
    }
  })

  test('TLS inside a CONNECT tunnel passes untouched', async (t) => {
    const upstream = await serveTls(t, respond('end to end'))
    const proxy = await rig(t, { transport })
    const client = await secured(t, await tunnel(t, proxy.port('http'), `localhost:${upstream.port}`))
    client.write(GET)
    assert.equal((await readResponse(client)).body, 'end to end')
  })

  test('a left side with https or tls ends the client\'s TLS', async (t) => {
    const upstream = await serve(t, respond('clear inside'))
    const proxy = await rig(t, { transport, settings: { tlsCert: CERTIFICATE, tlsKey: KEY }, faults: ['latency 20ms'], proxies: [
      `https@https:0=http://127.0.0.1:${upstream.port}`, `tls@tls:0=tcp://127.0.0.1:${upstream.port}`,
    ] })
    for (const name of ['https', 'tls']) {
      const client = await secured(t, await connect(t, proxy.port(name)))
      client.write(GET)
      assert.equal((await readResponse(client)).body, 'clear inside', name)
    }
  })

  for (const faults of [[], ['latency mean=15 perReadWrite=true direction=both']]) test(`half-close and RST pass where the proxy ends or begins TLS, ${faults.length > 0 ? 'with a delay' : 'without fault'}`, async (t) => {
    const servers: Peer[] = []
    const clear = await serve(t, (peer) => servers.push(peer))
    const encrypted = await serveTls(t, (peer) => servers.push(peer))
    const proxy = await rig(t, { transport, faults, settings: { tlsCert: CERTIFICATE, tlsKey: KEY, ...trusted }, proxies: [`ends@tls:0=tcp://127.0.0.1:${clear.port}`, `begins@0=tls://localhost:${encrypted.port}`] })
    for (const name of ['ends', 'begins']) for (const act of ['client-fin', 'server-fin', 'client-rst', 'server-rst'] as const) {
      servers.length = 0
      const outer = await connect(t, proxy.port(name))
      const client = name === 'ends' ? await secured(t, outer) : outer
      client.write('hello')
      await eventually('connected', () => servers[0]?.text === 'hello')
      const [first, second] = act.startsWith('client') ? [client, servers[0]!] : [servers[0]!, client]
      if (act.endsWith('rst')) {
        const { socket } = act.startsWith('client') ? outer : first
        rawOf(socket).resetAndDestroy()
        assert.equal(await second.fate, 'reset', `${name} ${act}`)
        continue
      }
      second.clear()
      first.end('question')
      assert.deepEqual(await second.rest(), { text: 'question', fate: 'end' }, `${name} ${act}`)
      second.end('late answer')
      await first.until('late answer')
      assert.equal(await first.fate, 'end')
    }
  })

  test('a tls mapping lets the server speak first to a client that is silent', async (t) => {
    const upstream = await serveTls(t, (peer) => { peer.write('220 ready\r\n'); peer.socket.on('data', (bytes: Buffer) => peer.write(bytes)) })
    const proxy = await rig(t, { transport, settings: trusted, proxies: [`smtp@0=tls://localhost:${upstream.port}`] })
    const client = await connect(t, proxy.port('smtp'))
    assert.equal(await client.until('\r\n'), '220 ready\r\n')
    assert.equal(await client.write('HELO').until('HELO'), '220 ready\r\nHELO')
  })

  test('a tls mapping to an upstream that is silent about TLS resets its client once the time is over', async (t) => {
    const upstream = await serve(t)
    const proxy = await rig(t, { transport, proxies: [`tls@0=tls://127.0.0.1:${upstream.port}`], settings: { connectTimeoutMs: 150 } })
    const client = await connect(t, proxy.port('tls'))
    client.write('hello')
    assert.equal(await client.fate, 'reset')
    assert.equal((await proxy.until('exchange.finished')).cause, 'tls')
  })
})

/** PostgreSQL, "Message Formats". */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
const STARTUP = Buffer.concat([Buffer.from([0, 0, 0, 17, 0, 3, 0, 0]), Buffer.from('user\0me\0\0', 'latin1')])

/** A server that answers SSLRequest with `verdict`, and greets whoever starts up, in TLS or not. */
async function servePostgres(t: TestContext, verdict: string): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = []
  const greet = (socket: net.Socket, how: string): void => {
    let said = ''
    socket.on('data', (bytes: Buffer) => {
      if (said === '') heard.push(how)
      said += bytes.toString('latin1')
      if (said === STARTUP.toString('latin1')) socket.write(`ready by ${how}`)
    })
  }
  const { port } = await serve(t, ({ socket }) => {
    socket.once('data', (bytes: Buffer) => {
      if (!bytes.equals(SSL_REQUEST)) {
        heard.push('no SSLRequest')
        return void (bytes.equals(STARTUP) && socket.write('ready by clear text'))
      }
      heard.push('SSLRequest')
      if (verdict === '') return
      socket.write(verdict)
      if (verdict !== 'S') return void greet(socket, 'clear text')
      socket.removeAllListeners('data').removeAllListeners('end')
      const inner = new tls.TLSSocket(socket, { isServer: true, cert: CERTIFICATE, key: KEY })
      inner.on('error', () => {})
      greet(inner, 'TLS')
    })
  })
  return { port, heard }
}

for (const transport of transports) describe(`${transport}: D-12, psqls`, { concurrency: 4 }, () => {
  const start = async (t: TestContext, verdict: string, scheme = 'psqls') => {
    const upstream = await servePostgres(t, verdict)
    const proxy = await rig(t, { transport, proxies: [`db@0=${scheme}://localhost:${upstream.port}`], settings: { ...trusted, connectTimeoutMs: 200 } })
    return { upstream, proxy, client: await connect(t, proxy.port('db')) }
  }

  test('a clear StartupMessage is negotiated into TLS by the proxy', async (t) => {
    const { upstream, client } = await start(t, 'S')
    assert.equal(await client.write(STARTUP).until('ready'), 'ready by TLS')
    assert.deepEqual(upstream.heard, ['SSLRequest', 'TLS'])
  })

  test('a client that negotiates itself is left alone, and so is its answer', async (t) => {
    const { client } = await start(t, 'S')
    assert.equal(await client.write(SSL_REQUEST).until('S'), 'S')
    assert.equal(await (await secured(t, client)).write(STARTUP).until('ready'), 'ready by TLS')
  })

  test('a client may take its time, even within the first message', async (t) => {
    const { client } = await start(t, 'S')
    for (const part of [STARTUP.subarray(0, 3), STARTUP.subarray(3, 9), STARTUP.subarray(9)]) {
      client.write(part)
      await new Promise((resolve) => setTimeout(resolve, 120))
    }
    assert.equal(await client.until('ready'), 'ready by TLS')
  })

  for (const [verdict, what] of [['N', 'a server that refuses TLS'], ['', 'a server that does not answer'], ['Sx', 'an answer with more behind it, which nobody signed']] as const) {
    test(`${what} resets the client, and nothing was sent in clear text`, async (t) => {
      const { upstream, proxy, client } = await start(t, verdict)
      assert.equal(await client.write(STARTUP).fate, 'reset')
      assert.deepEqual(upstream.heard, ['SSLRequest'])
      assert.equal((await proxy.until('exchange.finished')).cause, 'tls')
    })
  }

  test('psql without s is bytes', async (t) => {
    const { client } = await start(t, 'S', 'psql')
    assert.equal(await client.write(STARTUP).until('ready'), 'ready by clear text')
  })
})
