import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { entriesOf, rig, transports, type Rig, type TransportName } from '../helpers/rig.ts'
import { laneProxies, lanes, measure, oracle, pipes, question, type Pipe } from './lanes.ts'
import { connect, eventually, least, serve, sleep, within, type Peer } from './peers.ts'

const MiB = 1024 * 1024

/** Swaps the set every few milliseconds, in turn, until stopped. */
function churn(t: TestContext, proxy: Rig, sets: readonly (readonly string[])[]): { stop(): number } {
  let swaps = 0
  const timer = setInterval(() => void proxy.swap(...sets[swaps++ % sets.length]!), 5)
  t.after(() => clearInterval(timer))
  return { stop: () => { clearInterval(timer); return swaps } }
}

async function pair(t: TestContext, transport: TransportName, faults: readonly string[]) {
  const upstream = await serve(t)
  const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults })
  const client = await connect(t, proxy.port('raw'))
  return { proxy, client, server: await upstream.peer(0) }
}

/** Milliseconds until so many bytes have come. */
async function timeOf(peer: Peer, bytes: number): Promise<number> {
  const from = performance.now()
  await peer.until(bytes)
  return performance.now() - from
}

for (const transport of transports) describe(transport, { concurrency: 3 }, () => {
  for (const lane of lanes) test(`E-36: ${lane.name}: a delay in progress outlives swaps of another fault`, async (t) => {
    const upstream = await oracle(t)
    const kept = 'latency mean=250 id=kept'
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: [kept] })
    const swapping = churn(t, proxy, [[kept, 'jitter amplitude=0 direction=both'], [kept], ['jitter amplitude=0', kept]])
    const tookMs = await least(340, async () => {
      const { responseMs } = await measure(await lane.open(t, proxy, upstream.port), lane, upstream)
      assert.ok(responseMs >= 250, `delayed by ${responseMs} ms`)
      return responseMs
    })
    assert.ok(swapping.stop() > 10)
    assert.ok(tookMs < 340, `delayed once, and not by ${tookMs} ms`)
  })

  test('E-36: a rate is the same while another fault comes and goes', async (t) => {
    const kept = 'bandwidth 1MB/s id=kept'
    const { proxy, client, server } = await pair(t, transport, [kept])
    const swapping = churn(t, proxy, [[kept, 'latency mean=0 id=other'], [kept], ['jitter amplitude=0 id=other', kept]])
    const tookMs = await least(430, async () => {
      server.write(Buffer.alloc(400_000))
      const ms = await timeOf(client, 400_000)
      client.clear()
      assert.ok(ms > 385, `too fast: ${ms} ms for 400 kB at 1 MB/s`)
      return ms
    })
    assert.ok(swapping.stop() > 20)
    assert.ok(tookMs < 430, `${tookMs} ms for 400 kB at 1 MB/s`)
  })

  test('E-36: a changed rate reaches the living fault and drops nothing', async (t) => {
    const { proxy, client, server } = await pair(t, transport, ['bandwidth 100KB/s'])
    const bytes = randomBytes(500_000)
    server.write(bytes)
    await client.until(20_000)
    assert.ok(client.received < 60_000, 'slow at first')
    await proxy.swap('bandwidth 10MB/s')
    const tookMs = await timeOf(client, bytes.length)
    assert.ok(tookMs < 300, `the rest took ${tookMs} ms`)
    assert.deepEqual(Buffer.concat(client.chunks), bytes)
  })

  test('a fault that is taken away passes on what it held, at once and in order', async (t) => {
    const { proxy, client, server } = await pair(t, transport, ['latency mean=20s id=long', 'bandwidth 1GB/s'])
    server.write('first,')
    await eventually('held', () => proxy.runtime.sample().heldBytes > 0)
    server.write('second,')
    await eventually('held', () => proxy.runtime.sample().heldBytes === 'first,second,'.length)
    assert.equal(client.text, '')
    const generation = await proxy.swap('bandwidth 1GB/s')
    assert.equal(proxy.runtime.faults.generation, generation)
    server.write('third')
    assert.equal(await client.until('third'), 'first,second,third')
  })

  test('apply resolves with the generation that every connection carries', async (t) => {
    const { proxy, client, server } = await pair(t, transport, [])
    const before = proxy.runtime.faults.generation
    assert.equal(await proxy.swap('blackhole'), before + 1)
    server.write('held')
    await eventually('held', () => proxy.runtime.sample().heldBytes === 4)
    assert.equal(await proxy.swap(), before + 2)
    assert.equal(await client.until('held'), 'held')
    assert.deepEqual(proxy.told('faults.changed').slice(-2).map(({ generation, on, off }) => ({ generation, on, off })), [
      { generation: before + 1, on: ['blackhole'], off: [] },
      { generation: before + 2, on: [], off: ['blackhole'] },
    ])
  })

  test('D-18: a schedule reaches open connections: a blackhole begins, ends, and releases in order what it held', async (t) => {
    const { proxy, client, server } = await pair(t, transport, ['blackhole sched=start:0.3s,duration:0.5s'])
    server.write('before,')
    await client.until('before,')
    await proxy.until('faults.changed', ({ on }) => on.includes('blackhole'))
    for (const text of ['one,', 'two,', 'three,']) {
      server.write(text)
      await sleep(20)
    }
    assert.equal(client.text, 'before,')
    await proxy.until('faults.changed', ({ off }) => off.includes('blackhole'))
    server.write('after')
    assert.equal(await client.until('after'), 'before,one,two,three,after')
  })

  for (const lane of lanes.filter(({ http }) => http)) test(`D-18: ${lane.name}: a request that a blackhole caught goes on when it ends`, async (t) => {
    const upstream = await oracle(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['blackhole'] })
    const peer = await lane.open(t, proxy, upstream.port)
    peer.write(question(lane, upstream.port))
    await proxy.until('exchange.started')
    await sleep(60)
    assert.equal(upstream.answeredAtMs.length, 0, 'nothing has reached the upstream')
    await proxy.swap()
    await peer.until('pong')
  })

  test('D-17: two faults of a kind, each with its own schedule, do not disturb each other', async (t) => {
    const upstream = await oracle(t)
    const web = lanes.find(({ name }) => name === 'HTTP mapping')!
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: [
      'latency mean=80 id=early sched=duration:1s', 'latency mean=160 id=late sched=start:0.8s,duration:1s', 'jitter amplitude=0 sched=start:0.9s',
    ] })
    const peer = await web.open(t, proxy, upstream.port)
    const pulse = (atLeast: number): Promise<number> => least(atLeast + 60, async () => {
      const { responseMs } = await measure(peer, web, upstream)
      assert.ok(responseMs >= atLeast, `${responseMs} ms`)
      return responseMs
    })
    assert.ok(await pulse(80) < 150, 'only the early one')
    await proxy.until('faults.changed', ({ on }) => on.includes('late'))
    await proxy.until('faults.changed', ({ on }) => on.includes('jitter'))
    assert.deepEqual(active(proxy), ['early', 'late', 'jitter'])
    await proxy.until('faults.changed', ({ off }) => off.includes('early'))
    assert.ok(await pulse(160) < 235, 'only the late one')
    await proxy.until('faults.changed', ({ off }) => off.includes('late'))
    assert.ok(await pulse(0) < 75, 'neither')
    assert.deepEqual(active(proxy), ['jitter'])
  })

  test('chains that change at random never lose, repeat or reorder a byte', async (t) => {
    await fc.assert(fc.asyncProperty(fc.constantFrom(...pipes), fc.array(sets, { minLength: 3, maxLength: 12 }), async (pipe, changes) => {
      await transferUnder(t, transport, pipe, changes)
    }), { numRuns: 8, endOnFailure: true })
  })
})

const active = ({ runtime }: Rig): string[] => runtime.faults.instances.filter(({ isActive }) => isActive).map(({ id }) => id)

const place = fc.tuple(fc.constantFrom('client', 'server'), fc.constantFrom('ingress', 'egress', 'both')).map(([side, direction]) => `side=${side} direction=${direction}`)
const kinds = ['latency mean=5', 'latency mean=3 stddev=3 perReadWrite=true', 'jitter amplitude=4 frequency=200', 'bandwidth 40MB/s', 'bandwidth 80MB/s', 'packet-loss rate=0.0005', 'blackhole']
const fault = fc.tuple(fc.constantFrom(...kinds), place, fc.constantFrom('', ' id=a', ' id=b')).map(([kind, where, id]) => `${kind} ${where}${id}`)
const sets = fc.array(fault, { maxLength: 4 })

/**
 * 4 MiB both ways while the set changes every few milliseconds; then everything is taken away, and all of it must be there.
 * The FINs come last, since one that meets a blackhole both ways is a farewell.
 */
async function transferUnder(t: TestContext, transport: TransportName, pipe: Pipe, changes: readonly (readonly string[])[]): Promise<void> {
  const upstream = await serve(t)
  const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
  const { client, server } = await pipe.open(t, proxy, upstream)
  const sent = { up: randomBytes(4 * MiB), down: randomBytes(4 * MiB) }
  client.write(sent.up)
  server.write(sent.down)
  for (const change of changes) {
    await proxy.runtime.apply(entriesOf(change))
    await sleep(8)
  }
  await proxy.swap()
  client.end()
  server.end()
  assert.deepEqual(await within('both ends', Promise.all([client.fate, server.fate])), ['end', 'end'])
  assert.equal(sha(client.chunks), sha([sent.down]))
  assert.equal(sha(server.chunks), sha([sent.up]))
  await proxy.until('connection.closed')
  assert.equal(proxy.runtime.sample().heldBytes, 0)
  proxy.runtime.stopNow()
}

function sha(chunks: readonly Buffer[]): string {
  const hash = createHash('sha256')
  for (const bytes of chunks) hash.update(bytes)
  return hash.digest('hex')
}
