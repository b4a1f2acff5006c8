import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { CERTIFICATE, KEY } from '../http/certificates.ts'
import { rig, transports, type Rig } from '../helpers/rig.ts'
import { answer, laneProxies, question, lanes } from './lanes.ts'
import { nameServer } from './names.ts'
import { closedPort, connect, serve, sleep, type Peer } from './peers.ts'

/** What upstreams do to a connection, by turns. */
const manners: readonly ((peer: Peer) => void)[] = [
  (peer) => { peer.socket.on('data', () => { if (peer.text.endsWith('\r\n\r\n')) { peer.clear(); peer.write(answer('pong')) } }) },
  (peer) => { peer.socket.once('data', () => peer.end(answer('pong', 'Connection: close\r\n'))) },
  (peer) => { peer.socket.once('data', () => peer.reset()) },
  (peer) => peer.reset(),
  (peer) => { peer.end() },
  (peer) => { peer.socket.once('data', () => peer.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')) },
  (peer) => { peer.socket.once('data', () => { peer.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'); setTimeout(() => peer.reset(), 5) }) },
  (peer) => { peer.socket.once('data', () => peer.write('this is not HTTP\r\n\r\n')) },
  () => {},
]

/** What clients do once they are connected. */
const habits: readonly ((peer: Peer, ask: string) => void)[] = [
  (peer, ask) => { peer.write(ask); peer.socket.once('data', () => peer.end()) },
  (peer, ask) => { peer.end(ask) },
  (peer, ask) => { peer.write(ask); setTimeout(() => peer.reset(), 5) },
  (peer) => peer.reset(),
  (peer) => { peer.end() },
  (peer, ask) => { peer.write(ask.slice(0, 10)); setTimeout(() => peer.end(), 5) },
  (peer, ask) => { peer.write(ask.slice(0, 10)); setTimeout(() => peer.reset(), 5) },
  (peer) => { peer.write('rubbish\r\n\r\n') },
  (peer, ask) => { peer.write(ask + ask + ask); setTimeout(() => peer.end(), 20) },
  (peer, ask) => { peer.write(ask); setTimeout(() => peer.socket.destroy(), 10) },
]

/** Every id that began has ended, once, in the right order, and nothing is left. */
function assertTold(proxy: Rig): void {
  for (const [began, ended, key] of [['connection.opened', 'connection.closed', 'connection'], ['exchange.started', 'exchange.finished', 'exchange']] as const) {
    const open = new Set<number>()
    const seen = new Set<number>()
    for (const event of proxy.events) {
      const id = (event as unknown as Record<string, number>)[key]!
      if (event.event === began) {
        assert.ok(!seen.has(id), `${began} ${id} is told once`)
        seen.add(id)
        open.add(id)
      } else if (event.event === ended) {
        assert.ok(open.delete(id), `${ended} ${id} ends what is open: ${JSON.stringify(event)}`)
      }
    }
    assert.deepEqual([...open], [], `what began and never ended: ${began}`)
  }
  assert.equal(proxy.runtime.connections().length, 0)
  assert.equal(proxy.runtime.sample().heldBytes, 0)
}

const sets: readonly (readonly string[])[] = [
  [],
  ['latency mean=8 direction=both', 'bandwidth 200KB/s'],
  ['blackhole probability=0.4 direction=both'],
  ['http-response 503 probability=0.5', 'dns probability=0.5'],
  ['packet-loss rate=0.3', 'jitter amplitude=10 frequency=100'],
]

async function storm(t: TestContext, proxy: Rig, upstreams: readonly number[], refusing: number): Promise<void> {
  const targets = [...upstreams.map((port) => `127.0.0.1:${port}`), `localhost:${upstreams[0]}`, `127.0.0.1:${refusing}`, `no-such-host.invalid:80`]
  const names = proxy.runtime.listeners.map(({ service }) => service.name).filter((name) => name !== 'http')
  let nth = 0
  for (const [round, faults] of sets.entries()) {
    await proxy.swap(...faults)
    const asks: Promise<unknown>[] = []
    for (const habit of habits) {
      for (const name of names) asks.push(visit(t, proxy.port(name), habit, question(lanes[0]!, 1)))
      for (const target of targets.filter((_, index) => (index + nth) % 2 === round % 2)) {
        asks.push(visit(t, proxy.port('http'), habit, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`))
        asks.push(visit(t, proxy.port('http'), habit, `GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\n\r\n`))
      }
      nth++
    }
    await Promise.all(asks)
  }
}

/** Lets a client have its habit, and does not wait for longer than it takes. */
async function visit(t: TestContext, port: number, habit: (peer: Peer, ask: string) => void, ask: string): Promise<void> {
  const peer = await connect(t, port)
  habit(peer, ask)
  await Promise.race([peer.fate, sleep(60)])
  peer.socket.destroy()
}

for (const transport of transports) describe(`${transport}: D-44`, () => {
  test('every connection and exchange has exactly one terminal event, whoever fails and however', async (t) => {
    const upstreams = await Promise.all(manners.map((each) => serve(t, each)))
    const refusing = await closedPort()
    const ports = upstreams.map(({ port }) => port)
    const proxy = await rig(t, {
      transport,
      proxies: [...ports, refusing].flatMap((port) => [`127.0.0.1:0=127.0.0.1:${port}`, `127.0.0.1:0=http://127.0.0.1:${port}`]).concat(`127.0.0.1:0=https://127.0.0.1:${ports[0]}`, `127.0.0.1:0=tls://127.0.0.1:${ports[0]}`),
    })
    await storm(t, proxy, ports, refusing)
    await proxy.swap()
    await proxy.runtime.stop('test')
    assertTold(proxy)
    const outcomes = new Set(proxy.told('exchange.finished').map(({ outcome }) => outcome))
    for (const outcome of ['completed', 'answered', 'failed', 'cancelled', 'reset'] as const) assert.ok(outcomes.has(outcome), `the storm had none that ${outcome}`)
  })

  test('a stop in the middle of everything tells the end of everything', async (t) => {
    const silent = await serve(t)
    const { resolver, asked } = await nameServer(t)
    const proxy = await rig(t, {
      transport, resolver,
      proxies: [
        ...laneProxies(silent.port), `peek@0=tls://127.0.0.1:${silent.port}`, `database@0=psqls://127.0.0.1:${silent.port}`,
        `shake@0=https://127.0.0.1:${silent.port}`, `end@https:0=http://127.0.0.1:${silent.port}`, 'name@0=slow.test:80', `udp@0=udp://127.0.0.1:${silent.port}`,
      ],
      settings: { tlsCert: CERTIFICATE, tlsKey: KEY, upstream: ['10.0.0.0/8', '127.0.0.0/8'], dnsTimeoutMs: 5000 },
    })
    for (const { service, addresses } of proxy.runtime.listeners) if (service.name !== 'udp') await connect(t, addresses[0]!.port)
    const waiting = await connect(t, proxy.port('http'))
    waiting.write('CONNECT slow.test:443 HTTP/1.1\r\nHost: slow.test\r\n\r\n')
    const asking = await connect(t, proxy.port('http'))
    asking.write('GET http://slow.test/ HTTP/1.1\r\nHost: slow.test\r\n\r\n')
    for (const [name, text] of [['peek', 'x'], ['database', 'abc'], ['shake', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'], ['end', '\x16\x03'], ['web', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n']] as const) {
      (await connect(t, proxy.port(name))).write(text)
    }
    await asked
    await silent.peer(3)
    assert.ok(proxy.runtime.connections().length >= 14, `${proxy.runtime.connections().length} are seen`)
    proxy.runtime.stopNow()
    assertTold(proxy)
  })
})
