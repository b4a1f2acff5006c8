import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { describe, test, type TestContext } from 'node:test'
import { rig, transports } from '../helpers/rig.ts'
import { nameServer } from './names.ts'
import { sleep } from './peers.ts'

interface Datagram { readonly text: string; readonly port: number; readonly address: string }

/** A UDP socket with everything it has received. */
interface Party {
  readonly port: number
  readonly received: readonly Datagram[]
  send(text: string | Buffer, port: number, address?: string): void
  /** The texts, once there are so many. */
  until(count: number): Promise<string[]>
}

async function party(t: TestContext, hear: (datagram: Datagram, send: (text: string) => void) => void = () => {}, host = '127.0.0.1'): Promise<Party> {
  const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4')
  t.after(() => socket.close())
  const received: Datagram[] = []
  socket.on('message', (bytes, { port, address }) => {
    received.push({ text: String(bytes), port, address })
    hear(received.at(-1)!, (text) => socket.send(text, port, address))
  })
  socket.bind(0, host)
  await once(socket, 'listening')
  return {
    port: socket.address().port, received,
    send: (text, port, address = host) => socket.send(text, port, address),
    async until(count) {
      while (received.length < count) await once(socket, 'message')
      return received.map(({ text }) => text)
    },
  }
}

for (const transport of transports) describe(transport, { concurrency: 4 }, () => {
  test('E-11: one datagram may have many answers, and late ones', async (t) => {
    const upstream = await party(t, ({ text }, send) => {
      for (const nth of [1, 2, 3]) send(`${text} ${nth}`)
      setTimeout(() => send(`${text} late`), 80)
    })
    const proxy = await rig(t, { transport, proxies: [`udp@0=udp://127.0.0.1:${upstream.port}`] })
    const client = await party(t)
    client.send('ping', proxy.port('udp'))
    assert.deepEqual(await client.until(4), ['ping 1', 'ping 2', 'ping 3', 'ping late'])
    assert.ok(client.received.every(({ port }) => port === proxy.port('udp')), 'answers come from where the client sent to')
  })

  test('E-11: the upstream sees one port for each client, as long as it talks', async (t) => {
    const upstream = await party(t)
    const proxy = await rig(t, { transport, proxies: [`udp@0=udp://127.0.0.1:${upstream.port}`] })
    const [one, two] = [await party(t), await party(t)]
    for (let nth = 1; nth <= 5; nth++) {
      one.send(`one ${nth}`, proxy.port('udp'))
      two.send(`two ${nth}`, proxy.port('udp'))
    }
    const texts = await upstream.until(10)
    const portsOf = (who: string) => new Set(upstream.received.filter(({ text }) => text.startsWith(who)).map(({ port }) => port))
    assert.deepEqual([portsOf('one').size, portsOf('two').size], [1, 1])
    assert.equal(new Set(upstream.received.map(({ port }) => port)).size, 2)
    for (const who of ['one', 'two']) assert.deepEqual(texts.filter((text) => text.startsWith(who)), [1, 2, 3, 4, 5].map((nth) => `${who} ${nth}`))
  })

  test('E-11: one-way traffic is no failure: its session ends when it has been idle', async (t) => {
    const upstream = await party(t)
    const proxy = await rig(t, { transport, proxies: [`stats@0=udp://127.0.0.1:${upstream.port}`], settings: { udpIdleTimeoutMs: 250 } })
    const client = await party(t)
    for (let nth = 0; nth < 4; nth++) {
      client.send(`count:${nth}`, proxy.port('stats'))
      await sleep(90)
    }
    assert.equal((await upstream.until(4)).length, 4)
    const { reason, bytesUp } = await proxy.until('connection.closed')
    assert.deepEqual({ reason, bytesUp }, { reason: 'idle', bytesUp: 4 * 'count:0'.length })
    assert.equal(proxy.told('connection.opened').length, 1)
    client.send('again', proxy.port('stats'))
    assert.equal((await upstream.until(5))[4], 'again')
  })

  test('E-11: many clients at once each get their own answers', async (t) => {
    const upstream = await party(t, ({ text }, send) => send(`answer to ${text}`))
    const proxy = await rig(t, { transport, proxies: [`udp@0=udp://127.0.0.1:${upstream.port}`] })
    const clients = await Promise.all(Array.from({ length: 60 }, () => party(t)))
    for (const [nth, client] of clients.entries()) client.send(`${nth}`, proxy.port('udp'))
    for (const [nth, client] of clients.entries()) assert.deepEqual(await client.until(1), [`answer to ${nth}`])
    assert.equal(proxy.runtime.connections().length, 60)
    await proxy.runtime.stop('test')
    assert.equal(proxy.told('connection.closed').length, 60)
  })

  test('empty and large datagrams pass whole, in their order', async (t) => {
    const upstream = await party(t, ({ text }, send) => send(text))
    const proxy = await rig(t, { transport, proxies: [`udp@0=udp://127.0.0.1:${upstream.port}`] })
    const client = await party(t)
    const texts = ['first', '', 'x'.repeat(40_000), 'last']
    for (const text of texts) client.send(Buffer.from(text), proxy.port('udp'))
    assert.deepEqual(await client.until(4), texts)
  })

  test('E-07: a datagram that cannot be sent ends nothing', async (t) => {
    const upstream = await party(t, ({ text }, send) => send(text))
    const proxy = await rig(t, { transport, proxies: [
      `good@0=udp://127.0.0.1:${upstream.port}`, 'unknown@0=udp://no-such-host.invalid:9', 'nowhere@0=udp://255.255.255.255:9', 'closed@0=udp://127.0.0.1:1',
    ] })
    const client = await party(t)
    for (const name of ['unknown', 'nowhere', 'closed', 'unknown', 'nowhere', 'closed']) client.send('lost', proxy.port(name))
    assert.equal((await proxy.until('connection.closed')).reason, 'nxdomain')
    for (let nth = 0; nth < 3; nth++) client.send(`${nth}`, proxy.port('good'))
    assert.deepEqual(await client.until(3), ['0', '1', '2'])
    client.send('lost', proxy.port('unknown'))
    await proxy.until('connection.closed', ({ connection }) => connection > proxy.told('connection.closed')[0]!.connection)
  })

  test('a client that has gone, whose port answers with ICMP, ends nothing', async (t) => {
    const upstream = await party(t, ({ text }, send) => { setTimeout(() => { for (let nth = 0; nth < 5; nth++) send(text) }, 30) })
    const proxy = await rig(t, { transport, proxies: [`udp@0=udp://127.0.0.1:${upstream.port}`] })
    const gone = dgram.createSocket('udp4')
    gone.send('question', proxy.port('udp'), '127.0.0.1', () => gone.close())
    await upstream.until(1)
    const client = await party(t)
    client.send('still here', proxy.port('udp'))
    assert.equal((await client.until(5))[0], 'still here')
  })

  test('only the upstream itself may answer', async (t) => {
    const upstream = await party(t)
    const stranger = await party(t)
    const proxy = await rig(t, { transport, proxies: [`udp@0=udp://127.0.0.1:${upstream.port}`] })
    const client = await party(t)
    client.send('question', proxy.port('udp'))
    await upstream.until(1)
    stranger.send('wrong', upstream.received[0]!.port)
    upstream.send('right', upstream.received[0]!.port)
    assert.deepEqual(await client.until(1), ['right'])
  })

  test('datagrams that come while the name is looked up are kept, and sent in order', async (t) => {
    const upstream = await party(t)
    const { resolver } = await nameServer(t, 60)
    const proxy = await rig(t, { transport, resolver, proxies: [`udp@0=udp://slow.test:${upstream.port}`] })
    const client = await party(t)
    for (const text of ['one', 'two', 'three']) client.send(text, proxy.port('udp'))
    assert.deepEqual(await upstream.until(3), ['one', 'two', 'three'])
  })

  test('IPv6 clients reach IPv4 upstreams and the other way round', async (t) => {
    const four = await party(t, ({ text }, send) => send(text))
    const six = await party(t, ({ text }, send) => send(text), '::1')
    const proxy = await rig(t, { transport, proxies: [`to-four@[::1]:0=udp://127.0.0.1:${four.port}`, `to-six@0=udp://[::1]:${six.port}`] })
    const [fromSix, fromFour] = [await party(t, undefined, '::1'), await party(t)]
    fromSix.send('six', proxy.port('to-four'))
    fromFour.send('four', proxy.port('to-six'))
    assert.deepEqual([await fromSix.until(1), await fromFour.until(1)], [['six'], ['four']])
  })
})
