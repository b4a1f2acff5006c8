import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from './registry.ts'

test('a declaration is found by its name and by each alias, and listed once in the order given', () => {
  const [latency, loss] = [{ name: 'latency' }, { name: 'packet-loss', aliases: ['packetloss', 'packet_loss'] }]
  const registry = createRegistry('fault', [loss, latency])
  assert.deepEqual(registry.list, [loss, latency])
  assert.deepEqual(['latency', 'packet-loss', 'packetloss', 'packet_loss', 'Latency', 'toString'].map((name) => registry.find(name)), [latency, loss, loss, loss, undefined, undefined])
})

test('two declarations that claim one word fail at load', () => {
  const claims = [
    [{ name: 'a' }, { name: 'a' }], [{ name: 'a' }, { name: 'b', aliases: ['a'] }], [{ name: 'a', aliases: ['c'] }, { name: 'b', aliases: ['c'] }], [{ name: 'a', aliases: ['a'] }],
  ]
  for (const specs of claims) assert.throws(() => createRegistry('fault', specs), /^Error: two faults are called "[ac]"$/)
})
