import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { connect } from '../../test/e2e/peers.ts'
import { engineOn } from '../../test/helpers/engine.ts'
import { kinds } from '../../test/wire/support.ts'
import { UserError } from '../kit/errors.ts'
import type { Mapping } from '../model/mapping.ts'
import { openListener, type ListenAt, type OpenListener } from './listener.ts'
import { defineProtocol, type Incoming, type ProtocolSpec, type Service } from './protocol.ts'

type Kind = (typeof kinds)[number]

const service = (mapping?: Mapping): Service => ({ name: 'db', mapping, upstreamTls: { ca: undefined, verify: true }, clientTls: undefined, isOwnName: () => false })
const someMapping = { listen: { host: undefined, port: 0 } } as unknown as Mapping

/** Says its greeting to whoever comes. */
function greeter(over: Partial<ProtocolSpec> = {}): ProtocolSpec & { readonly served: Incoming[] } {
  const served: Incoming[] = []
  const spec = defineProtocol({
    name: 'greeter', summary: '', schemes: [], carries: [],
    serve(incoming) {
      served.push(incoming)
      incoming.wire.write(Buffer.from('hello'))
      incoming.wire.end()
      incoming.wire.resume()
    },
    ...over,
  })
  return { ...spec, served }
}

async function opened(t: TestContext, kind: Kind, at: ListenAt, protocol = greeter()) {
  const rig = engineOn(t, kind)
  const listener = await openListener(rig.engine, service(), protocol, at)
  t.after(() => listener.close())
  return { ...rig, listener, protocol }
}

/** A port that somebody else listens on. */
async function takenPort(t: TestContext, host: string): Promise<number> {
  const server = net.createServer().listen({ host, port: 0, ipv6Only: host.includes(':') })
  t.after(() => server.close())
  await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}

const greetingAt = async (t: TestContext, { port, host }: { port: number; host: string }): Promise<string> => (await (await connect(t, port, host)).rest()).text

function listening(kind: Kind): void {
  test('D-47: a bare port listens on both loopback families, on the same port', async (t) => {
    const { listener } = await opened(t, kind, { loopback: true, port: 0 })
    assert.deepEqual(listener.addresses.map(({ host }) => host), ['127.0.0.1', '::1'])
    assert.equal(new Set(listener.addresses.map(({ port }) => port)).size, 1)
    for (const address of listener.addresses) assert.equal(await greetingAt(t, address), 'hello')
  })

  test('D-47: one address listens there only, IPv6 as well as IPv4', async (t) => {
    for (const host of ['127.0.0.2', '::1']) {
      const { listener } = await opened(t, kind, { host, port: 0 })
      assert.deepEqual(listener.addresses.map((address) => address.host), [host])
      assert.equal(await greetingAt(t, listener.addresses[0]!), 'hello')
    }
  })

  test('each connection is numbered, told and handed to the protocol', async (t) => {
    const { listener, protocol, events, engine } = await opened(t, kind, { host: '127.0.0.1', port: 0 })
    const address = listener.addresses[0]!
    for (let count = 1; count <= 2; count++) await greetingAt(t, address)
    const told = events.filter(({ event }) => event === 'connection.opened')
    assert.deepEqual(told.map((event) => 'connection' in event && [event.connection, event.proxy]), [[1, 'db'], [2, 'db']])
    assert.deepEqual(protocol.served.map(({ id, engine: given }) => [id, given === engine]), [[1, true], [2, true]])
  })

  test('a closed listener takes no more connections and leaves those that are open', async (t) => {
    const { listener } = await opened(t, kind, { host: '127.0.0.1', port: 0 }, greeter({ serve({ wire }) { wire.handler = { ...wire.handler, data: () => { wire.write(Buffer.from('still here')) } }; wire.resume() } }))
    const { port } = listener.addresses[0]!
    const peer = await connect(t, port)
    listener.close()
    assert.equal(await (await connect(t, port)).fate, 'ECONNREFUSED')
    peer.write('?')
    assert.equal(await peer.until('here'), 'still here')
  })

  test('D-16: an address in use is a UserError that names it, and exit 1', async (t) => {
    const port = await takenPort(t, '127.0.0.1')
    const { engine } = engineOn(t, kind)
    const attempt = (mapping: Mapping | undefined, at: ListenAt): Promise<OpenListener> => openListener(engine, service(mapping), greeter(), at)
    await assert.rejects(attempt(undefined, { host: '127.0.0.1', port }), (error: UserError) => {
      assert.deepEqual([error.code, error.exitCode, error.cause, error.message], ['CANNOT_LISTEN', 1, 'EADDRINUSE', `cannot listen on 127.0.0.1:${port}: address in use`])
      assert.match(error.hint!, /--proxy-address/)
      return true
    })
    await assert.rejects(attempt(someMapping, { loopback: true, port }), (error: UserError) => error instanceof UserError && /port 0 picks a free one/.test(error.hint!))
    await assert.rejects(attempt(undefined, { host: '203.0.113.7', port: 0 }), (error: UserError) => error instanceof UserError && error.message === 'cannot listen on 203.0.113.7:0: no such address here')
  })

  test('when the second family\'s port is taken the first is given back', async (t) => {
    const port = await takenPort(t, '::1')
    const { engine } = engineOn(t, kind)
    await assert.rejects(openListener(engine, service(someMapping), greeter(), { loopback: true, port }), { message: `cannot listen on [::1]:${port}: address in use` })
    assert.equal(await (await connect(t, port)).fate, 'ECONNREFUSED')
  })

  test('a protocol that throws costs that connection only', async (t) => {
    const bug = new Error('bug')
    let calls = 0
    const { listener, bugs } = await opened(t, kind, { host: '127.0.0.1', port: 0 }, greeter({ serve({ wire }) { if (++calls === 1) throw bug; wire.write(Buffer.from('hello')); wire.end(); wire.resume() } }))
    const first = await connect(t, listener.addresses[0]!.port)
    assert.equal(await first.fate, 'reset')
    assert.deepEqual([await greetingAt(t, listener.addresses[0]!), bugs], ['hello', [bug]])
  })

  test('datagrams have a socket of their own, which ends with what serves it', async (t) => {
    const stops: string[] = []
    const { listener } = await opened(t, kind, { host: '127.0.0.1', port: 0 }, greeter({ serveDatagrams: (_engine, { name }) => () => { stops.push(name) } }))
    assert.ok(listener.addresses[0]!.port > 0)
    listener.close()
    assert.deepEqual(stops, ['db'])
  })
}

for (const kind of kinds) describe(`${kind}: listener`, () => listening(kind))
