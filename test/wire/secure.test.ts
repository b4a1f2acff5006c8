import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type net from 'node:net'
import { after, describe, test } from 'node:test'
import tls from 'node:tls'
import type { SecureOptions, SecureResult, Transport, Wire } from '../../src/engine/wire/wire.ts'
import { makeCertificate, type Certificate } from './certificates.ts'
import { connect, dialWire, fateOf, handler, kinds, makeTransport, openFds, readAll, serve, sleep, until } from './support.ts'

const MiB = 1024 * 1024
const own = makeCertificate()
const client: SecureOptions = { role: 'client', servername: 'localhost', ca: own.cert, verify: true, timeoutMs: 2000 }
const server: SecureOptions = { role: 'server', ...own, timeoutMs: 2000 }

const secure = (transport: Transport, wire: Wire, options: SecureOptions) => new Promise<SecureResult>((resolve) => { transport.secure(wire, options, resolve) })
const failureOf = (result: SecureResult) => { assert.ok('failure' in result, 'a handshake that should have failed'); return result }
const wireOf = (result: SecureResult) => { assert.ok('wire' in result, JSON.stringify(result)); return result.wire }

async function serveTls(serveOne: (socket: tls.TLSSocket) => void, options: tls.TlsOptions & Certificate = own) {
  const tcp: net.Socket[] = []
  const server = tls.createServer({ ...options, allowHalfOpen: true } as tls.TlsOptions, (socket) => { socket.on('error', () => {}); serveOne(socket) })
  after(() => { server.close(); for (const socket of tcp) socket.destroy() })
  server.on('connection', (socket) => tcp.push(socket))
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as net.AddressInfo).port, tcp }
}

for (const kind of kinds) describe(kind, () => {
  const bugs: unknown[] = []
  const transport = makeTransport(kind, (error) => { bugs.push(error) })
  after(() => transport.stop())

  /** The next connection, as a wire that nobody has touched, and its client. */
  async function accepted(): Promise<{ wire: Wire; socket: net.Socket }> {
    const next = Promise.withResolvers<Wire>()
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (wire) => next.resolve(wire))
    const socket = await connect(listener.address.port)
    const wire = await next.promise
    listener.close()
    return { wire, socket }
  }

  /** A wire secured as a server, and the client at its other end. */
  async function served(options: SecureOptions = server, clientOptions: tls.ConnectionOptions = {}) {
    const { wire, socket } = await accepted()
    const result = secure(transport, wire, options)
    const peer = tls.connect({ socket, host: '127.0.0.1', servername: 'localhost', ca: own.cert, ...clientOptions })
    peer.on('error', () => {})
    return { wire: wireOf(await result), peer, socket, result: await result }
  }

  test('client: verified, echoed, with the name asked for and the protocol agreed on', async () => {
    let seen: tls.TLSSocket | undefined
    const { port } = await serveTls((socket) => { seen = socket; socket.pipe(socket) }, { ...own, ALPNProtocols: ['h2', 'http/1.1'] })
    const result = await secure(transport, await dialWire(transport, port), { ...client, alpn: ['http/1.1', 'other'] })
    const wire = wireOf(result)
    assert.equal('protocol' in result && result.protocol, 'http/1.1')
    assert.deepEqual(wire.remote, { host: '127.0.0.1', port })
    const got = Promise.withResolvers<string>()
    wire.handler = handler({ data: (bytes) => got.resolve(String(bytes)) })
    wire.resume()
    wire.write(Buffer.from('hello'))
    assert.equal(await got.promise, 'hello')
    assert.equal((seen as unknown as { servername: string }).servername, 'localhost')
    wire.close()
  })

  test('client: no name is asked for an IP literal, which is verified nevertheless', async () => {
    const names: unknown[] = []
    const { port } = await serveTls((socket) => names.push((socket as unknown as { servername: unknown }).servername))
    const { servername: _, ...nameless } = client
    wireOf(await secure(transport, await dialWire(transport, port), { ...nameless, servername: '127.0.0.1' }))
    wireOf(await secure(transport, await dialWire(transport, port), nameless))
    assert.equal(failureOf(await secure(transport, await dialWire(transport, port), { ...nameless, servername: '127.0.0.2' })).code, 'ERR_TLS_CERT_ALTNAME_INVALID')
    await until('served', () => names.length >= 2)
    assert.ok(names.every((name) => name === false || name === undefined), names.join())
  })

  test('client: what is wrong with a certificate is told by its code, and nothing is wrong when nobody verifies', async () => {
    const { port } = await serveTls((socket) => { socket.end('secret') })
    const expired = makeCertificate({ expired: true })
    const old = await serveTls((socket) => { socket.end('old') }, expired)
    const { ca: _, ...trusting } = client
    const code = async (options: SecureOptions, to = port) => failureOf(await secure(transport, await dialWire(transport, to), options)).code
    assert.equal(await code(trusting), 'DEPTH_ZERO_SELF_SIGNED_CERT')
    assert.equal(await code({ ...client, servername: 'example.org' }), 'ERR_TLS_CERT_ALTNAME_INVALID')
    assert.equal(await code({ ...client, ca: expired.cert }, old.port), 'CERT_HAS_EXPIRED')
    const wire = wireOf(await secure(transport, await dialWire(transport, old.port), { ...trusting, verify: false }))
    const got = Promise.withResolvers<string>()
    wire.handler = handler({ data: (bytes) => got.resolve(String(bytes)) })
    wire.resume()
    assert.equal(await got.promise, 'old')
  })

  for (const pauses of [true, false]) test(`server: bytes read before are where TLS begins, ${pauses ? 'kept and paused' : 'from inside the data callback'}`, async () => {
    const { wire, socket } = await accepted()
    const secured = Promise.withResolvers<SecureResult>()
    wire.handler = handler({
      data(bytes) {
        if (!pauses) return void transport.secure(wire, { ...server, received: bytes }, secured.resolve)
        wire.pause()
        const received = wire.keep(bytes)
        setTimeout(() => transport.secure(wire, { ...server, received }, secured.resolve), 20)
      },
    })
    const peer = tls.connect({ socket, servername: 'localhost', ca: own.cert })
    wire.resume()
    const echoing = wireOf(await secured.promise)
    echoing.handler = handler({ data: (bytes) => { echoing.write(bytes) } })
    echoing.resume()
    peer.write('echo me')
    assert.equal(String((await once(peer, 'data'))[0]), 'echo me')
    peer.destroy()
  })

  test('server: a handshake that comes in pieces, the first of which was read before', async () => {
    const { wire, socket } = await accepted()
    const hello = await clientHello()
    const first = Promise.withResolvers<Buffer>()
    wire.handler = handler({ data: (bytes) => { wire.pause(); first.resolve(wire.keep(bytes)) } })
    wire.resume()
    socket.write(hello.subarray(0, 3))
    const received = await first.promise
    assert.equal(received.length, 3)
    const result = secure(transport, wire, { ...server, received })
    await sleep(20)
    socket.write(hello.subarray(3))
    const [answer] = await once(socket, 'data')
    assert.equal(answer[0], 22, 'a handshake record came back')
    socket.destroy()
    assert.equal(failureOf(await result).code, 'ECONNRESET')
  })

  test('the server speaks first, on either side', async () => {
    const { port } = await serveTls((socket) => { socket.write('220 ready') })
    const dialled = wireOf(await secure(transport, await dialWire(transport, port), client))
    const greeting = Promise.withResolvers<string>()
    await sleep(20)
    dialled.handler = handler({ data: (bytes) => greeting.resolve(String(bytes)) })
    dialled.resume()
    assert.equal(await greeting.promise, '220 ready')
    const { wire, peer } = await served()
    wire.write(Buffer.from('220 also ready'))
    assert.equal(String((await once(peer, 'data'))[0]), '220 also ready')
    peer.destroy()
  })

  test('what was written before TLS leaves before it', async () => {
    const { wire, socket } = await accepted()
    const clear = 'S'.repeat(24 * MiB)
    wire.write(Buffer.from(clear))
    assert.ok(wire.buffered > 0)
    const result = secure(transport, wire, server)
    let got = 0
    await new Promise<void>((resolve) => {
      const read = () => {
        for (let bytes: Buffer | null; got < clear.length && (bytes = socket.read(Math.min(socket.readableLength, clear.length - got)));) got += bytes.length
        if (got === clear.length) { socket.off('readable', read); resolve() }
      }
      socket.on('readable', read)
      read()
    })
    const peer = tls.connect({ socket, servername: 'localhost', ca: own.cert })
    const secured = wireOf(await result)
    secured.write(Buffer.from('secret'))
    assert.equal(String((await once(peer, 'data'))[0]), 'secret')
    peer.destroy()
  })

  test('server: ALPN picks its own first choice; no choice in common fails the handshake', async () => {
    const { result, peer } = await served({ ...server, alpn: ['h2', 'http/1.1'] }, { ALPNProtocols: ['http/1.1', 'h2'] })
    assert.equal('protocol' in result && result.protocol, 'h2')
    peer.destroy()
    const { wire, socket } = await accepted()
    const lost = secure(transport, wire, { ...server, alpn: ['h2'] })
    tls.connect({ socket, servername: 'localhost', ca: own.cert, ALPNProtocols: ['spdy'] }).on('error', () => {})
    assert.match(failureOf(await lost).code, /^ERR_SSL_/)
  })

  test('reset on a secured wire is a RST at the peer, and a RST of the peer is a reset here', async () => {
    const one = await served()
    const fate = fateOf(one.socket)
    const tlsFate = fateOf(one.peer)
    one.wire.write(Buffer.alloc(5 * MiB))
    one.wire.reset()
    one.wire.close()
    assert.equal(await Promise.race([fate, tlsFate]), 'reset')
    const two = await served()
    const closed = Promise.withResolvers<string>()
    two.wire.handler = handler({ closed: closed.resolve })
    two.wire.resume()
    two.wire.write(Buffer.from('settle'))
    await once(two.peer, 'data')
    two.socket.resetAndDestroy()
    assert.equal(await closed.promise, 'reset')
  })

  test('end sends close_notify and FIN; the other direction stays open', async () => {
    const { port } = await serveTls((socket) => { void readAll(socket).then((text) => { setTimeout(() => socket.end(`answer to ${text}`), 50) }) })
    const wire = wireOf(await secure(transport, await dialWire(transport, port), client))
    let got = ''
    const log: string[] = []
    const closed = Promise.withResolvers<void>()
    wire.handler = handler({ data: (bytes) => { got += bytes }, ended: () => { log.push('ended') }, closed: (reason) => { log.push(reason); closed.resolve() } })
    wire.resume()
    wire.write(Buffer.from('question'))
    wire.end()
    await closed.promise
    assert.equal(got, 'answer to question')
    assert.deepEqual(log, ['ended', 'clean'])
  })

  test('16 MiB through TLS, both ways at once, with back-pressure', async () => {
    const total = 16 * MiB
    const { port } = await serveTls((socket) => { socket.pipe(socket) })
    const wire = wireOf(await secure(transport, await dialWire(transport, port), client))
    const sent = randomBytes(total)
    const hash = createHash('sha256')
    const done = Promise.withResolvers<void>()
    let offset = 0
    let got = 0
    let waits = 0
    const pump = () => {
      while (offset < total) {
        const more = wire.write(sent.subarray(offset, offset += 50_000))
        if (more) continue
        waits++
        return
      }
      wire.end()
    }
    wire.handler = handler({
      drained: pump, closed: () => done.resolve(),
      data(bytes) {
        hash.update(bytes)
        got += bytes.length
        wire.pause()
        setImmediate(() => wire.resume())
      },
    })
    wire.resume()
    pump()
    await done.promise
    assert.equal(got, total)
    assert.equal(hash.digest('hex'), createHash('sha256').update(sent).digest('hex'))
    assert.ok(waits > 5, `${waits}`)
  })

  test('failures: silence, plain text, a peer that leaves, a wire that is gone, a broken certificate', async () => {
    const silent = await serve(() => {})
    const startedAt = performance.now()
    assert.equal(failureOf(await secure(transport, await dialWire(transport, silent.port), { ...client, timeoutMs: 150 })).code, 'ETIMEDOUT')
    assert.ok(performance.now() - startedAt < 1000)
    await until('let go', () => silent.sockets[0]!.readableEnded || silent.sockets[0]!.destroyed || (silent.sockets[0]!.resume(), false))

    const plain = await serve((socket) => { socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') })
    assert.match(failureOf(await secure(transport, await dialWire(transport, plain.port), client)).code, /^ERR_SSL_/)

    const leaving = await serve((socket) => { socket.end() })
    assert.equal(failureOf(await secure(transport, await dialWire(transport, leaving.port), client)).code, 'ECONNRESET')
    const { wire, socket } = await accepted()
    const left = secure(transport, wire, server)
    socket.end()
    assert.equal(failureOf(await left).code, 'ECONNRESET')

    const gone = await accepted()
    gone.wire.close()
    assert.equal(failureOf(await secure(transport, gone.wire, server)).code, 'ECONNRESET')

    const broken = await accepted()
    const result = failureOf(await secure(transport, broken.wire, { ...server, cert: 'no PEM' }))
    assert.match(result.code, /^ERR_OSSL_/)
    assert.notEqual(await fateOf(broken.socket), 'nothing')
    assert.deepEqual(bugs, [])
  })

  test('the wire given away tells nothing more, and cancel tells nobody', async () => {
    const { wire, socket } = await accepted()
    const log: string[] = []
    wire.handler = { data: () => { log.push('data') }, drained: () => { log.push('drained') }, ended: () => { log.push('ended') }, closed: () => { log.push('closed') }, hangup: () => { log.push('hangup') } }
    wire.resume()
    const handshake = transport.secure(wire, server, () => { log.push('settled') })
    wire.write(Buffer.from('late'))
    wire.reset()
    wire.close()
    handshake.cancel()
    handshake.cancel()
    assert.notEqual(await fateOf(socket), 'nothing')
    await sleep(20)
    assert.deepEqual(log, [])
  })

  test('an exception of whoever gets the secured wire resets it', async () => {
    const { wire, socket } = await accepted()
    transport.secure(wire, server, () => { throw new Error('boom') })
    const peer = tls.connect({ socket, servername: 'localhost', ca: own.cert })
    assert.equal(await Promise.race([fateOf(peer), fateOf(socket)]), 'reset')
    assert.equal((bugs.pop() as Error).message, 'boom')
  })

  test('stop closes handshakes and secured wires, and no descriptor is left', async () => {
    const before = openFds()
    const other = makeTransport(kind)
    const { port, tcp } = await serveTls((socket) => { socket.pipe(socket) })
    const silent = await serve(() => {})
    let told = 0
    for (let index = 0; index < 5; index++) {
      wireOf(await secure(other, await dialWire(other, port), client))
      other.secure(await dialWire(other, silent.port), client, () => { told++ })
    }
    await sleep(20)
    other.stop()
    for (const socket of [...tcp, ...silent.sockets]) socket.destroy()
    await sleep(20)
    assert.equal(told, 0)
    await until('descriptors', () => openFds() <= before + 2)
  })
})

/** What a TLS client sends first. */
async function clientHello(): Promise<Buffer> {
  const far = await serve(() => {})
  const socket = tls.connect({ port: far.port, host: '127.0.0.1', servername: 'localhost' })
  socket.on('error', () => {})
  await until('connected', () => far.sockets.length === 1)
  const [bytes] = await once(far.sockets[0]!, 'data')
  socket.destroy()
  return bytes
}
