import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { rig, transports } from '../helpers/rig.ts'
import { hostsResolver, nameServer } from './names.ts'
import { closedPort, connect, readResponse, serve, silentPort, sleep, tunnel, type Peer } from './peers.ts'

/** No resolver asks anybody for a label of more than 63 letters. */
const NOWHERE = `${'a'.repeat(64)}.test`

const echo = (peer: Peer): void => { peer.socket.on('data', (bytes: Buffer) => peer.write(bytes)) }

async function ask(t: TestContext, port: number, text: string) {
  const peer = await connect(t, port)
  peer.write(text)
  const { head, body } = await readResponse(peer)
  return { status: Number(head.slice(9, 12)), head, ...JSON.parse(body) as { cause: string; target: string }, fate: await peer.fate }
}

const connectTo = (target: string): string => `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`
const get = (authority: string): string => `GET http://${authority}/ HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`

/** Long enough to tell a client that is noticed from one that is met again when its look-up ends. */
const LOOKUP_MS = 1000

for (const transport of transports) describe(transport, { concurrency: 4 }, () => {
  test('E-16: a refused upstream is a RST for the client of a TCP mapping, and its event says refused', async (t) => {
    const proxy = await rig(t, { transport, proxies: [`raw@0=127.0.0.1:${await closedPort()}`] })
    const client = await connect(t, proxy.port('raw'))
    assert.equal(await client.fate, 'reset')
    const { outcome, cause } = await proxy.until('exchange.finished')
    assert.deepEqual({ outcome, cause }, { outcome: 'failed', cause: 'refused' })
    assert.equal((await proxy.until('connection.closed')).reason, 'refused')
  })

  test('E-31, E-32: a mapping to a name that does not exist starts, resets its clients and says nxdomain', async (t) => {
    const proxy = await rig(t, { transport, proxies: ['raw@0=no-such-host.invalid:80'] })
    for (let nth = 0; nth < 2; nth++) assert.equal(await (await connect(t, proxy.port('raw'))).fate, 'reset')
    assert.deepEqual(proxy.told('exchange.finished').map(({ cause }) => cause), ['nxdomain', 'nxdomain'])
  })

  test('D-45: CONNECT to a port that refuses is answered 502, not 200, and ends in good order', async (t) => {
    const target = `127.0.0.1:${await closedPort()}`
    const proxy = await rig(t, { transport })
    const { status, head, cause, fate, ...said } = await ask(t, proxy.port('http'), connectTo(target))
    assert.deepEqual({ status, cause, target: said.target, fate }, { status: 502, cause: 'refused', target, fate: 'end' })
    assert.match(head, /\r\nProxy-Status: fault; error=connection_refused\r\n/)
  })

  test('D-02: an unresolvable name is answered 502 and the proxy serves the next client', async (t) => {
    const upstream = await serve(t, echo)
    const { port } = await rig(t, { transport })
    for (const text of [connectTo(`${NOWHERE}:443`), get(NOWHERE)]) {
      const { status, cause } = await ask(t, port('http'), text)
      assert.deepEqual({ status, cause }, { status: 502, cause: 'nxdomain' })
    }
    assert.equal(await (await tunnel(t, port('http'), `127.0.0.1:${upstream.port}`)).write('alive').until('alive'), 'alive')
  })

  test('an upstream that answers no SYN is answered 504, and a RST on a TCP mapping', async (t) => {
    const target = `127.0.0.1:${await silentPort(t)}`
    const { port, told } = await rig(t, { transport, proxies: [`raw@0=${target}`], settings: { connectTimeoutMs: 250 } })
    const raw = await connect(t, port('raw'))
    const answers = await Promise.all([ask(t, port('http'), connectTo(target)), ask(t, port('http'), get(target))])
    assert.deepEqual(answers.map(({ status, cause }) => ({ status, cause })), Array(2).fill({ status: 504, cause: 'connect-timeout' }))
    assert.equal(await raw.fate, 'reset')
    for (const { connectMs } of told('exchange.finished')) assert.ok(connectMs! >= 249, `connect took ${connectMs} ms`)
  })

  test('a name server that says nothing is answered 504 once the time for look-ups is over', async (t) => {
    const { resolver } = await nameServer(t)
    const { port } = await rig(t, { transport, resolver, settings: { dnsTimeoutMs: 200 } })
    for (const text of [connectTo('slow.test:443'), get('slow.test')]) {
      const { status, cause } = await ask(t, port('http'), text)
      assert.deepEqual({ status, cause }, { status: 504, cause: 'dns-timeout' })
    }
  })

  test('D-45, E-33: every address of a name is tried', async (t) => {
    const upstream = await serve(t, echo, '127.0.0.3')
    const resolver = hostsResolver(t, ['127.0.0.2 both.test', '127.0.0.3 both.test'])
    const proxy = await rig(t, { transport, resolver, proxies: [`raw@0=both.test:${upstream.port}`] })
    const raw = await connect(t, proxy.port('raw'))
    assert.equal(await raw.write('raw').until('raw'), 'raw')
    const connected = await tunnel(t, proxy.port('http'), `both.test:${upstream.port}`)
    assert.equal(await connected.write('tunnel').until('tunnel'), 'tunnel')
  })

  test('D-45: CONNECT takes IPv6 literals, and bytes sent along with it', async (t) => {
    const upstream = await serve(t, echo, '::1')
    const { port } = await rig(t, { transport })
    const client = await connect(t, port('http'))
    client.write(`${connectTo(`[::1]:${upstream.port}`)}early`)
    assert.equal(await client.until('early'), 'HTTP/1.1 200 Connection established\r\n\r\nearly')
  })

  test('a client that resets while its upstream is dialled is done with at once', async (t) => {
    const target = `127.0.0.1:${await silentPort(t)}`
    const proxy = await rig(t, { transport, proxies: [`raw@0=${target}`] })
    const raw = await connect(t, proxy.port('raw'))
    const connecting = await connect(t, proxy.port('http'))
    connecting.write(connectTo(target))
    const asking = await connect(t, proxy.port('http'))
    asking.write(get(target))
    await Promise.all(['raw', 'connect', 'http'].map((kind) => proxy.until('exchange.started', (event) => event.kind === kind)))
    for (const peer of [raw, connecting, asking]) peer.reset()
    for (const { connection } of proxy.told('connection.opened')) await proxy.until('connection.closed', (event) => event.connection === connection)
    assert.deepEqual(proxy.told('exchange.finished').map(({ outcome }) => outcome), ['cancelled', 'cancelled', 'cancelled'])
    assert.equal(proxy.runtime.connections().length, 0)
  })

  for (const [how, text] of [['CONNECT', connectTo('slow.test:443')], ['GET', get('slow.test')]] as const) {
    test(`a ${how} whose client resets while its name is looked up to match --upstream leaves nothing behind`, async (t) => {
      const { resolver, asked } = await nameServer(t)
      const proxy = await rig(t, { transport, resolver, settings: { upstream: ['10.0.0.0/8'], dnsTimeoutMs: LOOKUP_MS } })
      const client = await connect(t, proxy.port('http'))
      client.write(text)
      await asked
      client.reset()
      const { durationMs } = await proxy.until('connection.closed')
      assert.ok(durationMs < LOOKUP_MS, `noticed after ${durationMs} ms`)
      await sleep(LOOKUP_MS)
      assert.equal(proxy.told('connection.closed').length, 1)
      assert.equal(proxy.told('exchange.started').length, proxy.told('exchange.finished').length)
      assert.equal(proxy.runtime.connections().length, 0)
    })
  }
})
