import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { answer, question, lanes } from '../../test/e2e/lanes.ts'
import { closedPort, connect, serve } from '../../test/e2e/peers.ts'
import { rig, transports, type Rig, type RigOptions } from '../../test/helpers/rig.ts'
import { UserError } from '../kit/errors.ts'

type Kind = (typeof transports)[number]

async function refused(t: TestContext, options: RigOptions): Promise<UserError> {
  try {
    await rig(t, options)
  } catch (error) {
    assert.ok(error instanceof UserError, String(error))
    return error
  }
  throw new assert.AssertionError({ message: 'nothing was refused' })
}

async function takenPort(t: TestContext, host = '127.0.0.1'): Promise<number> {
  const server = net.createServer().listen(0, host)
  t.after(() => server.close())
  await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}

const namesOf = ({ runtime }: Rig): string[] => runtime.listeners.map(({ service }) => service.name)
/** Without the word about containers, which depends on where the tests run. */
const notesOf = ({ runtime }: Rig): string[] => runtime.notes.filter((note) => !note.includes('container'))
const nobody = async (port: number, t: TestContext): Promise<void> => assert.equal(await (await connect(t, port)).fate, 'ECONNREFUSED')

function naming(kind: Kind): void {
  test('a proxy is called by its NAME@, else by the right side of its mapping; the forward proxy is http', async (t) => {
    const { port } = await serve(t)
    const started = await rig(t, { transport: kind, proxies: [`db@0=127.0.0.1:${port}`, `0=127.0.0.1:${port}`, `0=http://127.0.0.1:${port}`, '0=https://www.example.com'] })
    assert.deepEqual(namesOf(started), ['http', 'db', `127.0.0.1:${port}`, `http://127.0.0.1:${port}`, 'https://www.example.com:443'])
    assert.deepEqual(notesOf(started), [])
  })

  test('the second of two equal names is numbered, and a note says how to name it', async (t) => {
    const started = await rig(t, { transport: kind, proxies: ['0=a.test:1', '0=a.test:1', 'db@0=a.test:1', 'db@0=b.test:1', 'http@0=a.test:2'] })
    assert.deepEqual(namesOf(started), ['http', 'a.test:1', 'a.test:1#2', 'db', 'db#2', 'http#2'])
    assert.equal(notesOf(started).length, 3)
    assert.equal(notesOf(started)[0], '\'0=a.test:1\' goes by the name \'a.test:1#2\', since \'a.test:1\' is taken; NAME@ before a mapping gives it one of its own')
  })

  test('E-38: every listener is told with its proxy and the addresses it got', async (t) => {
    const started = await rig(t, { transport: kind, proxies: ['db@0=a.test:1', 'web@[::1]:0=http://a.test'] })
    const told = started.told('listener.opened')
    assert.deepEqual(told.map(({ proxy, protocol }) => [proxy, protocol]), [['http', 'http-forward'], ['db', 'tcp'], ['web', 'http']])
    assert.deepEqual(told.map(({ addresses }) => addresses[0]!.replace(/\d+$/, '…')), ['127.0.0.1:…', '127.0.0.1:…', '[::1]:…'])
    for (const { proxy, addresses } of told) assert.equal(addresses[0]!.split(':').at(-1), String(started.port(proxy)))
  })
}

function places(kind: Kind): void {
  test('a bare port listens on loopback in both families, unless another address is given for all', async (t) => {
    const hosts = async (settings: RigOptions['settings']): Promise<string[][]> => {
      const { runtime } = await rig(t, { transport: kind, proxies: ['db@0=a.test:1', 'own@127.0.0.2:0=a.test:1'], settings: settings ?? {} })
      return runtime.listeners.map(({ addresses }) => addresses.map(({ host }) => host))
    }
    assert.deepEqual(await hosts({ bind: undefined }), [['127.0.0.1'], ['127.0.0.1', '::1'], ['127.0.0.2']])
    assert.deepEqual(await hosts({ bind: '127.0.0.3' }), [['127.0.0.3'], ['127.0.0.3'], ['127.0.0.2']])
    assert.deepEqual(await hosts({ bind: '127.0.0.3', proxyAddress: { host: '127.0.0.1', port: 0, explicit: true } }), [['127.0.0.1'], ['127.0.0.3'], ['127.0.0.2']])
  })

  test('a host name to listen on is looked up', async (t) => {
    const resolver: RigOptions['resolver'] = { lookup(host, _, settled) { settled(host === 'me.test' ? { addresses: ['127.0.0.2', '127.0.0.1'] } : { cause: 'nxdomain' }); return { cancel() {} } } }
    const started = await rig(t, { transport: kind, proxies: ['db@me.test:0=a.test:1'], resolver })
    assert.equal(started.address('db').host, '127.0.0.2')
    const { code, message, exitCode } = await refused(t, { transport: kind, proxies: ['db@you.test:0=a.test:1'], resolver })
    assert.deepEqual([code, message, exitCode], ['CANNOT_LISTEN', 'cannot listen on \'you.test\': the name is not known (nxdomain)', 1])
  })

  test('D-16: a mapping that cannot listen ends the start with exit 1, and what was open is closed', async (t) => {
    const taken = await takenPort(t)
    const free = await closedPort()
    const { code, message, exitCode } = await refused(t, { transport: kind, proxies: [`${free}=a.test:1`, `${taken}=a.test:1`] })
    assert.deepEqual([code, message, exitCode], ['CANNOT_LISTEN', `cannot listen on 127.0.0.1:${taken}: address in use`, 1])
    await nobody(free, t)
  })

  test('a busy forward proxy address is a note next to mappings, and an error alone or when asked for', async (t) => {
    const port = await takenPort(t)
    const proxyAddress = { host: '127.0.0.1', port, explicit: false }
    const started = await rig(t, { transport: kind, proxies: ['db@0=a.test:1'], settings: { proxyAddress } })
    assert.deepEqual([namesOf(started), notesOf(started)], [['db'], [`the HTTP proxy is off: cannot listen on 127.0.0.1:${port}: address in use; the mappings work without it`]])
    const alone = await refused(t, { transport: kind, settings: { proxyAddress } })
    assert.match(alone.hint!, /--proxy-address/)
    const asked = await refused(t, { transport: kind, proxies: ['db@0=a.test:1'], settings: { proxyAddress: { ...proxyAddress, explicit: true } } })
    assert.deepEqual([alone.exitCode, asked.exitCode], [1, 1])
  })

  test('a fault that only the missing forward proxy could have carried is an error all the same', async (t) => {
    const proxyAddress = { host: '127.0.0.1', port: await takenPort(t), explicit: false }
    const free = await closedPort()
    const { code, message } = await refused(t, { transport: kind, proxies: [`db@${free}=a.test:1`], settings: { proxyAddress }, faults: ['http-response status=500'] })
    assert.deepEqual([code, message], ['FAULT_CANNOT_ACT', 'http-response cannot act on \'db\', which speaks tcp'])
    await nobody(free, t)
  })

  test('nothing to listen on is an error', async (t) => {
    const { code, exitCode } = await refused(t, { transport: kind, settings: { disableHttpProxy: true } })
    assert.deepEqual([code, exitCode], ['NOTHING_TO_DO', 2])
  })

  test('what cannot work is refused before anything listens', async (t) => {
    const free = await closedPort()
    const wrong: [options: Partial<RigOptions>, code: string][] = [
      [{ faults: ['http-response status=500'], settings: { disableHttpProxy: true } }, 'FAULT_CANNOT_ACT'], [{ faults: ['latency mean=1ms proxy=nobody'] }, 'NO_SUCH_PROXY'],
      [{ proxies: [`${free}=a.test:1`, 'https:0=http://a.test'] }, 'NO_CERTIFICATE'], [{ proxies: [`${free}=a.test:1`, 'nonsense'] }, 'BAD_MAPPING'],
    ]
    for (const [options, code] of wrong) {
      const error = await refused(t, { transport: kind, proxies: [`${free}=a.test:1`], ...options })
      assert.deepEqual([error.code, error.exitCode], [code, 2])
      await nobody(free, t)
    }
  })
}

function hosts(kind: Kind): void {
  test('Host is rewritten when it names the listener, also on a port that was picked, and passes otherwise', async (t) => {
    const seen: string[] = []
    const { port } = await serve(t, (peer) => {
      peer.socket.on('data', () => {
        if (!peer.text.endsWith('\r\n\r\n')) return
        seen.push(/\r\nHost: ([^\r]*)/i.exec(peer.text)![1]!)
        peer.clear().write(answer('pong'))
      })
    })
    const started = await rig(t, { transport: kind, proxies: [`web@0=http://127.0.0.1:${port}`] })
    const own = started.port('web')
    const lane = lanes.find(({ name }) => name === 'HTTP mapping')!
    const client = await connect(t, own)
    for (const host of [`127.0.0.1:${own}`, `localhost:${own}`, `LOCALHOST:${own}`, `127.0.0.1:${own + 1}`, 'www.example.com', `www.example.com:${own}`, `127.0.0.1:${port}`]) {
      client.clear().write(question(lane, port).replace(/Host: [^\r]*/, `Host: ${host}`))
      await client.until('pong')
    }
    const upstream = `127.0.0.1:${port}`
    assert.deepEqual(seen, [upstream, upstream, upstream, `127.0.0.1:${own + 1}`, 'www.example.com', `www.example.com:${own}`, upstream])
  })

  test('behind a wildcard any address with the listener\'s port names it', async (t) => {
    const started = await rig(t, { transport: kind, proxies: ['web@0.0.0.0:0=http://10.0.0.1:80', 'one@127.0.0.1:0=http://10.0.0.1:80'] })
    const [web, one] = ['web', 'one'].map((name) => started.runtime.listeners.find(({ service }) => service.name === name)!)
    const [open, narrow] = [web!.addresses[0]!.port, one!.addresses[0]!.port]
    assert.deepEqual(['10.1.2.3', 'localhost', 'other.test'].map((host) => web!.service.isOwnName(host, open)), [true, true, false])
    assert.deepEqual(['10.1.2.3', '127.0.0.1', '::ffff:127.0.0.1'].map((host) => one!.service.isOwnName(host, narrow)), [false, true, true])
    assert.equal(web!.service.isOwnName('10.1.2.3', open + 1), false)
    assert.equal(web!.service.isOwnName('10.0.0.1', 80), false)
  })
}

for (const kind of transports) {
  describe(`${kind}: names`, () => naming(kind))
  describe(`${kind}: places`, () => places(kind))
  describe(`${kind}: Host`, () => hosts(kind))
}
