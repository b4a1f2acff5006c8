import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { arrivesAt } from './own-address.ts'

const cases: [address: string, own: string, arrives: boolean][] = [
  ['127.0.0.1', '127.0.0.1', true], ['127.0.0.2', '127.0.0.1', false], ['127.0.0.2', '0.0.0.0', true], ['::1', '::1', true], ['0:0:0:0:0:0:0:1', '::1', true], ['::1', '::', true],
  ['::1', '127.0.0.1', false], ['127.0.0.1', '::1', false], ['127.0.0.1', '::', false], ['::1', '0.0.0.0', false],
  ['203.0.113.9', '0.0.0.0', false], ['2001:db8::9', '::', false], ['203.0.113.9', '203.0.113.9', true], ['db.internal', '0.0.0.0', false],
]

for (const [address, own, arrives] of cases) {
  test(`a connection to ${address} ${arrives ? 'arrives' : 'does not arrive'} at ${own}`, () => assert.equal(arrivesAt(address, own), arrives))
}

test('D-15: no way of writing the own address hides a loop', () => {
  for (const address of ['::ffff:127.0.0.1', '::ffff:7f00:1', '0.0.0.0', '::ffff:0.0.0.0']) assert.equal(arrivesAt(address, '127.0.0.1'), true, address)
  assert.equal(arrivesAt('::', '::1'), true)
  assert.equal(arrivesAt('0.0.0.0', '0.0.0.0'), true)
})

test('a connection to any address of this machine arrives at the wildcard of its family', () => {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  assert.ok(own.length > 0)
  for (const { address, family } of own) {
    assert.equal(arrivesAt(address, family === 'IPv6' ? '::' : '0.0.0.0'), true, address)
    assert.equal(arrivesAt(address, family === 'IPv6' ? '0.0.0.0' : '::'), false, address)
  }
})
