import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entryOf } from '../../../test/helpers/view-run.ts'
import { builtins } from '../../builtins.ts'
import { faultWords, laneTitle, titlesOf, type SpeakingFault } from './fault-words.ts'
import { humanTime, meanMs, shownMs } from './figures.ts'

test('every example of every fault is put into one line with its title, side and direction', () => {
  for (const spec of builtins.faults.list) {
    for (const example of spec.examples) {
      const words = faultWords(entryOf(spec.name, example))
      assert.match(words, /^[A-Z][\w ]+: \S/)
      assert.doesNotMatch(words, /undefined|NaN|\[object|\n/)
    }
  }
})

test('what the envelope says besides side and direction stands behind', () => {
  const entry = entryOf('latency', { mean: 300, side: 'client', direction: 'both', probability: 0.25, sched: 'start:1s', host: ['a.test', 'b.test'], path: '/api/*', id: 'slow' })
  const words = faultWords(entry)
  assert.match(words, /side: Client, direction: Both/)
  assert.match(words, /, probability: 0\.25, sched: start:1s, host: a\.test b\.test, path: \/api\/\*, id: slow$/)
})

test('D-60: the side of every fault whose stage sits on one is shown', () => {
  for (const { name, examples, stream } of builtins.faults.list) {
    const words = faultWords({ ...entryOf(name, examples[0]), envelope: { side: 'client' } })
    assert.equal(words.includes('side: Client'), stream !== undefined, words)
  }
})

const speaking = (own: Partial<SpeakingFault>): SpeakingFault => ({ name: 'packet-storm', directional: true, explain: () => 'does harm', ...own })

test('a declaration may give the documented words, side and direction among them', () => {
  const spec = speaking({ compat: { title: 'Latency' }, describe: ({ mean }) => [['per read/write', false], 'flow', ['mean', `${String(mean)}ms`]] })
  assert.equal(faultWords({ spec, params: { mean: 300 }, envelope: {} }), 'Latency: per read/write: false, side: Server, direction: Ingress, mean: 300ms')
})

test('a probability that the documented words have is not said twice', () => {
  const spec = speaking({ directional: false, compat: { title: 'DNS' }, describe: (_, probability) => [['trigger probability', probability]] })
  assert.equal(faultWords({ spec, params: {}, envelope: { probability: 0.5 } }), 'DNS: trigger probability: 0.5')
})

test('start-up, lanes and tail may each have a title of their own', () => {
  const spec = speaking({ compat: { title: 'HttpErr', summaryTitle: 'HTTP Response', tailTitle: 'Http' } })
  assert.match(faultWords({ spec, params: {}, envelope: {} }), /^HTTP Response: /)
  assert.equal(laneTitle(spec), 'HttpErr')
  assert.equal(titlesOf(() => [spec])({ fault: spec.name, type: spec.name }), 'Http')
})

test('an instance that is not called after its type is named, and a type nobody knows has a title still', () => {
  const titles = titlesOf(() => [speaking({ compat: { title: 'Storm' } })])
  assert.equal(titles({ fault: 'packet-storm', type: 'packet-storm' }), 'Storm')
  assert.equal(titles({ fault: 'packet-storm#2', type: 'packet-storm' }), 'Storm (packet-storm#2)')
  assert.equal(titles({ fault: 'black-ice', type: 'black-ice' }), 'Black Ice')
})

test('what was not measured is a dash, never NaN', () => {
  assert.equal(shownMs(300.1234), '300.123ms')
  assert.equal(shownMs(undefined), '-')
  assert.equal(shownMs(NaN), '-')
  assert.equal(meanMs(0, 0), undefined)
  assert.equal(meanMs(600, 2), 300)
})

test('times are told in words', () => {
  assert.equal(humanTime(600_000), '10 minutes')
  assert.equal(humanTime(90_000), '1 minute and 30 seconds')
  assert.equal(humanTime(93_784_000), '1 day, 2 hours, 3 minutes and 4 seconds')
  assert.equal(humanTime(840), '840ms')
  assert.equal(humanTime(0), '0 seconds')
  assert.equal(humanTime(59_999.7), '1 minute')
})
