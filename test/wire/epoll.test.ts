import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { openTransport } from '../../src/engine/wire/transport.ts'
import type { Wire } from '../../src/engine/wire/wire.ts'
import { connect, echo, handler, identity, kinds, libc, makeTransport, openFds, platform, relayTo, serve, sleep, until, wirePair } from './support.ts'

describe('epoll', { skip: !kinds.includes('epoll') }, () => {
  const bugs: unknown[] = []
  const transport = makeTransport(kinds[0]!, (error) => { bugs.push(error) })
  after(() => transport.stop())

  test('descriptors reused inside one batch never get the events of their previous owner', async () => {
    let mixed = 0
    let closedInBatch = 0
    const wires = new Map<Wire, number>()
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
      const id = wires.size
      wires.set(wire, id)
      let first: number | undefined
      wire.handler = handler({
        ended: () => wire.close(),
        data(bytes) {
          for (const byte of bytes) if ((first ??= byte) !== byte) mixed++
          for (const other of wires.keys()) if (other !== wire && (bytes[0]! + wires.get(other)!) % 5 === 0) { other.reset(); wires.delete(other); closedInBatch++ }
          const dialing = transport.dial({ addresses: [listener.address], timeoutMs: 500 }, (result) => { if ('wire' in result) result.wire.close() })
          if (bytes[0]! % 2) dialing.cancel()
          wire.write(bytes)
        },
      })
      wire.resume()
    })
    const before = openFds()
    for (let round = 0; round < 60; round++) {
      const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => connect(listener.address.port)))
      const sockets = attempts.flatMap((attempt) => attempt.status === 'fulfilled' ? [attempt.value] : [])
      sockets.forEach((socket, index) => socket.write(Buffer.alloc(64, index)))
      sockets.forEach((socket, index) => socket.on('data', (bytes: Buffer) => { if (bytes.some((byte) => byte !== index)) mixed++ }))
      await sleep(2)
      for (const socket of sockets) socket.destroy()
    }
    listener.close()
    await until('all closed', () => openFds() <= before)
    assert.equal(mixed, 0)
    assert.ok(closedInBatch > 500, `${closedInBatch}`)
    assert.deepEqual(bugs, [])
  })

  test('stages come and go in the middle of a stream, nothing lost', async () => {
    const total = 128 * 1024 * 1024
    const hash = createHash('sha256')
    let got = 0
    const done = Promise.withResolvers<void>()
    const far = await serve((socket) => {
      socket.on('data', (bytes: Buffer) => {
        hash.update(bytes)
        got += bytes.length
        if (got % 3 === 0) { socket.pause(); setTimeout(() => socket.resume(), 1) }
      })
      socket.on('end', () => { socket.end(); done.resolve() })
    })
    const relay = await relayTo(transport, far.port)
    const socket = await connect(relay.port)
    socket.resume()
    await until('paired', () => relay.pairs.size === 1)
    const [pair] = relay.pairs
    let switches = 0
    const timer = setInterval(() => pair!.upstream.install(++switches % 2 ? [identity] : []), 1)
    const sent = createHash('sha256')
    const block = randomBytes(1024 * 1024)
    for (let offset = 0; offset < total; offset += block.length) {
      block.writeUInt32LE(offset, 0)
      sent.update(block)
      if (!socket.write(Buffer.from(block))) await once(socket, 'drain')
    }
    socket.end()
    await done.promise
    clearInterval(timer)
    assert.equal(got, total)
    assert.equal(pair!.upstream.bytes, total)
    assert.equal(hash.digest('hex'), sent.digest('hex'))
    assert.ok(switches > 20, `${switches} switches`)
  })

  test('a stage that holds what it keeps, with the precise clock', async () => {
    const far = await serve(echo)
    const relay = await relayTo(transport, far.port, {
      upstream: [(next, keep) => {
        const held: Buffer[] = []
        return {
          held: 0, heldMax: 1, flush() {}, destroy() {}, end: () => next.end(),
          write(bytes) {
            held.push(keep(bytes))
            transport.clock.setTimer(3.5, () => next.write(held.shift()!))
          },
        }
      }],
    })
    const socket = await connect(relay.port)
    const sent = randomBytes(8 * 1024 * 1024)
    const got: Buffer[] = []
    socket.on('data', (bytes: Buffer) => got.push(bytes))
    socket.write(sent)
    await until('all back', () => got.reduce((sum, bytes) => sum + bytes.length, 0) === sent.length)
    assert.ok(Buffer.concat(got).equals(sent))
  })

  test('kept bytes stay, however they are cut; unkept bytes do not', async () => {
    const [near, far] = await wirePair(transport)
    const kept: Buffer[] = []
    const raw: Buffer[] = []
    far.handler = handler({
      data(bytes) {
        const middle = bytes.length >> 1
        if (kept.length % 3 === 0) kept.push(far.keep(bytes))
        else kept.push(far.keep(bytes.subarray(0, middle)), far.keep(far.keep(bytes).subarray(middle)))
        raw.push(bytes)
      },
    })
    far.resume()
    for (let index = 0; index < 60; index++) {
      near.write(Buffer.alloc(index % 2 ? 20_000 : 100, index))
      await sleep(2)
    }
    const all = Buffer.concat(kept)
    let at = 0
    for (let index = 0; index < 60; index++) for (let end = at + (index % 2 ? 20_000 : 100); at < end; at++) assert.equal(all[at], index)
    assert.notDeepEqual(Buffer.concat(raw), all)
    near.close()
    far.close()
  })

  test('promises wait for the end of the turn, not for the next one', async () => {
    const pairs = await Promise.all(Array.from({ length: 5 }, () => wirePair(transport)))
    const log: string[] = []
    for (const [, far] of pairs) {
      far.handler = handler({
        data() {
          log.push('data')
          void Promise.resolve().then(() => log.push('promise'))
        },
      })
      far.resume()
    }
    for (const [near] of pairs) near.write(Buffer.from('x'))
    await until('all', () => log.length === 10)
    assert.equal(log.join(' '), 'data '.repeat(5) + 'promise promise promise promise promise')
    for (const [near, far] of pairs) { near.close(); far.close() }
  })

  test('stop lets go of everything: descriptors, and the loop', async () => {
    const before = openFds()
    const own = makeTransport('epoll')
    const far = await serve(echo)
    const relay = await relayTo(own, far.port)
    const sockets = await Promise.all(Array.from({ length: 20 }, () => connect(relay.port)))
    for (const socket of sockets) { socket.write(Buffer.alloc(100_000)); socket.resume() }
    await sleep(30)
    await own.datagrams({ host: '127.0.0.1', port: 0 })
    own.clock.setTimer(60_000, () => {})
    own.stop()
    own.stop()
    for (const socket of [...sockets, ...far.sockets]) socket.destroy()
    far.server.close()
    await until('descriptors', () => openFds() <= before)
  })

  test('stop from inside a callback', async () => {
    const own = makeTransport('epoll')
    const [near, far] = await wirePair(own)
    const stopped = Promise.withResolvers<void>()
    far.handler = handler({ data() { own.stop(); stopped.resolve() } })
    far.resume()
    near.write(Buffer.from('x'))
    await stopped.promise
    await sleep(30)
  })

  test('with koffi, epoll; without, or on a foreign libuv, node:net takes over and says why', () => {
    const onBug = (error: unknown) => { throw error }
    const missing = openTransport({ platform, onBug, load: () => { throw new Error("Cannot find module 'koffi'\nRequire stack") } })
    assert.equal(missing.transport.name, 'node')
    assert.equal(missing.reason, "koffi does not work here: Cannot find module 'koffi'")
    const noSymbol = openTransport({ platform, onBug, load: () => ({ load: () => ({ func: (name: string) => { throw new Error(`cannot find ${name.split(' ')[1]}`) } }) }) as never })
    assert.equal(noSymbol.transport.name, 'node')
    const oldLibuv = openTransport({ platform, onBug, load: () => ({ ...libc.koffi, load: () => ({ func: () => () => 0 }) }) as never })
    assert.equal(oldLibuv.reason, 'libuv 0 is not known')
    const { transport: epoll, ...rest } = openTransport({ platform, onBug })
    assert.equal(epoll.name, 'epoll')
    assert.deepEqual(rest, {})
    epoll.stop()
  })

  test('a worker thread gets node:net and says why', async () => {
    const module = new URL('../../src/engine/wire/transport.ts', import.meta.url).href
    const worker = new Worker(`
      import('${module}').then(({ openTransport }) => {
        const { transport, reason } = openTransport({ platform: ${JSON.stringify(platform)}, onBug() {} })
        require('node:worker_threads').parentPort.postMessage([transport.name, reason])
      })`, { eval: true })
    assert.deepEqual((await once(worker, 'message'))[0], ['node', 'not in a worker thread: its libuv loop cannot be reached'])
  })
})

test('other systems and runtimes get node:net and say why', () => {
  const open = (some: object) => openTransport({ platform: { ...platform, ...some }, onBug() {} })
  assert.equal(open({ os: 'darwin' }).reason, 'no epoll on darwin')
  assert.equal(open({ os: 'linux', bun: true }).reason, 'not on Bun: its event loop is not libuv')
  assert.equal(openTransport({ platform, onBug() {}, prefer: 'node' }).reason, 'asked for')
  assert.equal(open({ os: 'win32' }).transport.name, 'node')
})
