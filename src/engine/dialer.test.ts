import assert from 'node:assert/strict'
import type net from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import tls from 'node:tls'
import { closedPort, serve, silentPort, sleep } from '../../test/e2e/peers.ts'
import { bookOf, carrierOn, entryOf, faultCalled, subject } from '../../test/helpers/seats.ts'
import { makeCertificate } from '../../test/wire/certificates.ts'
import { kinds, makeTransport, openFds, until } from '../../test/wire/support.ts'
import type { AnyFault } from '../model/fault.ts'
import { Dialer, type Dialed, type DialerOptions, type DialTarget } from './dialer.ts'
import type { Resolver } from './resolver.ts'

type Hooks = Partial<Pick<AnyFault, 'resolve' | 'connect' | 'tls'>>
type Kind = (typeof kinds)[number]

const names = (known: Readonly<Record<string, readonly string[]>>): Resolver => ({
  lookup(host, _, settled) {
    const addresses = known[host]
    settled(addresses ? { addresses } : { cause: 'nxdomain' })
    return { cancel() {} }
  },
})

interface RigOptions extends Partial<Omit<DialerOptions, 'transport' | 'book' | 'clock'>> { readonly kind: Kind; readonly faults?: readonly Hooks[] }

function rig(t: TestContext, { kind, faults = [], ...options }: RigOptions) {
  const bugs: unknown[] = []
  const transport = makeTransport(kind, (error) => { bugs.push(error) })
  t.after(() => transport.stop())
  const { book, clock: manual } = bookOf()
  book.apply(faults.map((hooks, index) => entryOf(faultCalled(`f${index}`, { directional: false, ...hooks }))))
  const seats = book.seats(subject(), { ...carrierOn(manual), clock: transport.clock })
  const dialer = new Dialer({
    transport, book, clock: transport.clock, connectTimeoutMs: 2000, dnsTimeoutMs: 1000, isSelf: () => false,
    resolver: names({}), onBug: (error) => { bugs.push(error) }, ...options,
  })
  return { dialer, seats, bugs, book, dial: (target: DialTarget): Promise<Dialed> => new Promise((resolve) => { dialer.dial(target, seats, resolve) }) }
}

const outcome = (dialed: Dialed): string => 'wire' in dialed ? 'connected' : 'cause' in dialed ? dialed.cause : dialed.action
const detail = (dialed: Dialed): string => 'detail' in dialed ? dialed.detail : ''

/** Two local addresses, of which only the second has the upstream's port open. */
async function onlyOn(t: TestContext, host: string): Promise<number> {
  return (await serve(t, () => {}, host)).port
}

function dialing(kind: Kind): void {
  test('an address is dialed without a look-up, and no fault on look-ups touches it', async (t) => {
    const { port } = await serve(t)
    const { dial } = rig(t, { kind, resolver: { lookup: () => assert.fail('an address was looked up') }, faults: [{ resolve: () => ({ action: 'fail', cause: 'nxdomain' }) }] })
    const dialed = await dial({ host: '127.0.0.1', port })
    assert.ok('wire' in dialed)
    assert.deepEqual([dialed.address, dialed.wire.remote.port, dialed.dnsMs], ['127.0.0.1', port, 0])
  })

  test('a name is looked up for each dial, and its time is told apart from the connect', async (t) => {
    const { port } = await serve(t)
    let lookups = 0
    const { dial } = rig(t, {
      kind, resolver: {
        lookup(_host, _timeoutMs, settled) {
          lookups++
          const timer = setTimeout(() => settled({ addresses: ['127.0.0.1'] }), 60)
          return { cancel: () => clearTimeout(timer) }
        },
      },
    })
    for (let round = 1; round <= 2; round++) {
      const dialed = await dial({ host: 'db.test', port })
      assert.deepEqual([outcome(dialed), lookups], ['connected', round])
      assert.ok(dialed.dnsMs >= 55 && dialed.connectMs < dialed.dnsMs, `${dialed.dnsMs} ms and ${dialed.connectMs} ms`)
    }
  })

  test('E-31: what does not resolve at first is dialed once it does', async (t) => {
    const { port } = await serve(t)
    const known: Record<string, readonly string[]> = {}
    const { dial } = rig(t, { kind, resolver: names(known) })
    assert.equal(outcome(await dial({ host: 'late.test', port })), 'nxdomain')
    known['late.test'] = ['127.0.0.1']
    assert.equal(outcome(await dial({ host: 'late.test', port })), 'connected')
  })

  test('E-32: a look-up that fails is told as what it was, not as a failed connect', async (t) => {
    for (const cause of ['nxdomain', 'servfail', 'dns-timeout'] as const) {
      const { dial } = rig(t, { kind, resolver: { lookup(_host, _timeoutMs, settled) { settled({ cause }); return { cancel() {} } } } })
      const dialed = await dial({ host: 'gone.test', port: 1 })
      assert.deepEqual([outcome(dialed), detail(dialed)], [cause, 'cannot resolve gone.test'])
    }
  })

  test('E-33: the second address is tried when the first does not answer', async (t) => {
    const port = await onlyOn(t, '127.0.0.2')
    const { dial } = rig(t, { kind, resolver: names({ 'two.test': ['127.0.0.1', '127.0.0.2'], 'six.test': ['::1', '127.0.0.2'] }) })
    for (const host of ['two.test', 'six.test']) {
      const dialed = await dial({ host, port })
      assert.deepEqual('address' in dialed && dialed.address, '127.0.0.2', host)
    }
  })

  test('a dial that fails says why and to what', async (t) => {
    const port = await closedPort()
    const { dial } = rig(t, { kind, connectTimeoutMs: 200 })
    const refused = await dial({ host: '127.0.0.1', port })
    assert.deepEqual([outcome(refused), detail(refused)], ['refused', `cannot connect to 127.0.0.1:${port}: refused`])
    const silent = await silentPort(t)
    assert.equal(outcome(await dial({ host: '127.0.0.1', port: silent })), 'connect-timeout')
    assert.equal(detail(await dial({ host: '::1', port })).split(':').slice(0, -2).join(':'), `cannot connect to [::1]`)
  })

  test('D-15: a dial that would come back to the proxy itself is a loop', async (t) => {
    const asked: string[] = []
    const { dial } = rig(t, {
      kind, resolver: names({ 'me.test': ['10.0.0.1', '127.0.0.1'] }),
      isSelf: (address, port) => { asked.push(`${address}:${port}`); return address === '127.0.0.1' },
    })
    assert.deepEqual([outcome(await dial({ host: '127.0.0.1', port: 80 })), outcome(await dial({ host: 'me.test', port: 81 }))], ['loop', 'loop'])
    assert.deepEqual(asked, ['127.0.0.1:80', '10.0.0.1:81', '127.0.0.1:81'])
  })

  test('faults act in their phases, in order, and their times count to them', async (t) => {
    const { port } = await serve(t)
    const told: string[] = []
    const hook = (name: string, delayMs: number) => (): { action: 'delay'; delayMs: number } => { told.push(name); return { action: 'delay', delayMs } }
    const { dial } = rig(t, { kind, resolver: names({ 'db.test': ['127.0.0.1'] }), faults: [{ resolve: hook('resolve', 60), connect: hook('connect', 30), tls: hook('tls', 1) }] })
    const dialed = await dial({ host: 'db.test', port })
    assert.deepEqual([outcome(dialed), told], ['connected', ['resolve', 'connect']])
    assert.ok(dialed.dnsMs >= 60 && dialed.connectMs >= 30 && dialed.connectMs < 60, `${dialed.dnsMs} ms and ${dialed.connectMs} ms`)
  })

  test('a fault\'s verdict ends the dial in its phase, and what had been connected is closed', async (t) => {
    const { port, peers } = await serve(t)
    const target = { host: 'db.test', port }
    const refuse = (faults: readonly Hooks[], over: Partial<DialTarget> = {}): Promise<Dialed> => rig(t, { kind, faults, resolver: names({ 'db.test': ['127.0.0.1'] }) }).dial({ ...target, ...over })
    const failed = await refuse([{ connect: () => ({ action: 'fail', cause: 'unreachable' }) }])
    assert.deepEqual([outcome(failed), detail(failed)], ['unreachable', `connect of db.test:${port} failed by a fault: unreachable`])
    assert.equal(outcome(await refuse([{ resolve: () => ({ action: 'reset' }) }])), 'reset')
    assert.equal(outcome(await refuse([{ connect: () => ({ action: 'close' }) }])), 'close')
    assert.equal(peers.length, 0, 'nobody was dialed')
    assert.equal(outcome(await refuse([{ tls: () => ({ action: 'fail', cause: 'tls' }) }], { tls: { ca: undefined, verify: true } })), 'tls')
    await until('the upstream to be left', () => peers.length === 1)
    assert.ok(['end', 'reset'].includes(await peers[0]!.fate))
  })
}

const certificate = makeCertificate({ names: 'DNS:db.test,IP:127.0.0.1' })

async function serveTls(t: TestContext, onSocket: (socket: tls.TLSSocket) => void = () => {}): Promise<number> {
  const server = tls.createServer({ cert: certificate.cert, key: certificate.key, ALPNProtocols: ['h2', 'http/1.1'] }, onSocket)
  server.on('tlsClientError', () => {})
  t.after(() => server.close())
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return (server.address() as net.AddressInfo).port
}

function security(kind: Kind): void {
  test('TLS is begun after the connect, with the certificate checked against the name', async (t) => {
    const port = await serveTls(t, (socket) => { socket.end('hello') })
    const { dial } = rig(t, { kind, resolver: names({ 'db.test': ['127.0.0.1'], 'other.test': ['127.0.0.1'] }) })
    const ca = certificate.cert
    const good = await dial({ host: 'db.test', port, tls: { ca, verify: true } })
    assert.ok('wire' in good)
    good.wire.reset()
    const wrong = await dial({ host: 'other.test', port, tls: { ca, verify: true } })
    assert.equal(outcome(wrong), 'tls-certificate')
    assert.match(detail(wrong), /^TLS to other\.test:\d+ failed: .*other\.test.* \(ERR_TLS_CERT_ALTNAME_INVALID\)$/)
    const unknown = await dial({ host: 'db.test', port, tls: { ca: undefined, verify: true } })
    assert.match(detail(unknown), /^TLS to db\.test:\d+ failed: self-signed certificate \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/)
    const lax = await dial({ host: 'other.test', port, tls: { ca: undefined, verify: false } })
    assert.equal(outcome(lax), 'connected')
    if ('wire' in lax) lax.wire.reset()
  })

  test('an upstream that knows no TLS fails as such', async (t) => {
    const { port } = await serve(t, (peer) => { peer.write('no TLS here\r\n') })
    const dialed = await rig(t, { kind }).dial({ host: '127.0.0.1', port, tls: { ca: undefined, verify: true } })
    assert.equal(outcome(dialed), 'tls')
    assert.match(detail(dialed), /^TLS to 127\.0\.0\.1:\d+ failed: it does not answer in TLS \(ERR_SSL_WRONG_VERSION_NUMBER\)$/)
  })

  test('what OpenSSL has to say is one line in plain words', async (t) => {
    const server = tls.createServer({ cert: certificate.cert, key: certificate.key, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256@SECLEVEL=0', sigalgs: 'RSA+SHA1' })
    server.on('tlsClientError', () => {})
    t.after(() => server.close())
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    const dialed = await rig(t, { kind }).dial({ host: '127.0.0.1', port: (server.address() as net.AddressInfo).port, tls: { ca: undefined, verify: true } })
    assert.match(detail(dialed), /^TLS to 127\.0\.0\.1:\d+ failed: [a-z0-9/ ]+ \(ERR_SSL_[\w/]+\)$/)
  })

  test('what a protocol says before the handshake comes first, and may find out that there will be none', async (t) => {
    const port = await serveTls(t)
    const { dial } = rig(t, { kind })
    const tlsOf = (problem: string | undefined): DialTarget['tls'] => ({
      ca: certificate.cert, verify: true,
      before(_wire, ready) { const timer = setTimeout(() => ready(problem), 10); return { cancel: () => clearTimeout(timer) } },
    })
    const good = await dial({ host: '127.0.0.1', port, tls: tlsOf(undefined) })
    assert.equal(outcome(good), 'connected')
    if ('wire' in good) good.wire.reset()
    const refused = await dial({ host: '127.0.0.1', port, tls: tlsOf('the server refuses TLS') })
    assert.deepEqual([outcome(refused), detail(refused)], ['tls', `127.0.0.1:${port}: the server refuses TLS`])
  })

  test('an upstream that is silent before or in the handshake is given up in time', async (t) => {
    const { port, peers } = await serve(t)
    const { dial } = rig(t, { kind, connectTimeoutMs: 150 })
    let isCancelled = false
    const before: NonNullable<DialTarget['tls']>['before'] = (wire) => ({ cancel: () => { isCancelled = true; wire.close() } })
    const target = { host: '127.0.0.1', port }
    const unanswered = await dial({ ...target, tls: { ca: undefined, verify: true, before } })
    assert.deepEqual([outcome(unanswered), detail(unanswered), isCancelled], ['tls', `127.0.0.1:${port}: no answer when asked for TLS`, true])
    assert.match(detail(await dial({ ...target, tls: { ca: undefined, verify: true } })), /ETIMEDOUT/)
    for (const peer of peers) assert.ok(await peer.fate)
  })
}

const hangs = (): { action: 'hang' } => ({ action: 'hang' })
const secured = { ca: undefined, verify: true }

function cancelling(kind: Kind): void {
  const cases: { readonly name: string; readonly faults?: readonly Hooks[]; readonly tls?: DialTarget['tls']; readonly resolver?: Resolver; readonly isConnected: boolean }[] = [
    { name: 'a fault holds the look-up', faults: [{ resolve: hangs }], isConnected: false },
    { name: 'a fault holds the connect', faults: [{ connect: hangs }], isConnected: false },
    { name: 'a fault delays the connect', faults: [{ connect: () => ({ action: 'delay', delayMs: 50 }) }], isConnected: false },
    { name: 'a fault holds the handshake', faults: [{ tls: hangs }], tls: secured, isConnected: true },
    { name: 'the protocol asks for TLS', tls: { ...secured, before: (wire) => ({ cancel: () => wire.close() }) }, isConnected: true },
    { name: 'the handshake runs', tls: secured, isConnected: true },
  ]
  for (const { name, faults = [], tls: wanted, isConnected } of cases) {
    test(`cancelled while ${name}, a dial leaves nothing behind`, async (t) => {
      const { port, peers } = await serve(t)
      const { dialer, seats } = rig(t, { kind, faults, resolver: names({ 'db.test': ['127.0.0.1'] }) })
      const dial = dialer.dial({ host: 'db.test', port, tls: wanted }, seats, () => assert.fail('a cancelled dial said something'))
      if (isConnected) await until('the connection', () => peers.length === 1)
      await sleep(20)
      dial.cancel()
      dial.cancel()
      if (isConnected) assert.ok(['end', 'reset'].includes(await peers[0]!.fate))
      await sleep(60)
      assert.equal(peers.length, isConnected ? 1 : 0)
    })
  }

  test('cancelled while the name is looked up, a dial cancels the look-up', async (t) => {
    let cancelled = 0
    const { dialer } = rig(t, { kind, resolver: { lookup: () => ({ cancel: () => { cancelled++ } }) } })
    dialer.dial({ host: 'db.test', port: 1 }, undefined, () => assert.fail('a cancelled dial said something')).cancel()
    assert.equal(cancelled, 1)
  })

  test('cancelled while it connects, a dial closes its socket, whether a name or an address was dialed', async (t) => {
    const port = await silentPort(t)
    const { dialer, dial } = rig(t, { kind, resolver: names({ 'db.test': ['127.0.0.1'] }), connectTimeoutMs: 30_000 })
    await dial({ host: '127.0.0.1', port: await closedPort() })
    for (const host of ['127.0.0.1', 'db.test']) {
      const before = openFds()
      const dialing = dialer.dial({ host, port }, undefined, () => assert.fail('a cancelled dial said something'))
      await sleep(20)
      assert.equal(openFds(), before + 1, 'the dial is under way')
      dialing.cancel()
      await until('the socket to be closed', () => openFds() === before)
    }
  })

  test('a connection that was handed over is not touched by a late cancel', async (t) => {
    const { port, peers } = await serve(t)
    const { dialer } = rig(t, { kind })
    let cancel: () => void = () => {}
    const dialed = await new Promise<Dialed>((resolve) => { cancel = () => dialing.cancel(); const dialing = dialer.dial({ host: '127.0.0.1', port }, undefined, resolve) })
    cancel()
    assert.ok('wire' in dialed)
    dialed.wire.write(Buffer.from('still here'))
    await until('the upstream to be told', () => peers[0]?.text === 'still here')
  })

  test('an owner that throws costs its own connection only, also behind a look-up', async (t) => {
    const { port, peers } = await serve(t)
    const bug = new Error('bug')
    const { dialer, bugs } = rig(t, {
      kind, resolver: { lookup(host, _, settled) { const timer = setImmediate(() => settled(host === 'db.test' ? { addresses: ['127.0.0.1'] } : { cause: 'nxdomain' })); return { cancel: () => clearImmediate(timer) } } },
    })
    for (const host of ['db.test', 'gone.test']) dialer.dial({ host, port }, undefined, () => { throw bug })
    await until('both bugs', () => bugs.length === 2)
    assert.deepEqual(bugs, [bug, bug])
    await until('the upstream', () => peers.length === 1)
    assert.equal(await peers[0]!.fate, 'reset')
  })
}

for (const kind of kinds) {
  describe(`${kind}: dial`, () => dialing(kind))
  describe(`${kind}: dial with TLS`, () => security(kind))
  describe(`${kind}: cancelled dial`, () => cancelling(kind))
}
