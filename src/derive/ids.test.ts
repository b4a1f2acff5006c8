import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rig, transports, entriesOf } from '../../test/helpers/rig.ts'
import { UserError } from '../kit/errors.ts'
import { checkIds, idsOf } from './ids.ts'

test('a fault is called by its id, else by its type and its rank among its type', () => {
  assert.deepEqual(idsOf(entriesOf(['latency 1', 'jitter', 'latency 2 id=slow', 'latency 3'])), ['latency', 'jitter', 'slow', 'latency#3'])
})

test('the data plane calls faults the same', async (t) => {
  const faults = ['latency 1', 'jitter', 'latency 2 id=slow', 'latency 3']
  const { runtime } = await rig(t, { transport: transports[0]!, faults })
  assert.deepEqual(runtime.faults.instances.map(({ id }) => id), idsOf(entriesOf(faults)))
})

test('no two faults have one id', () => {
  const check = (...texts: string[]): void => checkIds(entriesOf(texts), (index) => texts[index]!)
  check('latency 1', 'latency 1', 'latency 1 id=a')
  for (const texts of [['latency 1', 'latency 1 id=latency'], ['jitter id=a', 'latency 1 id=a'], ['latency 1 id=latency#2', 'latency 1']]) {
    assert.throws(() => check(...texts), (error) => error instanceof UserError && error.exitCode === 2 && texts.every((text) => error.message.includes(text)))
  }
})
