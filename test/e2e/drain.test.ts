import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rig, transports } from '../helpers/rig.ts'
import { answer, laneProxies, lanes, pipes, question } from './lanes.ts'
import { connect, eventually, serve, sleep } from './peers.ts'

for (const transport of transports) describe(`${transport}: D-58`, { concurrency: 6 }, () => {
  for (const lane of lanes.filter(({ http }) => http)) test(`${lane.name}: a stop lets an exchange finish and takes no new connection`, async (t) => {
    const upstream = await serve(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), settings: { drainTimeoutMs: 5000 } })
    const [client, idle] = [await lane.open(t, proxy, upstream.port), await lane.open(t, proxy, upstream.port)]
    const { port } = proxy.address(lane.name === 'HTTP forward' ? 'http' : 'web')
    client.write(question(lane, upstream.port))
    const server = await upstream.peer(0)
    await server.until('\r\n\r\n')
    const from = performance.now()
    const stopped = proxy.runtime.stop('test')
    assert.equal(await idle.fate, 'end', 'an idle connection is closed')
    assert.equal(await (await connect(t, port)).fate, 'ECONNREFUSED')
    await sleep(300)
    server.write(answer('finished'))
    await client.until('finished')
    assert.equal(await client.fate, 'end')
    client.end()
    await stopped
    assert.ok(performance.now() - from < 2000, 'it does not wait for the limit')
    const { outcome } = await proxy.until('exchange.finished')
    assert.equal(outcome, 'completed')
    assert.equal((await proxy.until('run.finished')).reason, 'test')
  })

  for (const pipe of pipes) test(`${pipe.name}: a stop lets bytes that are on their way arrive`, async (t) => {
    const upstream = await serve(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), settings: { drainTimeoutMs: 5000 } })
    const { client, server } = await pipe.open(t, proxy, upstream)
    await proxy.swap('bandwidth 25')
    server.write('on its way')
    await eventually('held', () => proxy.runtime.sample().heldBytes > 0)
    const stopped = proxy.runtime.stop('test')
    assert.equal(await client.until('way'), 'on its way')
    await stopped
    assert.equal(await server.fate, 'end')
  })

  test('a stop cuts what does not finish once the limit is reached', async (t) => {
    const upstream = await serve(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), settings: { drainTimeoutMs: 300 } })
    const clients = await Promise.all(lanes.map((lane) => lane.open(t, proxy, upstream.port)))
    for (const [index, client] of clients.entries()) client.write(question(lanes[index]!, upstream.port))
    const servers = await Promise.all(lanes.map((_, index) => upstream.peer(index)))
    await Promise.all(servers.map((server) => server.until('\r\n\r\n')))
    await proxy.swap('blackhole direction=both')
    for (const server of servers) server.write(answer('never'))
    const from = performance.now()
    await proxy.runtime.stop('test')
    const tookMs = performance.now() - from
    assert.ok(tookMs >= 299 && tookMs < 2000, `it took ${tookMs} ms`)
    assert.equal(proxy.runtime.connections().length, 0)
    assert.equal(proxy.told('connection.closed').length, lanes.length)
    for (const client of clients) assert.ok(!(await client.rest()).text.includes('never'))
  })

  test('a second stop, or stopNow, ends a drain at once', async (t) => {
    const upstream = await serve(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), settings: { drainTimeoutMs: 60_000 } })
    const client = await connect(t, proxy.port('web'))
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await (await upstream.peer(0)).until('\r\n\r\n')
    const stopped = proxy.runtime.stop('test')
    await sleep(50)
    proxy.runtime.stopNow()
    await stopped
    assert.equal(proxy.told('run.finished').length, 1)
  })
})
