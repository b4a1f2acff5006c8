import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entryOf, faultCalled } from '../../test/helpers/seats.ts'
import { entriesOf } from '../../test/helpers/rig.ts'
import { UserError } from '../kit/errors.ts'
import type { FaultEntry } from '../model/entry.ts'
import { protocols } from '../protocols/index.ts'
import { checkReach, type Reachable } from './reach.ts'

const proxy = (name: string, protocol: string, isNumeric = false): Reachable => ({ name, protocol: protocols.find(protocol)!, isNumeric })
const forward = proxy('http', 'http-forward')
const db = proxy('db', 'tcp')
const web = proxy('web', 'http')
const time = proxy('time', 'udp')

const notes = (listeners: readonly Reachable[], ...faults: string[]): string[] => checkReach(listeners, entriesOf(faults))

function refusal(listeners: readonly Reachable[], faults: readonly FaultEntry[]): [code: string, message: string, hint: string | undefined, exitCode: number] {
  try {
    checkReach(listeners, faults)
  } catch (error) {
    assert.ok(error instanceof UserError)
    return [error.code, error.message, error.hint, error.exitCode]
  }
  throw new assert.AssertionError({ message: 'nothing was refused' })
}

test('what every listener can carry needs no word', () => {
  assert.deepEqual(notes([forward, db, web], 'latency mean=1ms', 'blackhole', 'packet-loss rate=0.5'), [])
})

test('a fault that no listener can carry is refused with its name, the proxy and what that speaks', () => {
  assert.deepEqual(refusal([db], entriesOf(['http-response status=500'])), [
    'FAULT_CANNOT_ACT', 'http-response cannot act on \'db\', which speaks tcp', 'http-response acts on request, response; tcp carries accept, resolve, connect, tls, stream', 2,
  ])
})

test('a fault that only some can carry is told for each of the others', () => {
  assert.deepEqual(notes([web, db, proxy('cache', 'redis')], 'http-response status=500'), [
    'http-response cannot act on \'db\', which speaks tcp', 'http-response cannot act on \'cache\', which speaks redis',
  ])
})

test('on the forward proxy a fault may be blind inside tunnels', () => {
  assert.deepEqual(notes([forward], 'http-response status=500', 'latency mean=1ms'), ['http-response acts on \'http\' but not inside CONNECT tunnels'])
})

test('a match on the request needs a listener that reads requests', () => {
  assert.deepEqual(refusal([db], entriesOf(['latency mean=1ms path=/api/* method=GET'])).slice(0, 3), [
    'FAULT_CANNOT_ACT', 'latency with method and path cannot act on \'db\', which speaks tcp', 'only a proxy that parses HTTP can tell: map to http:// or https://, or use the forward proxy',
  ])
  assert.deepEqual(notes([db, forward, web], 'latency mean=1ms header=x-tier:gold'), [
    'latency with header cannot act on \'db\', which speaks tcp', 'latency with header acts on \'http\' but not inside CONNECT tunnels',
  ])
})

test('a proxy that is named must be there, each of them', () => {
  assert.deepEqual(refusal([db, web], entriesOf(['latency mean=1ms proxy=wbe'])), ['NO_SUCH_PROXY', 'latency is for proxy \'wbe\', which is not there', 'did you mean \'web\'?', 2])
  assert.deepEqual(refusal([db, web], entriesOf(['latency mean=1ms proxy=db proxy=elsewhere'])).slice(0, 3), ['NO_SUCH_PROXY', 'latency is for proxy \'elsewhere\', which is not there', 'the proxies are \'db\', \'web\''])
})

test('a fault for some proxies is held against these only', () => {
  assert.deepEqual(notes([db, web], 'http-response status=500 proxy=web'), [])
  assert.deepEqual(refusal([db, web], entriesOf(['http-response status=500 proxy=db']))[0], 'FAULT_CANNOT_ACT')
})

test('datagrams pass unfaulted, which is said; what could act on nothing else is refused', () => {
  assert.deepEqual(notes([time, db], 'latency mean=1ms'), ['latency cannot act on \'time\', which speaks udp', '\'time\': datagrams pass unfaulted'])
  assert.deepEqual(notes([time]), ['\'time\': datagrams pass unfaulted'])
  assert.deepEqual(refusal([time], entriesOf(['latency mean=1ms'])).slice(1, 3), ['latency cannot act on \'time\', which speaks udp', 'latency acts on stream; udp carries no faults yet'])
})

test('a fault on look-ups has nothing to do when every target is an address', () => {
  const numeric = proxy('ten', 'tcp', true)
  assert.deepEqual(notes([numeric], 'dns'), ['dns has nothing to act on: every target is an address, which needs no look-up'])
  assert.deepEqual(notes([numeric, db], 'dns'), [])
  assert.deepEqual(notes([numeric], 'latency mean=1ms'), [])
  const both = entryOf(faultCalled('both', { resolve: () => undefined, connect: () => undefined }))
  assert.deepEqual(checkReach([numeric], [both]), [])
})

test('the same note is said once', () => {
  assert.equal(notes([web, db], 'http-response status=500', 'http-response status=501').length, 1)
})
