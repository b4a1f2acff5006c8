import assert from 'node:assert/strict'
import test from 'node:test'
import type { z } from 'zod'
import type { HookContext } from '../model/fault.ts'
import { dns } from './dns.ts'

type Given = z.input<typeof dns.params>

const outcome = (given: Given): unknown => dns.resolve!(dns.params.parse(given), {} as HookContext)

test('D-06: names can be missing, servers can fail, time out or be slow, with the documented times', () => {
  assert.deepEqual(outcome({}), { action: 'fail', cause: 'nxdomain', afterMs: 0 })
  assert.deepEqual(outcome({ case: 'servfail' }), { action: 'fail', cause: 'servfail', afterMs: 0 })
  assert.deepEqual(outcome({ case: 'timeout' }), { action: 'fail', cause: 'dns-timeout', afterMs: 5_000 })
  assert.deepEqual(outcome({ case: 'slow' }), { action: 'delay', delayMs: 2_000 })
})

test('a delay of its own replaces the default', () => {
  assert.deepEqual(outcome({ case: 'timeout', delay: '1s' }), { action: 'fail', cause: 'dns-timeout', afterMs: 1_000 })
  assert.deepEqual(outcome({ case: 'slow', delay: 50 }), { action: 'delay', delayMs: 50 })
  assert.deepEqual(outcome({ delay: '100ms' }), { action: 'fail', cause: 'nxdomain', afterMs: 100 })
})

test('D-06: whether it strikes is the envelope\'s draw, once per exchange, half of them when not told otherwise', () => {
  assert.deepEqual(dns.compat?.fields?.['probability'], { flag: 'rate', env: 'PROBABILITY', default: 0.5 })
  assert.equal('rate' in dns.params.shape, false)
})

test('it explains itself in words', () => {
  const words = (given: Given): string => dns.explain(dns.params.parse(given))
  assert.equal(words({}), 'says that names do not exist')
  assert.equal(words({ case: 'servfail', delay: 100 }), 'lets name servers fail after 100ms')
  assert.equal(words({ case: 'timeout' }), 'lets look-ups time out after 5s')
  assert.equal(words({ case: 'slow' }), 'adds 2s to look-ups')
})
