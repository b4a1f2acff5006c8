import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import { buffer } from 'node:stream/consumers'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { entriesOf, rig, transports, type TransportName } from '../helpers/rig.ts'
import { laneProxies } from './lanes.ts'
import { sleep, within } from './peers.ts'

/** Sends every body back: chunked when asked for by query, and only once all of it has come when it says `late`. */
async function echoServer(t: TestContext): Promise<number> {
  const server = http.createServer((request, response) => {
    const { searchParams } = new URL(request.url!, 'http://x')
    if (!searchParams.has('chunked')) response.setHeader('Content-Length', request.headers['x-size'] as string)
    if (!searchParams.has('late')) return void request.pipe(response)
    void buffer(request).then((bytes) => response.end(bytes), () => {})
  })
  t.after(() => { server.close(); server.closeAllConnections() })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}

interface Ask { readonly size: number; readonly query: string; readonly chunked: boolean; readonly forward: boolean }

async function exchange(agent: http.Agent, port: number, path: string, { size, chunked }: Ask): Promise<void> {
  const body = randomBytes(size)
  const request = http.request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers: { 'X-Size': String(size), Host: 'web.test', ...(chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': size }) } })
  for (let at = 0; at < size; at += 40_000) request.write(body.subarray(at, at + 40_000))
  request.end()
  const [response] = await once(request, 'response') as [http.IncomingMessage]
  const got = await buffer(response)
  assert.equal(response.statusCode, 200)
  assert.ok(got.equals(body), `${got.length} of ${size} bytes came back, or other ones`)
}

const asks = fc.array(fc.record({
  size: fc.constantFrom(0, 1, 1447, 1449, 70_000, 300_000),
  query: fc.constantFrom('?', '?chunked', '?late', '?late&chunked'),
  chunked: fc.boolean(), forward: fc.boolean(),
}), { minLength: 8, maxLength: 16 })

const kinds = ['latency mean=4', 'latency mean=2 stddev=2 perReadWrite=true', 'jitter amplitude=3 frequency=300', 'bandwidth 20MB/s', 'packet-loss rate=0.0005', 'blackhole']
const place = fc.tuple(fc.constantFrom('client', 'server'), fc.constantFrom('ingress', 'egress', 'both'))
const fault = fc.tuple(fc.constantFrom(...kinds), place, fc.constantFrom('', ' id=a', ' id=b', ' path=/1*')).map(([kind, [side, direction], more]) => `${kind} side=${side} direction=${direction}${more}`)
const changes = fc.array(fc.array(fault, { maxLength: 4 }), { minLength: 4, maxLength: 12 })

async function exchangesUnder(t: TestContext, transport: TransportName, wanted: readonly Ask[], sets: readonly (readonly string[])[]): Promise<void> {
  const upstream = await echoServer(t)
  const proxy = await rig(t, { transport, proxies: laneProxies(upstream) })
  const agent = new http.Agent({ keepAlive: true, maxSockets: 3 })
  t.after(() => agent.destroy())
  const all = Promise.all(wanted.map((ask, nth) => ask.forward
    ? exchange(agent, proxy.port('http'), `http://127.0.0.1:${upstream}/${nth}${ask.query}`, ask)
    : exchange(agent, proxy.port('web'), `/${nth}${ask.query}`, ask)))
  for (const set of sets) {
    await proxy.runtime.apply(entriesOf(set))
    await sleep(7)
  }
  await proxy.swap()
  await within('all answers', all)
  assert.deepEqual(new Set(proxy.told('exchange.finished').map(({ outcome }) => outcome)), new Set(['completed']))
  assert.equal(proxy.told('exchange.finished').length, wanted.length)
  assert.equal(proxy.runtime.sample().heldBytes, 0)
  proxy.runtime.stopNow()
}

for (const transport of transports) describe(transport, () => {
  test('exchanges under chains that change at random bring back every byte', async (t) => {
    await fc.assert(fc.asyncProperty(asks, changes, async (wanted, sets) => {
      await exchangesUnder(t, transport, wanted, sets)
    }), { numRuns: 8, endOnFailure: true })
  })
})
