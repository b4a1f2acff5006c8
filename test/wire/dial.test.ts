import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { after, describe, test } from 'node:test'
import { createManualClock } from '../../src/kit/clock.ts'
import { Dialer } from '../../src/engine/wire/dial.ts'
import type { Address, DialFailure, DialResult, Wire } from '../../src/engine/wire/wire.ts'
import { closedPort, dial, echo, kinds, makeTransport, serve, stuffedBacklog, until } from './support.ts'

for (const kind of kinds) describe(kind, () => {
  const transport = makeTransport(kind)
  after(() => transport.stop())

  test('failures have names', async () => {
    const closed = { host: '127.0.0.1', port: await closedPort() }
    assert.deepEqual(await dial(transport, { addresses: [closed] }), { failure: 'refused', address: closed })
    assert.deepEqual(await dial(transport, { addresses: [closed], bind: { host: '192.0.2.1' } }), { failure: 'busy', address: closed })
    const nowhere = { host: '224.0.0.1', port: 9 }
    assert.deepEqual(await dial(transport, { addresses: [nowhere] }), { failure: 'unreachable', address: nowhere })
    assert.deepEqual(await dial(transport, { addresses: [] }), { failure: 'error' })
  })

  test('what is no numeric address with a port fails, and throws nothing', async () => {
    for (const address of [{ host: 'localhost', port: 80 }, { host: '127.0.0.1', port: 70000 }, { host: '::1%', port: 9 }, { host: 'fe80::1%no-such-zone', port: 9 }]) {
      const result = await dial(transport, { addresses: [address] })
      assert.ok('failure' in result && ['error', 'unreachable', 'refused'].includes(result.failure), `${address.host}: ${JSON.stringify(result)}`)
    }
  })

  test('an address that does not answer fails in time', async () => {
    const full = { host: '127.0.0.1', port: await stuffedBacklog() }
    const startedAt = performance.now()
    assert.deepEqual(await dial(transport, { addresses: [full], timeoutMs: 200 }), { failure: 'timeout', address: full })
    const took = performance.now() - startedAt
    assert.ok(took >= 198 && took < 600, `${took} ms`)
  })

  test('a refused address is followed at once by the next, and the result says which answered', async () => {
    const far = await serve(echo)
    const good = { host: '127.0.0.1', port: far.port }
    const startedAt = performance.now()
    const result = await dial(transport, { addresses: [{ host: '127.0.0.1', port: await closedPort() }, good], attemptDelayMs: 5000, timeoutMs: 8000 })
    assert.ok('wire' in result)
    assert.deepEqual(result.address, good)
    assert.ok(performance.now() - startedAt < 2000)
    result.wire.close()
  })

  test('an address that is slow is overtaken after the attempt delay, and given up', async () => {
    const far = await serve(echo)
    const good = { host: '127.0.0.1', port: far.port }
    const full = { host: '127.0.0.1', port: await stuffedBacklog() }
    const startedAt = performance.now()
    const result = await dial(transport, { addresses: [full, good], attemptDelayMs: 100 })
    const took = performance.now() - startedAt
    assert.ok('wire' in result)
    assert.deepEqual(result.address, good)
    assert.ok(took >= 98 && took < 600, `${took} ms`)
    result.wire.close()
  })

  test('when nobody answers, the failure is that of the first address', async () => {
    const refused = { host: '127.0.0.1', port: await closedPort() }
    const full = { host: '127.0.0.1', port: await stuffedBacklog() }
    assert.deepEqual(await dial(transport, { addresses: [refused, full], timeoutMs: 150, attemptDelayMs: 20 }), { failure: 'refused', address: refused })
    assert.deepEqual(await dial(transport, { addresses: [full, refused], timeoutMs: 150, attemptDelayMs: 20 }), { failure: 'timeout', address: full })
  })

  test('cancel: nobody is told and the socket is gone', async () => {
    const far = await serve(echo)
    let told = 0
    transport.dial({ addresses: [{ host: '127.0.0.1', port: far.port }], timeoutMs: 1000 }, () => { told++ }).cancel()
    const later = await dial(transport, { addresses: [{ host: '127.0.0.1', port: far.port }] })
    assert.ok('wire' in later)
    await until('no other connection is left', () => far.sockets.every((socket) => socket.destroyed || socket.remotePort === later.wire.local.port || socket.readableEnded))
    assert.equal(told, 0)
    later.wire.close()
  })

  test('a bound dial comes from where it was told to', async () => {
    const far = await serve(echo)
    const result = await dial(transport, { addresses: [{ host: '127.0.0.1', port: far.port }], bind: { host: '127.0.0.9' } })
    assert.ok('wire' in result)
    assert.equal(result.wire.local.host, '127.0.0.9')
    await until('accepted', () => far.sockets.length === 1)
    assert.equal(far.sockets[0]!.remoteAddress, '127.0.0.9')
    result.wire.close()
  })

  const local = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => addresses.map((address) => ({ name, ...address })))
    .find(({ address, family }) => family === 'IPv6' && address.startsWith('fe80:'))
  test('a zone names the interface of a link-local address', { skip: !local && 'no link-local address here' }, async () => {
    const far = await serve(echo, '::')
    const host = `${local!.address}%${local!.name}`
    const result = await dial(transport, { addresses: [{ host, port: far.port }] })
    assert.ok('wire' in result, JSON.stringify(result))
    assert.deepEqual(result.wire.remote, { host, port: far.port })
    result.wire.close()
  })
})

/** Addresses that answer by the clock, for what real sockets cannot show in a short time. */
function raceOf(answers: Readonly<Record<string, { afterMs: number; outcome: Wire | DialFailure } | undefined>>) {
  const clock = createManualClock()
  const log: string[] = []
  const dialer = new Dialer(clock, ({ host }, _, settled) => {
    log.push(`${clock.now()} try ${host}`)
    const answer = answers[host]
    const timer = answer && clock.setTimer(answer.afterMs, () => settled(answer.outcome))
    return { cancel: () => { timer?.cancel(); log.push(`${clock.now()} drop ${host}`) } }
  }, (error) => { throw error })
  const addresses = ['a', 'b', 'c'].map((host): Address => ({ host, port: 1 }))
  const results: DialResult[] = []
  const start = (timeoutMs = 10_000) => dialer.dial({ addresses, timeoutMs }, (result) => results.push(result))
  return { clock, log, results, start }
}

test('RFC 8305: the next address starts 250 ms later, or when one fails; the winner ends the others', () => {
  const wire = {} as Wire
  const race = raceOf({ a: undefined, b: { afterMs: 100, outcome: 'refused' }, c: { afterMs: 300, outcome: wire } })
  race.start()
  race.clock.advance(10_000)
  assert.deepEqual(race.log, ['0 try a', '250 try b', '350 try c', '650 drop a'])
  assert.deepEqual(race.results, [{ wire, address: { host: 'c', port: 1 } }])
  assert.equal(race.clock.pending, 0)
})

test('the time-out is one for all addresses, and everything under way is given up', () => {
  const race = raceOf({})
  race.start(400)
  race.clock.advance(10_000)
  assert.deepEqual(race.log, ['0 try a', '250 try b', '400 drop a', '400 drop b'])
  assert.deepEqual(race.results, [{ failure: 'timeout', address: { host: 'a', port: 1 } }])
})

test('a race that is cancelled leaves no timer and tells nobody', () => {
  const race = raceOf({ c: { afterMs: 1, outcome: 'refused' } })
  const dialing = race.start()
  race.clock.advance(300)
  dialing.cancel()
  dialing.cancel()
  assert.deepEqual(race.results, [])
  assert.equal(race.clock.pending, 0)
})
