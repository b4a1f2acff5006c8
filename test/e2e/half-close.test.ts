import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, test, type TestContext } from 'node:test'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { rig, transports, type Rig, type TransportName } from '../helpers/rig.ts'
import { laneProxies, lanes, pipes, question, type Pipe } from './lanes.ts'
import { connect, eventually, serve, sleep, type Peer, type Served } from './peers.ts'

/** Late enough that a FIN which ends too much has done its damage. */
const LATE_MS = 60
const MiB = 1024 * 1024

const chains: Readonly<Record<string, readonly string[]>> = {
  'no fault': [],
  'a latency each way': ['latency mean=15 perReadWrite=true direction=both', 'latency mean=15 perReadWrite=true side=client direction=both'],
}

interface Opened { readonly proxy: Rig; readonly upstream: Served; readonly client: Peer; readonly server: Peer }

async function open(t: TestContext, transport: TransportName, pipe: Pipe, faults: readonly string[]): Promise<Opened> {
  const upstream = await serve(t)
  const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults })
  return { proxy, upstream, ...await pipe.open(t, proxy, upstream) }
}

/** One terminal event for the connection and one for its exchange, and nothing left behind. */
async function assertOver({ runtime, until, told }: Rig, outcome: string): Promise<void> {
  await until('connection.closed')
  assert.deepEqual(told('exchange.finished').map((record) => record.outcome), [outcome])
  assert.equal(told('connection.closed').length, 1)
  assert.equal(runtime.connections().length, 0)
  assert.equal(runtime.sample().heldBytes, 0)
}

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Reads in small steps, so that buffers on the way fill up. */
function readSlowly({ socket }: Peer): void {
  socket.on('data', () => {
    socket.pause()
    setTimeout(() => socket.resume(), 2)
  })
}

for (const transport of transports) for (const pipe of pipes) for (const [chain, faults] of Object.entries(chains)) {
  describe(`${transport}: ${pipe.name} with ${chain}`, { concurrency: 3 }, () => {
    test('a client that ends its side still gets a late answer', async (t) => {
      const { proxy, client, server } = await open(t, transport, pipe, faults)
      client.end('question')
      const asked = await server.rest()
      assert.deepEqual(asked, { text: 'question', fate: 'end' })
      await sleep(LATE_MS)
      server.end('late answer')
      assert.deepEqual(await client.rest(), { text: 'late answer', fate: 'end' })
      await assertOver(proxy, 'completed')
    })

    test('a server that ends its side still gets a late question', async (t) => {
      const { proxy, client, server } = await open(t, transport, pipe, faults)
      server.end('goodbye')
      assert.deepEqual(await client.rest(), { text: 'goodbye', fate: 'end' })
      await sleep(LATE_MS)
      client.end('late question')
      assert.deepEqual(await server.rest(), { text: 'late question', fate: 'end' })
      await assertOver(proxy, 'completed')
    })

    test('D-04: whichever side ends first, every byte of both arrives, however slowly it is read', async (t) => {
      const { proxy, client, server } = await open(t, transport, pipe, faults)
      const blocks = { up: randomBytes(4 * MiB), down: randomBytes(MiB) }
      for (const peer of [client, server]) readSlowly(peer)
      client.write(blocks.up).end()
      server.write(blocks.down).end()
      assert.deepEqual([await client.fate, await server.fate], ['end', 'end'])
      assert.equal(sha(Buffer.concat(client.chunks)), sha(blocks.down))
      assert.equal(sha(Buffer.concat(server.chunks)), sha(blocks.up))
      await assertOver(proxy, 'completed')
    })

    test('a RST of the client reaches the server', async (t) => {
      const { proxy, client, server } = await open(t, transport, pipe, faults)
      client.write('x')
      await server.until('x')
      client.reset()
      assert.equal(await server.fate, 'reset')
      await proxy.until('connection.closed')
      assert.equal(proxy.told('exchange.finished').length, 1)
    })

    test('a RST of the server reaches the client', async (t) => {
      const { proxy, client, server } = await open(t, transport, pipe, faults)
      server.write('x')
      await client.until('x')
      server.reset()
      assert.equal(await client.fate, 'reset')
      await proxy.until('connection.closed')
      assert.equal(proxy.told('exchange.finished').length, 1)
    })
  })
}

for (const transport of transports) for (const lane of lanes.filter(({ http }) => http)) for (const [chain, faults] of Object.entries(chains)) {
  describe(`${transport}: ${lane.name} with ${chain}`, { concurrency: 3 }, () => {
    const start = async (t: TestContext, each: (peer: Peer) => void) => {
      const upstream = await serve(t, each)
      const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults })
      return { proxy, upstream, client: await lane.open(t, proxy, upstream.port) }
    }

    test('a request with a FIN behind it gets its late answer', async (t) => {
      const { proxy, upstream, client } = await start(t, () => {})
      client.end(question(lane, upstream.port))
      const server = await upstream.peer(0)
      await server.until('\r\n\r\n')
      await sleep(LATE_MS)
      server.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate')
      const { text, fate } = await client.rest()
      assert.ok(text.endsWith('\r\n\r\nlate'), text)
      assert.equal(fate, 'end')
      await assertOver(proxy, 'completed')
    })

    test('a request with a FIN behind it gets all of a long answer, however slowly it is read', async (t) => {
      const { proxy, upstream, client } = await start(t, (peer) => peer.socket.once('data', () => {
        peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${8 * MiB}\r\n\r\n`).write(Buffer.alloc(8 * MiB, 'x'))
      }))
      readSlowly(client)
      client.end(question(lane, upstream.port))
      assert.equal(await client.fate, 'end')
      assert.ok(client.received > 8 * MiB, `${client.received} bytes`)
      await assertOver(proxy, 'completed')
    })

    test('an upstream that closes behind its answer does not cut it', async (t) => {
      const { proxy, upstream, client } = await start(t, (peer) => peer.socket.once('data', () => {
        peer.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nwhole')
      }))
      client.write(question(lane, upstream.port))
      const { text, fate } = await client.rest()
      assert.ok(text.endsWith('\r\n\r\nwhole'), text)
      assert.equal(fate, 'end')
      client.end()
      await assertOver(proxy, 'completed')
    })

    test('a body that ends with its connection arrives whole', async (t) => {
      const { proxy, upstream, client } = await start(t, (peer) => peer.socket.once('data', () => {
        peer.end('HTTP/1.0 200 OK\r\n\r\nuntil the end')
      }))
      client.write(question(lane, upstream.port))
      const { text, fate } = await client.rest()
      assert.ok(text.endsWith('\r\n\r\nuntil the end'), text)
      assert.equal(fate, 'end')
      client.end()
      await assertOver(proxy, 'completed')
    })
  })
}

for (const transport of transports) describe(`${transport}: a slow reader`, { concurrency: 2 }, () => {
  test('gets the end of an answer that was complete long before', async (t) => {
    const upstream = await serve(t)
    const { runtime, port, until } = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const client = await connect(t, port('web'))
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const server = await upstream.peer(0)
    await server.until('\r\n\r\n')
    client.socket.pause()
    const sent = await fill(runtime, server)
    server.end()
    await until('exchange.finished')
    await sleep(LINGER_MS + 300)
    client.socket.resume()
    assert.equal(await client.fate, 'end')
    assert.equal(client.received, sent)
  })

  test('an upstream that ends in the middle of its answer ends the client the same way, behind what came', async (t) => {
    const upstream = await serve(t, (peer) => peer.socket.once('data', () => peer.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')))
    const { port, until } = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['latency 30ms'] })
    const client = await connect(t, port('web'))
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const { text, fate } = await client.rest()
    assert.ok(text.endsWith('\r\n\r\nhalf'), text)
    assert.equal(fate, 'end')
    assert.deepEqual((({ outcome, cause }) => ({ outcome, cause }))(await until('exchange.finished')), { outcome: 'failed', cause: 'incomplete-response' })
  })
})

/** The connection's own patience for a client that has been told everything. */
const LINGER_MS = 1000

/** Answers without a length, in steps, until the proxy holds some of it because the kernel takes no more. */
async function fill(runtime: Runtime, server: Peer): Promise<number> {
  const step = Buffer.alloc(48 * 1024, 'x')
  let sent = 0
  const put = async (bytes: Buffer): Promise<void> => {
    sent += bytes.length
    server.write(bytes)
    await eventually('taken', () => runtime.connections()[0]!.bytesDown >= sent)
  }
  await put(Buffer.from('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'))
  while (runtime.sample().heldBytes === 0) await put(step)
  return sent
}
