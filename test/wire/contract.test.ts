import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { after, describe, test } from 'node:test'
import { systemClock } from '../../src/kit/clock.ts'
import type { Wire } from '../../src/engine/wire/wire.ts'
import type { Stage } from './relay.ts'
import { closedPort, connect, echo, fateOf, handler, identity, kinds, makeTransport, openFds, readAll, relayTo, serve, sleep, until, wirePair } from './support.ts'

const MiB = 1024 * 1024
const sha = (part: Iterable<Buffer>) => { const hash = createHash('sha256'); for (const bytes of part) hash.update(bytes); return hash.digest('hex') }

/** Sends `total` random bytes and reads slowly; the hashes of both. */
async function exchange(socket: net.Socket, total: number) {
  const out = createHash('sha256')
  const into = createHash('sha256')
  const read = Promise.withResolvers<void>()
  let got = 0
  socket.on('data', (bytes: Buffer) => {
    into.update(bytes)
    got += bytes.length
    if (got === total) read.resolve()
    if (got % 5) return
    socket.pause()
    setTimeout(() => socket.resume(), 2)
  })
  const block = randomBytes(MiB)
  for (let sent = 0; sent < total; sent += block.length) {
    block.writeUInt32LE(sent, 0)
    out.update(block)
    if (!socket.write(Buffer.from(block))) await once(socket, 'drain')
  }
  await read.promise
  return { out: out.digest('hex'), into: into.digest('hex') }
}

const modes = { plain: {}, staged: { upstream: [identity, identity, identity], downstream: [identity] }, corked: { corked: true } }

for (const kind of kinds) describe(kind, () => {
  const bugs: unknown[] = []
  const transport = makeTransport(kind, (error) => { bugs.push(error) })
  after(() => transport.stop())

  for (const [mode, options] of Object.entries(modes)) test(`64 MiB both ways at once, slow readers, ${mode}`, async () => {
    const done = Promise.withResolvers<{ out: string; into: string }>()
    const far = await serve((socket) => { done.resolve(exchange(socket, 64 * MiB)) })
    const relay = await relayTo(transport, far.port, options)
    let most = 0
    const watch = setInterval(() => {
      for (const pair of relay.pairs) most = Math.max(most, pair.buffered)
    }, 5)
    const near = await exchange(await connect(relay.port), 64 * MiB)
    const theirs = await done.promise
    clearInterval(watch)
    assert.equal(near.out, theirs.into)
    assert.equal(near.into, theirs.out)
    assert.ok(most <= 1.5 * MiB, `held ${most} bytes`)
  })

  test('a client that ends its side still gets a late answer', async () => {
    const far = await serve((socket) => {
      void readAll(socket).then((text) => { setTimeout(() => socket.end(`answer to ${text}`), 100) })
    })
    const socket = await connect((await relayTo(transport, far.port)).port)
    socket.end('question')
    assert.equal(await readAll(socket), 'answer to question')
  })

  test('a server that ends its side still gets a late question', async () => {
    const heard = Promise.withResolvers<string>()
    const far = await serve((socket) => {
      socket.end('goodbye')
      heard.resolve(readAll(socket))
    })
    const socket = await connect((await relayTo(transport, far.port)).port)
    let text = ''
    socket.on('data', (bytes) => { text += bytes })
    await once(socket, 'end')
    await sleep(100)
    socket.end('still here')
    assert.equal(await heard.promise, 'still here')
    assert.equal(text, 'goodbye')
  })

  test('RST of the client reaches the server as RST', async () => {
    const fate = Promise.withResolvers<string>()
    const far = await serve((socket) => { fate.resolve(fateOf(socket)) })
    const socket = await connect((await relayTo(transport, far.port)).port)
    socket.write('x')
    await until('accepted', () => far.sockets.length === 1)
    await sleep(20)
    socket.resetAndDestroy()
    assert.equal(await fate.promise, 'reset')
  })

  test('RST of the server reaches the client as RST', async () => {
    const far = await serve((socket) => { socket.once('data', () => socket.resetAndDestroy()) })
    const relay = await relayTo(transport, far.port)
    const socket = await connect(relay.port)
    const fate = fateOf(socket)
    socket.write('x')
    assert.equal(await fate, 'reset')
    await until('pair forgotten', () => relay.pairs.size === 0)
  })

  test('a refused target resets the client', async () => {
    const lost = net.connect((await relayTo(transport, await closedPort())).port, '127.0.0.1')
    assert.equal(await fateOf(lost), 'reset')
  })

  test('a peer that vanishes in the middle of our write ends its pair and nothing else', async () => {
    const far = await serve((socket) => { socket.pause() })
    const relay = await relayTo(transport, far.port)
    const socket = await connect(relay.port)
    const fate = fateOf(socket)
    socket.write(Buffer.alloc(32 * MiB))
    await until('stuck', () => [...relay.pairs].some((pair) => pair.buffered > 0))
    far.sockets[0]!.resetAndDestroy()
    assert.notEqual(await fate, 'nothing')
    await until('pair forgotten', () => relay.pairs.size === 0)
  })

  test('2,000 connections opened and closed at random leak no descriptor', async () => {
    const far = await serve(echo)
    const relay = await relayTo(transport, far.port)
    const before = openFds()
    let random = 1
    const next = () => (random = (random * 48271) % 2147483647) / 2147483647
    const one = async () => {
      const socket = await connect(relay.port)
      const fate = fateOf(socket)
      if (next() < 0.8) socket.write(Buffer.alloc(1 + Math.floor(next() * 100_000)))
      if (next() < 0.5) await sleep(next() * 20)
      const end = next()
      if (end < 0.4) socket.end()
      else if (end < 0.7) socket.resetAndDestroy()
      else socket.destroy()
      await Promise.race([fate, sleep(500)])
      socket.destroy()
    }
    for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 100 }, one))
    for (const socket of far.sockets) if (socket.readableEnded) socket.destroy()
    await until('all pairs forgotten', () => relay.pairs.size === 0)
    await until(`descriptors back to ${before}`, () => openFds() <= before)
  })

  test('an exception in a callback costs only its own connection', async () => {
    const far = await serve(echo)
    let victim = true
    const explosive = (): Stage => ({ held: 0, heldMax: 1, end() {}, flush() {}, destroy() {}, write() { throw new Error('boom') } })
    const bad = await relayTo(transport, far.port, { upstream: [(next, keep) => victim ? explosive() : identity(next, keep)] })
    const good = await connect((await relayTo(transport, far.port)).port)
    const socket = await connect(bad.port)
    const fate = fateOf(socket)
    socket.write('x')
    assert.equal(await fate, 'reset')
    assert.equal((bugs.pop() as Error).message, 'boom')
    good.write('alive')
    assert.equal(String((await once(good, 'data'))[0]), 'alive')
    victim = false
    const again = await connect(bad.port)
    again.write('alive')
    assert.equal(String((await once(again, 'data'))[0]), 'alive')
  })

  test('an exception of whoever gets a new wire resets that wire', async () => {
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, () => { throw new Error('no owner') })
    const socket = net.connect(listener.address.port, '127.0.0.1')
    assert.equal(await fateOf(socket), 'reset')
    assert.equal((bugs.pop() as Error).message, 'no owner')
    const fate = Promise.withResolvers<string>()
    const far = await serve((socket) => fate.resolve(fateOf(socket)))
    transport.dial({ addresses: [{ host: '127.0.0.1', port: far.port }], timeoutMs: 1000 }, () => { throw new Error('nor here') })
    assert.equal(await fate.promise, 'reset')
    assert.equal((bugs.pop() as Error).message, 'nor here')
  })

  test('pause and resume in storms leave the bytes intact', async () => {
    const [near, far] = await wirePair(transport)
    const sent = randomBytes(16 * MiB)
    const got: Buffer[] = []
    let offset = 0
    const pump = () => {
      while (offset < sent.length) {
        const more = near.write(sent.subarray(offset, offset + 50_000))
        offset += 50_000
        if (!more) return
      }
      near.end()
    }
    near.handler = handler({ drained: pump })
    const ended = Promise.withResolvers<void>()
    far.handler = handler({
      ended: () => ended.resolve(),
      data(bytes) {
        got.push(far.keep(bytes))
        for (let index = 0; index < 10; index++) { far.pause(); far.resume() }
        far.pause()
        if (got.length % 3) setImmediate(() => { far.resume(); far.resume() })
        else setTimeout(() => far.resume(), 1)
      },
    })
    far.resume()
    pump()
    await ended.promise
    assert.equal(sha(got), sha([sent]))
    far.close()
  })

  for (const act of ['close', 'reset'] as const) for (const where of ['data', 'ended'] as const) test(`${act} from inside ${where} is the last that is heard`, async () => {
    const [near, far] = await wirePair(transport)
    let later = 0
    const count = () => { later++ }
    const done = Promise.withResolvers<string>()
    far.handler = { data: count, drained: count, ended: count, closed: count, hangup: count }
    far.handler[where] = () => {
      far[act]()
      far[act]()
      far.cork()
      far.write(Buffer.from('late'))
      far.uncork()
      far.end()
      far.resume()
      far.pause()
    }
    near.handler = handler({ ended: () => done.resolve('end'), closed: (reason) => done.resolve(reason) })
    near.resume()
    far.resume()
    if (where === 'data') near.write(Buffer.from('x'))
    else near.end()
    assert.equal(await done.promise, act === 'reset' ? 'reset' : 'end')
    await sleep(10)
    assert.equal(later, 0)
    assert.deepEqual(bugs, [])
    near.close()
  })

  test('IPv6, addresses, a port in use', async () => {
    let seen: Wire | undefined
    const listener = await transport.listen({ host: '::1', port: 0 }, (wire: Wire) => {
      wire.handler = handler({ data: (bytes) => { wire.write(bytes) }, ended: () => wire.end() })
      seen = wire
      wire.resume()
    })
    const socket = await connect(listener.address.port, '::1')
    socket.write('six')
    assert.equal(String((await once(socket, 'data'))[0]), 'six')
    assert.deepEqual(seen!.remote, { host: '::1', port: socket.localPort })
    assert.deepEqual(seen!.local, { host: '::1', port: listener.address.port })
    await assert.rejects(transport.listen({ host: '::1', port: listener.address.port }, () => {}), { code: 'EADDRINUSE', message: /cannot listen on \[::1\]:\d+: address in use/ })
    await assert.rejects(transport.listen({ host: 'localhost', port: 0 }, () => {}), { code: 'EINVAL' })
    await assert.rejects(transport.listen({ host: '127.0.0.1', port: 70000 }, () => {}), { name: 'Error', message: /cannot listen on 127.0.0.1:70000/ })
  })

  test('a promise resolved in a data callback goes on before the next turn', async () => {
    const [near, far] = await wirePair(transport)
    const log: string[] = []
    const done = Promise.withResolvers<void>()
    far.handler = handler({
      data() {
        const startedAt = performance.now()
        void Promise.resolve().then(() => log.push(`micro ${performance.now() - startedAt < 20}`))
        process.nextTick(() => log.push('tick'))
        setImmediate(() => {
          log.push('immediate')
          done.resolve()
        })
      },
    })
    far.resume()
    near.write(Buffer.from('x'))
    await done.promise
    assert.deepEqual(log.toSorted(), ['immediate', 'micro true', 'tick'])
    assert.equal(log.at(-1), 'immediate')
    near.close()
    far.close()
  })

  test('stop ends what is being dialled, and its timers', async () => {
    const own = makeTransport(kind)
    let told = 0
    own.dial({ addresses: [{ host: '192.0.2.1', port: 9 }, { host: '192.0.2.2', port: 9 }], timeoutMs: 50, attemptDelayMs: 10 }, () => { told++ })
    own.clock.setTimer(20, () => { told++ })
    own.stop()
    await new Promise((resolve) => systemClock.setTimer(120, () => resolve(undefined)))
    assert.equal(told, 0)
  })
})
