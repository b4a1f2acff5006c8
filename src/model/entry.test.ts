import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { ENVELOPE_KEYS, entrySchema } from './entry.ts'
import { defineFault } from './fault.ts'

const slow = defineFault({
  name: 'slow', summary: 'Slows.', faithful: 'No.', params: z.strictObject({ mean: z.number() }), directional: true, preserves: 'bytes', examples: [{ mean: 1 }], explain: () => 'slows',
})

const accepts = (envelope: Readonly<Record<string, unknown>>): boolean => entrySchema(slow).safeParse({ type: 'slow', mean: 1, ...envelope }).success

test('an entry is the fault\'s own parameters with the envelope beside them', () => {
  const given = {
    type: 'slow', mean: 1, id: 'a.b/c#1-x', side: 'client', direction: 'both', probability: 0.5, sched: 'start:1s', scope: 'proxy',
    proxy: 'db', host: ['a', 'b'], method: 'GET', path: '/x', header: ['a', 'b:c'],
  }
  assert.deepEqual(entrySchema(slow).parse(given), given)
  assert.deepEqual(entrySchema(slow).parse({ type: 'slow', mean: 1 }), { type: 'slow', mean: 1 })
  assert.deepEqual(ENVELOPE_KEYS, Object.keys(given).slice(2))
})

test('envelope fields that make no sense are refused', () => {
  const wrong = [
    { id: '' }, { id: 'a b' }, { id: 'x'.repeat(65) }, { side: 'left' }, { direction: 'up' }, { probability: 1.01 }, { probability: -0.1 }, { probability: NaN }, { probability: 'x' },
    { sched: '' }, { scope: 'world' }, { proxy: '' }, { proxy: [] }, { host: [''] }, { path: 5 }, { nonsense: 1 }, { type: 'other' },
  ]
  for (const envelope of wrong) assert.equal(accepts(envelope), false, JSON.stringify(envelope))
})

test('words are read in any case, and numbers also from text', () => {
  assert.deepEqual(entrySchema(slow).parse({ type: 'slow', mean: 1, side: 'CLIENT', direction: 'Both', probability: '0.25', scope: 'GLOBAL' }), { type: 'slow', mean: 1, side: 'client', direction: 'both', probability: 0.25, scope: 'global' })
})

test('a parameter may not take a name of the envelope, nor one that is set aside for it', () => {
  const setAside = ['type', 'period', 'enabled', 'query', 'body-size', 'on-status', 'first', 'nth', 'every', 'after', 'after-bytes', 'until']
  for (const key of [...ENVELOPE_KEYS, ...setAside]) {
    const greedy = defineFault({
      name: 'greedy', summary: '', faithful: '', params: z.strictObject({ [key]: z.number() }), directional: true, preserves: 'bytes', examples: [{ [key]: 1 }], explain: () => '',
    })
    assert.throws(() => entrySchema(greedy), new Error(`fault "greedy" may not have a parameter called "${key}"`))
  }
})
