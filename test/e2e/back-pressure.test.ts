import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, test, type TestContext } from 'node:test'
import { rig, transports, type Rig, type TransportName } from '../helpers/rig.ts'
import { answer, laneProxies, lanes, pipes, question, type Pipe } from './lanes.ts'
import { connect, eventually, serve, sleep, tunnel, type Peer } from './peers.ts'

const MiB = 1024 * 1024
const LIMIT_BYTES = 256 * 1024
/** A read goes through whole, and what it brings is counted behind it: one for each flow. */
const READ_BYTES = 256 * 1024

const sha = (chunks: readonly Buffer[]): string => {
  const hash = createHash('sha256')
  for (const bytes of chunks) hash.update(bytes)
  return hash.digest('hex')
}

function readSlowly({ socket }: Peer): void {
  socket.on('data', () => {
    socket.pause()
    setTimeout(() => socket.resume(), 1)
  })
}

/** The most bytes that were held at any look. */
function watch(t: TestContext, { runtime }: Rig): { most(): number } {
  let most = 0
  const timer = setInterval(() => { most = Math.max(most, runtime.sample().heldBytes) }, 2)
  t.after(() => clearInterval(timer))
  return { most: () => most }
}

async function pipeline(t: TestContext, transport: TransportName, pipe: Pipe, faults: readonly string[]) {
  const upstream = await serve(t)
  const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults, settings: { bufferLimitBytes: LIMIT_BYTES } })
  return { proxy, ...await pipe.open(t, proxy, upstream) }
}

for (const transport of transports) describe(transport, { concurrency: 3 }, () => {
  for (const pipe of pipes) for (const faults of [[], ['latency mean=3 perReadWrite=true direction=both', 'jitter amplitude=2 direction=both']]) {
    test(`${pipe.name}: with a tiny --buffer-limit and slow readers everything arrives and little is held, ${faults.length > 0 ? 'with' : 'without'} delays`, async (t) => {
      const { proxy, client, server } = await pipeline(t, transport, pipe, faults)
      const held = watch(t, proxy)
      const sent = { up: randomBytes(6 * MiB), down: randomBytes(6 * MiB) }
      for (const peer of [client, server]) readSlowly(peer)
      client.write(sent.up).end()
      server.write(sent.down).end()
      assert.deepEqual([await client.fate, await server.fate], ['end', 'end'])
      assert.equal(sha(client.chunks), sha([sent.down]))
      assert.equal(sha(server.chunks), sha([sent.up]))
      assert.ok(held.most() <= LIMIT_BYTES + 2 * READ_BYTES, `held ${held.most()} bytes`)
      await proxy.until('connection.closed')
      assert.equal(proxy.runtime.sample().heldBytes, 0)
    })
  }

  test('the budget is one for all: many connections under a long delay stay within it, and go on when it ends', async (t) => {
    const upstream = await serve(t, (peer) => peer.write(Buffer.alloc(MiB, 'x')).end())
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['blackhole'], settings: { bufferLimitBytes: LIMIT_BYTES } })
    await proxy.swap('latency 30s')
    const held = watch(t, proxy)
    const clients = await Promise.all(Array.from({ length: 12 }, () => connect(t, proxy.port('raw'))))
    await eventually('held', () => proxy.runtime.sample().heldBytes >= LIMIT_BYTES)
    await sleep(50)
    await proxy.swap()
    for (const client of clients) {
      assert.equal(await client.fate, 'end')
      assert.equal(client.received, MiB)
    }
    // Each may have been in the middle of a read when the limit was met.
    assert.ok(held.most() <= LIMIT_BYTES + clients.length * READ_BYTES, `held ${held.most()} bytes`)
  })

  test('a flow that was full when the budget was used up by others goes on afterwards', async (t) => {
    const upstream = await serve(t, (peer) => peer.write(Buffer.alloc(2 * MiB, 'x')).end())
    const slow = 'bandwidth 2MB/s proxy=raw'
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: [slow], settings: { bufferLimitBytes: LIMIT_BYTES } })
    const client = await connect(t, proxy.port('raw'))
    await client.until(1)
    await proxy.swap(slow, 'latency 30s proxy=http')
    const others = await Promise.all([1, 2].map(() => tunnel(t, proxy.port('http'), `127.0.0.1:${upstream.port}`)))
    await eventually('held', () => proxy.runtime.sample().heldBytes >= LIMIT_BYTES)
    await sleep(100)
    await proxy.swap(slow)
    for (const peer of [client, ...others]) {
      assert.equal(await peer.fate, 'end')
      assert.equal(peer.received, 2 * MiB)
    }
  })

  test('an upload to an upstream that does not read stops the client', async (t) => {
    const upstream = await serve(t, (peer) => peer.socket.pause())
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const client = await connect(t, proxy.port('web'))
    client.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${256 * MiB}\r\n\r\n`)
    const held = watch(t, proxy)
    let sent = 0
    for (let moved = true; moved;) {
      while (sent < 64 * MiB && client.socket.write(Buffer.alloc(MiB))) sent += MiB
      const before = proxy.runtime.connections()[0]!.bytesUp
      await sleep(100)
      moved = proxy.runtime.connections()[0]!.bytesUp > before && sent < 64 * MiB
    }
    assert.ok(held.most() <= READ_BYTES + 128 * 1024, `held ${held.most()} bytes`)
    assert.ok(proxy.runtime.connections()[0]!.bytesUp < 48 * MiB)
  })
})

for (const transport of transports) describe(`${transport}: E-09`, { concurrency: 4 }, () => {
  /** Cannot see an end behind unread bytes: the capability `notice-hangup`. */
  const isBlind = transport === 'node'

  /** A client that waits behind a blackhole, as told by its event. */
  async function waiting(t: TestContext, lane: typeof lanes[number], faults: readonly string[]) {
    const upstream = await serve(t, (peer) => peer.write(answer('pong')))
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const open = lane.name !== 'CONNECT'
    const early = open ? undefined : await lane.open(t, proxy, upstream.port)
    await proxy.swap(...faults)
    const client = early ?? await lane.open(t, proxy, upstream.port)
    client.write(question(lane, upstream.port))
    await proxy.until('exchange.started')
    await sleep(30)
    return { proxy, client }
  }

  for (const lane of lanes) for (const leave of ['end', 'reset'] as const) {
    if (isBlind && leave === 'end' && lane.name === 'TCP mapping') continue
    test(`${lane.name}: a client that leaves by ${leave === 'end' ? 'FIN' : 'RST'} during a blackhole both ways is noticed`, async (t) => {
      const { proxy, client } = await waiting(t, lane, ['blackhole direction=both'])
      client[leave]()
      const { reason } = await proxy.until('connection.closed')
      assert.match(reason, leave === 'end' ? /^client-(left|end)/ : /^client-reset/)
      const { outcome } = await proxy.until('exchange.finished')
      assert.ok(outcome === 'cancelled' || outcome === 'reset', outcome)
      assert.equal(proxy.runtime.connections().length, 0)
      assert.equal(proxy.runtime.sample().heldBytes, 0)
    })
  }

  if (!isBlind) test('a client that has sent more than is held and then leaves is noticed', async (t) => {
    const upstream = await serve(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const client = await connect(t, proxy.port('raw'))
    await proxy.swap('blackhole direction=both')
    client.write(Buffer.alloc(80_000))
    await eventually('held', () => proxy.runtime.sample().heldBytes > 64 * 1024)
    client.write(Buffer.alloc(10_000)).end()
    assert.equal((await proxy.until('connection.closed')).reason, 'client-left')
  })

  test('a FIN is held like bytes while one direction is open', async (t) => {
    const upstream = await serve(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const client = await connect(t, proxy.port('raw'))
    const server = await upstream.peer(0)
    await proxy.swap('blackhole direction=egress')
    client.end('question')
    server.write('meanwhile')
    await client.until('meanwhile')
    await sleep(50)
    assert.equal(server.text, '')
    await proxy.swap()
    assert.deepEqual(await server.rest(), { text: 'question', fate: 'end' })
  })
})
