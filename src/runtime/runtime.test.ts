import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { connect, serve, tunnel } from '../../test/e2e/peers.ts'
import { testHost } from '../../test/helpers/host.ts'
import { entriesOf, rig, transports } from '../../test/helpers/rig.ts'
import { entryOf, faultCalled } from '../../test/helpers/seats.ts'
import { until } from '../../test/wire/support.ts'
import { UserError } from '../kit/errors.ts'
import type { Event } from '../model/events.ts'
import { protocols, schemes } from '../protocols/index.ts'
import { startRuntime } from './runtime.ts'
import { DEFAULT_SETTINGS, type RunSettings } from './settings.ts'

type Kind = (typeof transports)[number]

const builtins = { protocols, schemes }
const settingsOf = (transport: Kind, over: Partial<RunSettings> = {}): RunSettings => ({ ...DEFAULT_SETTINGS, transport, proxyAddress: { host: '127.0.0.1', port: 0, explicit: true }, ...over })
const namesOf = (events: readonly Event[]): string[] => events.map(({ event }) => event)

function starting(kind: Kind): void {
  test('a run tells how it began, what is in force, and where it listens, before anybody can connect', async (t) => {
    const { events, runtime } = await rig(t, { transport: kind, faults: ['latency mean=1ms'] })
    assert.deepEqual(namesOf(events), ['run.started', 'faults.changed', 'listener.opened'])
    assert.deepEqual([runtime.transport.name, runtime.faults.generation, runtime.faults.instances.map(({ id }) => id)], [kind, 1, ['latency']])
  })

  test('a seed that nobody chose comes from the machine, once', async (t) => {
    const host = testHost({ entropy: 1234 }).host
    for (const [seed, expected] of [[undefined, 1234], [0, 0], [7, 7]] as const) {
      const runtime = await startRuntime({ settings: settingsOf(kind, { seed }), faults: [], builtins, host })
      t.after(() => runtime.stopNow())
      assert.deepEqual([runtime.seed, runtime.faults.seed], [expected, expected])
    }
  })

  test('several runtimes live in one process, each with its own', async (t) => {
    const { port } = await serve(t, (peer) => { peer.write('hello') })
    const [a, b] = [await rig(t, { transport: kind, proxies: [`db@0=127.0.0.1:${port}`] }), await rig(t, { transport: kind, proxies: [`db@0=127.0.0.1:${port}`] })]
    await (await connect(t, a.port('db'))).until('hello')
    assert.deepEqual([a.runtime.connections().length, b.runtime.connections().length], [1, 0])
    a.runtime.stopNow()
    await (await connect(t, b.port('db'))).until('hello')
  })

  test('a start that fails leaves nothing running', async () => {
    const before = process.getActiveResourcesInfo().length
    const faults = [...entriesOf(['latency mean=1ms sched=start:1h']), entryOf(faultCalled('nowhere', {}))]
    await assert.rejects(startRuntime({ settings: settingsOf(kind), faults, builtins, host: testHost().host }), UserError)
    await until('everything to be closed', () => process.getActiveResourcesInfo().length <= before)
  })
}

function running(kind: Kind): void {
  test('a swap resolves with its generation once every connection carries it', async (t) => {
    const { port } = await serve(t, (peer) => { peer.socket.on('data', (bytes: Buffer) => { peer.write(bytes) }) })
    const { runtime, swap, ...started } = await rig(t, { transport: kind, proxies: [`db@0=127.0.0.1:${port}`] })
    const client = await connect(t, started.port('db'))
    await client.write('one').until('one')
    assert.equal(await swap('blackhole'), 2)
    client.clear().write('two')
    assert.equal(await swap(), 3)
    await client.until('two')
    assert.deepEqual(runtime.sample().faults, [])
  })

  test('a swap with a wrong entry is rejected and changes nothing', async (t) => {
    const { runtime } = await rig(t, { transport: kind, faults: ['latency mean=1ms'] })
    await assert.rejects(runtime.apply([entryOf(faultCalled('x'), { sched: 'nonsense' })]), UserError)
    assert.deepEqual([runtime.faults.generation, runtime.faults.instances.map(({ id }) => id)], [1, ['latency']])
  })

  test('a sample has the sums of connections that live and of those that have gone', async (t) => {
    const { port } = await serve(t, (peer) => { peer.socket.on('data', (bytes: Buffer) => { peer.write(Buffer.concat([bytes, bytes])) }) })
    const { runtime, until: told, ...started } = await rig(t, { transport: kind, proxies: [`db@0=127.0.0.1:${port}`], faults: ['latency mean=1ms'] })
    const [first, second] = [await connect(t, started.port('db')), await connect(t, started.port('db'))]
    await first.write('abc').until('abcabc')
    await second.write('d').until('dd')
    first.reset()
    await told('connection.closed')
    const { openConnections, bytesUp, bytesDown, faults } = runtime.sample()
    assert.deepEqual([openConnections, bytesUp, bytesDown], [1, 4, 8])
    const [{ fault, matched, evaluated, drawn, applied, unable } = assert.fail()] = faults
    assert.deepEqual({ fault, matched, evaluated, drawn, applied, unable }, { fault: 'latency', matched: 2, evaluated: 2, drawn: 2, applied: 2, unable: 0 })
  })

  test('D-15: a proxy that is asked to dial itself says so, however its address is written', async (t) => {
    const { port } = await rig(t, { transport: kind })
    for (const host of ['127.0.0.1', 'localhost', '0.0.0.0', '[::ffff:127.0.0.1]']) {
      const client = await connect(t, port('http'))
      client.write(`CONNECT ${host}:${port('http')} HTTP/1.1\r\nHost: x\r\n\r\n`)
      assert.match(await client.until('\r\n\r\n'), /^HTTP\/1\.1 508 /, host)
    }
  })
}

async function echoRig(t: TestContext, kind: Kind, settings: Partial<RunSettings> = {}) {
  const { port } = await serve(t, (peer) => {
    peer.socket.on('data', (bytes: Buffer) => { peer.write(bytes) })
    peer.socket.on('end', () => { peer.end() })
  })
  const started = await rig(t, { transport: kind, proxies: [`db@0=127.0.0.1:${port}`], settings })
  return { ...started, upstreamPort: port }
}

function stopping(kind: Kind): void {
  test('D-58: a stop ends idle connections within a moment, tells it all, and resolves', async (t) => {
    const { runtime, port, events, upstreamPort } = await echoRig(t, kind, { drainTimeoutMs: 20_000 })
    const idle = await connect(t, port('db'))
    await idle.write('x').until('x')
    const tunnelled = await tunnel(t, port('http'), `127.0.0.1:${upstreamPort}`)
    const waiting = await connect(t, port('http'))
    const startedAt = performance.now()
    await runtime.stop('SIGTERM')
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs < 3000, `took ${tookMs} ms`)
    for (const peer of [idle, tunnelled, waiting]) assert.ok(['end', 'reset'].includes(await peer.fate))
    assert.deepEqual(namesOf(events).filter((name) => name === 'listener.closed').length, 2)
    assert.deepEqual([namesOf(events).at(-2), events.at(-1)], ['traffic.sampled', { event: 'run.finished', atMs: events.at(-1)!.atMs, reason: 'SIGTERM', durationMs: (events.at(-1) as { durationMs: number }).durationMs }])
    assert.equal(namesOf(events).filter((name) => name === 'connection.closed').length, 3)
    assert.deepEqual(runtime.connections(), [])
  })

  test('a stop takes no new connections and lets what is under way finish', async (t) => {
    const { runtime, port, swap } = await echoRig(t, kind, { drainTimeoutMs: 20_000 })
    await swap('latency mean=600ms')
    const slow = await connect(t, port('db'))
    slow.write('late')
    await until('bytes to be held', () => runtime.sample().heldBytes > 0)
    const over = runtime.stop('SIGINT')
    assert.equal(await (await connect(t, port('db'))).fate, 'ECONNREFUSED')
    assert.equal(await slow.until('late'), 'late')
    await over
  })

  test('what is busy is cut when the time is up', async (t) => {
    const { runtime, port, swap } = await echoRig(t, kind, { drainTimeoutMs: 400 })
    const stuck = await connect(t, port('db'))
    stuck.write('connected')
    await stuck.until('connected')
    await swap('blackhole direction=both')
    stuck.write('never')
    await until('bytes to be held', () => runtime.sample().heldBytes > 0)
    const startedAt = performance.now()
    await runtime.stop('SIGINT')
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs >= 150 && tookMs < 2000, `took ${tookMs} ms`)
    assert.ok(['end', 'reset'].includes(await stuck.fate))
  })

  test('stopping twice is stopping once, and the first reason stands', async (t) => {
    const { runtime, events } = await echoRig(t, kind)
    await Promise.all([runtime.stop('first'), runtime.stop('second')])
    await runtime.stop('third')
    const ends = events.filter(({ event }) => event === 'run.finished')
    assert.deepEqual(ends.map((event) => 'reason' in event && event.reason), ['first'])
  })

  test('a stop that is cut short resolves all the same', async (t) => {
    const { runtime, port, swap, events } = await echoRig(t, kind, { drainTimeoutMs: 60_000 })
    await swap('latency mean=1h')
    const held = await connect(t, port('db'))
    held.write('never')
    await until('bytes to be held', () => runtime.sample().heldBytes > 0)
    const over = runtime.stop('SIGINT')
    runtime.stopNow()
    await over
    assert.ok(['end', 'reset'].includes(await held.fate))
    assert.equal(namesOf(events).at(-1), 'run.finished')
  })
}

for (const kind of transports) {
  describe(`${kind}: start`, () => starting(kind))
  describe(`${kind}: run`, () => running(kind))
  describe(`${kind}: stop`, () => stopping(kind))
}

test('epoll that is asked for and cannot be had is an error', async () => {
  const host = testHost({ platform: { os: 'darwin' } }).host
  await assert.rejects(startRuntime({ settings: settingsOf('epoll'), faults: [], builtins, host }), (error: UserError) => {
    assert.deepEqual([error.code, error.exitCode], ['NO_EPOLL', 1])
    assert.match(error.hint!, /--transport node/)
    return true
  })
})
