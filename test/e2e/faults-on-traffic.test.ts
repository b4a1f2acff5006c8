import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rig, transports, type Rig } from '../helpers/rig.ts'
import { answer, laneProxies, lanes, measure, oracle, pipes, question } from './lanes.ts'
import { connect, eventually, least, readResponse, serve, sleep, tunnel, type Peer } from './peers.ts'

const NOISE_MS = 60
const echo = (peer: Peer): void => { peer.socket.on('data', (bytes: Buffer) => peer.write(bytes)) }
const totals = ({ runtime }: Rig, id: string) => runtime.sample().faults.find(({ fault }) => fault === id)!

async function taken(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

for (const transport of transports) for (const lane of lanes) describe(`${transport}: ${lane.name}`, { concurrency: 3 }, () => {
  test('D-01, E-06: a bandwidth holds from the first byte to the last, far beyond one second\'s worth and above 1 MB/s', async (t) => {
    const size = 900_000
    const upstream = await serve(t, (peer) => peer.socket.once('data', () => peer.write(answer('x'.repeat(size)))))
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['bandwidth 3MB/s'] })
    const tookMs = await least(300 + NOISE_MS, async () => {
      const client = await lane.open(t, proxy, upstream.port)
      client.write(question(lane, upstream.port))
      const ms = await taken(() => client.until(size))
      assert.ok(ms > 290, `too fast: ${ms} ms for 900 kB at 3 MB/s`)
      assert.equal((await readResponse(client)).body.length, size)
      return ms
    })
    assert.ok(tookMs < 300 + NOISE_MS, `${tookMs} ms for 900 kB at 3 MB/s`)
  })

  test('D-03: lost segments come late and in order; nothing is cut', async (t) => {
    const body = Array.from({ length: 3000 }, (_, nth) => `line ${nth}\n`).join('')
    const upstream = await serve(t, (peer) => peer.socket.once('data', () => peer.write(answer(body))))
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const control = await lane.open(t, proxy, upstream.port)
    const controlMs = await taken(() => control.write(question(lane, upstream.port)).until(body.length))
    await proxy.swap('packet-loss rate=0.2')
    const client = await lane.open(t, proxy, upstream.port)
    client.write(question(lane, upstream.port))
    const tookMs = await taken(async () => assert.equal((await readResponse(client)).body, body))
    assert.ok(tookMs >= 199 && tookMs > controlMs, `it took ${tookMs} ms, without the loss ${controlMs}`)
  })

  test('E-01, E-05: a fault on an idle connection does nothing and counts nothing, and strikes when bytes come', async (t) => {
    const upstream = await oracle(t)
    const ids = ['latency', 'jitter', 'packet-loss', 'bandwidth']
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['latency mean=100 direction=both', 'jitter amplitude=1 frequency=1000 direction=both', 'packet-loss rate=0 direction=both', 'bandwidth 10MB/s direction=both'] })
    const peer = await lane.open(t, proxy, upstream.port)
    await sleep(150)
    for (const id of ids) assert.deepEqual(pick(totals(proxy, id)), { evaluated: 0, drawn: 0, applied: 0, applications: 0, bytes: 0 }, id)
    const { requestMs, responseMs } = await measure(peer, lane, upstream)
    assert.ok(requestMs >= 100 && responseMs >= 100, `request ${requestMs}, response ${responseMs}`)
    assert.deepEqual((({ evaluated, drawn, applied, applications }) => ({ evaluated, drawn, applied, applications }))(totals(proxy, 'latency')), { evaluated: 2, drawn: 2, applied: 2, applications: 2 })
  })

  test('E-37: what is reported is the delay that was asked for and the one that happened', async (t) => {
    const upstream = await oracle(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['latency mean=40'] })
    const measuredMs = await least(40 + NOISE_MS, async () => {
      const known = proxy.told('exchange.finished').length
      const peer = await lane.open(t, proxy, upstream.port)
      await measure(peer, lane, upstream)
      peer.end()
      await eventually('finished', () => proxy.told('exchange.finished').length > known)
      const { faults: [effect], bytesDown } = proxy.told('exchange.finished').at(-1)!
      assert.ok(effect!.askedMs === 40 && effect!.measuredMs >= 40, JSON.stringify(effect))
      assert.equal(bytesDown, answer('pong').length)
      return effect!.measuredMs
    })
    assert.ok(measuredMs < 40 + NOISE_MS, `${measuredMs} ms`)
  })

  test('a draw that misses is counted as evaluated, and changes nothing', async (t) => {
    const upstream = await oracle(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['latency mean=5s probability=0'] })
    await measure(await lane.open(t, proxy, upstream.port), lane, upstream)
    assert.deepEqual(pick(totals(proxy, 'latency')), { evaluated: 1, drawn: 0, applied: 0, applications: 0, bytes: 0 })
  })
})

const pick = ({ evaluated, drawn, applied, applications, bytes }: ReturnType<typeof totals>) => ({ evaluated, drawn, applied, applications, bytes })

for (const transport of transports) describe(transport, { concurrency: 4 }, () => {
  test('D-06: a missing name is missing for CONNECT, HTTP and TCP mappings alike, and drawn anew for each', async (t) => {
    const upstream = await oracle(t)
    const proxy = await rig(t, { transport, proxies: [`raw@0=localhost:${upstream.port}`], faults: ['dns nxdomain probability=0.5'] })
    const outcomes = { connect: new Set<string>(), http: new Set<string>(), raw: new Set<string>() }
    for (let nth = 0; nth < 16; nth++) {
      const connecting = await connect(t, proxy.port('http'))
      connecting.write(`CONNECT localhost:${upstream.port} HTTP/1.1\r\nHost: x\r\n\r\n`)
      outcomes.connect.add((await connecting.until('\r\n\r\n')).slice(9, 12))
      const asking = await connect(t, proxy.port('http'))
      asking.write(`GET http://localhost:${upstream.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`)
      outcomes.http.add((await readResponse(asking)).head.slice(9, 12))
      const raw = await connect(t, proxy.port('raw'))
      raw.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      outcomes.raw.add(await Promise.race([raw.fate, raw.until('pong').then(() => 'answered', () => 'reset')]))
    }
    assert.deepEqual([outcomes.connect, outcomes.http, outcomes.raw].map((set) => [...set].sort()), [['200', '502'], ['200', '502'], ['answered', 'reset']])
    assert.ok(proxy.told('exchange.finished').filter(({ outcome }) => outcome !== 'completed').every(({ cause }) => cause === 'nxdomain' || cause?.startsWith('client')))
  })

  test('D-08: jitter delays a lone exchange, by no more than its amplitude', async (t) => {
    const upstream = await oracle(t)
    const web = lanes.find(({ name }) => name === 'HTTP mapping')!
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['jitter amplitude=100 frequency=1000'] })
    const peer = await web.open(t, proxy, upstream.port)
    const delays: number[] = []
    for (let nth = 0; nth < 8; nth++) delays.push((await measure(peer, web, upstream)).responseMs)
    const { applied, applications, askedMs, measuredMs } = totals(proxy, 'jitter')
    assert.ok(Math.max(...delays) > 30 && Math.min(...delays) < 100, delays.join(' '))
    assert.equal(applied, 8)
    assert.ok(askedMs <= 100 * applications && measuredMs >= askedMs, `asked ${askedMs}, measured ${measuredMs} in ${applications}`)
  })

  test('D-51: an HTTP response is given without contacting the upstream, with clean headers, and the connection goes on', async (t) => {
    const upstream = await oracle(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['http-response 503 body="{\\"down\\": true}"'] })
    const client = await connect(t, proxy.port('web'))
    for (let nth = 0; nth < 2; nth++) {
      client.clear().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      const { head, body } = await readResponse(client)
      assert.match(head, /^HTTP\/1\.1 503 Service Unavailable\r\nContent-Type: application\/json\r\nContent-Length: 14\r\n/)
      assert.equal(body, '{"down": true}')
    }
    assert.equal(upstream.answeredAtMs.length, 0)
    await proxy.swap()
    client.clear().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await client.until('pong')
    assert.equal(proxy.told('connection.opened').length, 1)
  })

  test('D-48: a blackhole is told by one event, and counts each exchange it held, once', async (t) => {
    const upstream = await oracle(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const raw = await connect(t, proxy.port('raw'))
    raw.write('x')
    await proxy.until('exchange.started')
    await eventually('connected', () => proxy.runtime.connections()[0]!.bytesUp === 1)
    await proxy.swap('blackhole direction=both')
    for (let nth = 0; nth < 20; nth++) {
      raw.write('more')
      await sleep(2)
    }
    await eventually('held', () => proxy.runtime.sample().heldBytes === 80)
    assert.equal(proxy.told('faults.changed').filter(({ on }) => on.includes('blackhole')).length, 1)
    await proxy.swap('blackhole direction=both id=other')
    assert.equal(proxy.runtime.sample().heldBytes, 0, 'the old one is gone with what it held')
    const [effect] = (raw.reset(), await proxy.until('exchange.finished')).faults
    assert.deepEqual({ direction: effect!.direction, applications: effect!.applications, bytes: effect!.bytes }, { direction: 'egress', applications: 1, bytes: 80 })
  })

  test('E-13: behind a blackhole no connection is set up: no SYN upstream, no 200 for CONNECT, no FIN', async (t) => {
    const upstream = await serve(t, (peer) => peer.end('bye'))
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['blackhole'] })
    const raw = await connect(t, proxy.port('raw'))
    const connecting = await connect(t, proxy.port('http'))
    connecting.write(`CONNECT 127.0.0.1:${upstream.port} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await proxy.until('exchange.started', ({ kind }) => kind === 'connect')
    await sleep(80)
    assert.equal(upstream.peers.length, 0)
    assert.deepEqual([raw.text, connecting.text], ['', ''])
    await proxy.swap()
    assert.deepEqual(await raw.rest(), { text: 'bye', fate: 'end' })
    assert.ok((await connecting.until('bye')).startsWith('HTTP/1.1 200'))
  })

  test('E-13: the FIN of the server waits behind a blackhole like its bytes', async (t) => {
    const upstream = await serve(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const raw = await connect(t, proxy.port('raw'))
    const server = await upstream.peer(0)
    await proxy.swap('blackhole')
    server.end()
    assert.equal(await Promise.race([raw.fate, sleep(80)]), undefined)
    await proxy.swap()
    assert.equal(await raw.fate, 'end')
  })

  test('E-34: small writes go out at once on every kind of connection', async (t) => {
    const upstream = await serve(t, echo)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['bandwidth 1GB/s'] })
    for (const peer of [await connect(t, proxy.port('raw')), await tunnel(t, proxy.port('http'), `127.0.0.1:${upstream.port}`)]) {
      const tookMs = await least(30 * 20, () => taken(async () => {
        peer.clear()
        for (let nth = 1; nth <= 30; nth++) await peer.write('a').write('b').until(2 * nth)
      }))
      // Nagle's algorithm would wait for a delayed acknowledgement, 40 ms, in each of them.
      assert.ok(tookMs < 30 * 20, `30 round trips took ${tookMs} ms`)
    }
  })

  for (const pipe of pipes) test(`E-02: ${pipe.name}: per=turn delays every question of a long connection`, async (t) => {
    const upstream = await serve(t)
    const faults = pipe.name.startsWith('upgrade') ? ['latency mean=60 perReadWrite=true direction=egress'] : ['latency mean=60 per=turn direction=egress']
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults })
    const { client, server } = await pipe.open(t, proxy, upstream)
    const turns: number[] = []
    for (let nth = 0; nth < 4; nth++) {
      client.write(`question ${nth}`)
      turns.push(await taken(() => server.until(`question ${nth}`)))
      server.write(`answer ${nth}`)
      await client.until(`answer ${nth}`)
    }
    assert.ok(Math.min(...turns) >= 60 && Math.min(...turns) < 60 + NOISE_MS, turns.join(' '))
  })
})

for (const transport of transports) test(`${transport}: E-04: a fault that cuts waits for traffic, and leaves an idle connection alone`, async (t) => {
  const upstream = await serve(t, echo)
  const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: ['packet-loss mode=cut rate=1'] })
  const idle = await connect(t, proxy.port('raw'))
  const busy = await connect(t, proxy.port('raw'))
  busy.write('ping')
  await proxy.until('connection.closed')
  assert.equal(proxy.runtime.connections().length, 1)
  assert.equal(proxy.runtime.sample().faults[0]!.applied, 1)
  idle.write('ping')
  await eventually('the other one is cut too', () => proxy.runtime.connections().length === 0)
})
