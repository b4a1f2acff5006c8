import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { UserError } from '../../src/kit/errors.ts'
import { rig, transports } from '../helpers/rig.ts'
import { closedPort, connect, readResponse, serve, sleep, tunnel, type Peer } from './peers.ts'

const echo = (peer: Peer): void => { peer.socket.on('data', (bytes: Buffer) => peer.write(bytes)) }
const hasIPv6 = await new Promise<boolean>((resolve) => {
  const server = net.createServer().listen(0, '::1')
  server.once('listening', () => server.close(() => resolve(true)))
  server.once('error', () => resolve(false))
})

async function statusOf(t: TestContext, port: number, request: string): Promise<string> {
  const peer = await connect(t, port)
  peer.write(request)
  return (await readResponse(peer)).head.slice(9, 12)
}

for (const transport of transports) describe(`${transport}: D-15`, { concurrency: 4 }, () => {
  const itself = (port: number, host = '127.0.0.1') => ({
    'origin form with its own Host': `GET / HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`,
    'absolute form': `GET http://${host}:${port}/ HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`,
    'CONNECT': `CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`,
  })

  for (const host of ['127.0.0.1', 'localhost']) for (const form of ['origin form with its own Host', 'absolute form', 'CONNECT'] as const) {
    test(`the forward proxy asked for itself as ${host} by ${form} answers 508`, async (t) => {
      const proxy = await rig(t, { transport })
      assert.equal(await statusOf(t, proxy.port('http'), itself(proxy.port('http'), host)[form]), '508')
      assert.ok(proxy.told('connection.opened').length === 1, 'it has not called itself')
    })
  }

  test('bound to every address, it knows itself by any of them', async (t) => {
    const proxy = await rig(t, { transport, settings: { proxyAddress: { host: '0.0.0.0', port: 0, explicit: true } } })
    for (const host of ['127.0.0.1', '127.0.0.9', 'localhost']) for (const request of Object.values(itself(proxy.port('http'), host))) {
      assert.equal(await statusOf(t, proxy.port('http'), request), '508')
    }
    assert.equal(proxy.told('connection.opened').length, 9)
  })

  test('a TCP mapping to itself resets its client, an HTTP mapping answers 508', async (t) => {
    const [raw, web] = [await closedPort(), await closedPort()]
    const proxy = await rig(t, { transport, proxies: [`raw@${raw}=127.0.0.1:${raw}`, `web@${web}=http://localhost:${web}`] })
    assert.equal(await (await connect(t, raw)).fate, 'reset')
    assert.equal((await proxy.until('exchange.finished')).cause, 'loop')
    assert.equal(await statusOf(t, web, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${web}\r\n\r\n`), '508')
    assert.equal(proxy.told('connection.opened').length, 2)
  })

  test('two mappings that lead to each other do not call each other', async (t) => {
    const [one, two] = [await closedPort(), await closedPort()]
    const proxy = await rig(t, { transport, proxies: [`one@${one}=127.0.0.1:${two}`, `two@${two}=127.0.0.1:${one}`] })
    assert.equal(await (await connect(t, one)).fate, 'reset')
    assert.equal(proxy.told('connection.opened').length, 1)
  })

  test('a UDP mapping to itself passes nothing on for ever', async (t) => {
    const port = await closedPort()
    const proxy = await rig(t, { transport, proxies: [`loop@${port}=udp://127.0.0.1:${port}`] })
    const client = dgram.createSocket('udp4')
    t.after(() => client.close())
    client.send('round and round', port, '127.0.0.1')
    const { reason } = await proxy.until('connection.closed')
    assert.equal(reason, 'loop')
    await sleep(50)
    assert.equal(proxy.told('connection.opened').length, 1)
  })
})

/** A UDP echo whose port no TCP listener has. */
async function udpEcho(t: TestContext): Promise<number> {
  for (;;) {
    const socket = dgram.createSocket('udp4')
    t.after(() => socket.close())
    socket.on('message', (bytes, { address, port }) => socket.send(bytes, port, address))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    const probe = net.createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
}

for (const transport of transports) test(`${transport}: a target is not taken for the proxy because another kind of listener has the same port`, async (t) => {
  const port = await udpEcho(t)
  const upstream = await serve(t, echo)
  const proxy = await rig(t, { transport, proxies: [`tcp@${port}=127.0.0.1:${upstream.port}`, `udp@0=udp://127.0.0.1:${port}`] })
  const client = dgram.createSocket('udp4')
  t.after(() => client.close())
  client.send('echo', proxy.port('udp'), '127.0.0.1')
  const [bytes] = await once(client, 'message') as [Buffer]
  assert.equal(String(bytes), 'echo')
})

for (const transport of transports) describe(`${transport}: D-16`, () => {
  const taken = async (t: TestContext): Promise<number> => (await serve(t)).port

  test('a mapping whose address is taken ends the start with exit 1 and names it', async (t) => {
    const port = await taken(t)
    await assert.rejects(rig(t, { transport, proxies: ['free@0=127.0.0.1:9', `busy@${port}=127.0.0.1:9`] }), (error) => {
      assert.ok(error instanceof UserError)
      assert.equal(error.exitCode, 1)
      assert.equal(error.message, `cannot listen on 127.0.0.1:${port}: address in use`)
      assert.match(error.hint!, /port 0/)
      return true
    })
  })

  test('a UDP mapping whose address is taken ends the start as well', async (t) => {
    const socket = dgram.createSocket('udp4')
    t.after(() => socket.close())
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    await assert.rejects(rig(t, { transport, proxies: [`busy@${port}=udp://127.0.0.1:9`] }), { name: 'UserError', exitCode: 1, message: `cannot listen on 127.0.0.1:${port}: address in use` })
  })

  test('what was opened before the address that is taken is closed again', async (t) => {
    const [free, port] = [await closedPort(), await taken(t)]
    await assert.rejects(rig(t, { transport, proxies: [`${free}=127.0.0.1:9`, `${port}=127.0.0.1:9`] }), UserError)
    const proxy = await rig(t, { transport, proxies: [`again@${free}=127.0.0.1:9`] })
    assert.equal(proxy.port('again'), free)
  })

  test('a busy forward proxy is fatal alone or asked for by name, and a note beside mappings', async (t) => {
    const port = await taken(t)
    const address = (explicit: boolean) => ({ proxyAddress: { host: '127.0.0.1', port, explicit } })
    const proxies = ['raw@0=127.0.0.1:9']
    await assert.rejects(rig(t, { transport, settings: address(false) }), { exitCode: 1, message: `cannot listen on 127.0.0.1:${port}: address in use`, hint: /--proxy-address/ })
    await assert.rejects(rig(t, { transport, proxies, settings: address(true) }), { exitCode: 1 })
    const proxy = await rig(t, { transport, proxies, settings: address(false) })
    assert.deepEqual(proxy.runtime.listeners.map(({ service }) => service.name), ['raw'])
    assert.ok(proxy.runtime.notes.some((note) => note.includes(`127.0.0.1:${port}`)), proxy.runtime.notes.join('\n'))
  })
})

for (const transport of transports) describe(`${transport}: D-47`, { skip: !hasIPv6 && 'no IPv6 here', concurrency: 4 }, () => {
  const alive = async (peer: Peer) => assert.equal(await peer.write('alive').until('alive'), 'alive')

  test('a bare port listens on both loopback families', async (t) => {
    const upstream = await serve(t, echo)
    const proxy = await rig(t, { transport, proxies: [`raw@0=127.0.0.1:${upstream.port}`], settings: { bind: undefined } })
    const { addresses } = proxy.runtime.listeners.find(({ service }) => service.name === 'raw')!
    assert.deepEqual(addresses.map(({ host }) => host), ['127.0.0.1', '::1'])
    assert.equal(addresses[0]!.port, addresses[1]!.port)
    for (const { host, port } of addresses) await alive(await connect(t, port, host))
  })

  test('listeners and targets may be IPv6 addresses', async (t) => {
    const upstream = await serve(t, echo, '::1')
    const proxy = await rig(t, { transport, proxies: [`raw@[::1]:0=[::1]:${upstream.port}`], settings: { proxyAddress: { host: '::1', port: 0, explicit: true } } })
    assert.equal(proxy.address('raw').host, '::1')
    await alive(await connect(t, proxy.port('raw'), '::1'))
    const client = await connect(t, proxy.port('http'), '::1')
    client.write(`CONNECT [::1]:${upstream.port} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await client.until('\r\n\r\n')
    await alive(client.clear())
  })

  test('a listener for every IPv6 address leaves the IPv4 port to others', async (t) => {
    const upstream = await serve(t, echo)
    const proxy = await rig(t, { transport, proxies: [`six@[::]:0=127.0.0.1:${upstream.port}`] })
    const both = await rig(t, { transport, proxies: [`four@0.0.0.0:${proxy.port('six')}=127.0.0.1:${upstream.port}`] })
    await alive(await connect(t, proxy.port('six'), '::1'))
    await alive(await connect(t, both.port('four')))
  })

  test('listeners and targets may be names', async (t) => {
    const upstream = await serve(t, echo)
    const proxy = await rig(t, { transport, proxies: [`raw@localhost:0=localhost:${upstream.port}`], settings: { proxyAddress: { host: 'localhost', port: 0, explicit: true } } })
    await alive(await connect(t, proxy.port('raw'), proxy.address('raw').host))
    if (proxy.address('http').host === '127.0.0.1') await alive(await tunnel(t, proxy.port('http'), `localhost:${upstream.port}`))
    await assert.rejects(rig(t, { transport, proxies: ['raw@no-such-host.invalid:0=127.0.0.1:9'] }), { exitCode: 1, message: /no-such-host\.invalid/ })
  })

  test('E-38: every listener is known by its name, with the addresses it really has', async (t) => {
    const proxy = await rig(t, { transport, proxies: ['db@0=127.0.0.1:9', '0=http://127.0.0.1:9', '0=http://127.0.0.1:9', '[::1]:0=[::1]:9'] })
    assert.deepEqual(proxy.told('listener.opened').map(({ proxy: name, protocol, addresses }) => [name, protocol, addresses.length]), [
      ['http', 'http-forward', 1], ['db', 'tcp', 1], ['http://127.0.0.1:9', 'http', 1], ['http://127.0.0.1:9#2', 'http', 1], ['[::1]:9', 'tcp', 1],
    ])
    for (const { addresses } of proxy.told('listener.opened')) assert.match(addresses[0]!, /^(127\.0\.0\.1|\[::1\]):[1-9]\d+$/)
  })
})
