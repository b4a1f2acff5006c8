import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from '../faults/index.ts'
import { fromJson, fromYaml, toJson, toYaml } from './documents.ts'

const yaml = (text: string) => fromYaml(text, faults, 'f.yaml')

test('a YAML list of faults, alone or under faults:', () => {
  const list = '- type: latency\n  mean: 300\n  period: duration:5s\n- type: packet_loss\n'
  assert.deepEqual(yaml(list).map(toJson), [{ type: 'latency', mean: 300, sched: 'duration:5s' }, { type: 'packet-loss' }])
  assert.deepEqual(yaml(`faults:\n${list.replaceAll(/^/gm, '  ')}`).map(toJson), yaml(list).map(toJson))
  assert.deepEqual([yaml(''), yaml('faults:\n')], [[], []])
})

test('errors in YAML name line and column', () => {
  assert.throws(() => yaml('- type: latency\n  mean: fast\n'), { message: /^f\.yaml:2:9: latency: mean: expected a duration/, hint: /./ })
  assert.throws(() => yaml('- type: latancy\n'), { message: /^f\.yaml:1:9: fault: type: no fault is called 'latancy'$/, hint: 'did you mean latency?' })
  assert.throws(() => yaml('- type: latency\n  maen: 5\n'), { message: /^f\.yaml:2:9: latency: maen: latency has no parameter called 'maen'/, hint: 'did you mean mean?' })
  assert.throws(() => yaml('- mean: 5\n'), { message: /^f\.yaml:1:3: fault: type is required/ })
  assert.throws(() => yaml('- 5\n'), { message: /^f\.yaml:1:3: fault: expected a fault, got '5'/ })
  assert.throws(() => yaml('a: [1\n'), { code: 'BAD_YAML', message: /^f\.yaml:\d+:\d+: / })
  assert.throws(() => yaml('faults: 5\n'), { code: 'BAD_YAML', message: /^f\.yaml:1:9: expected a list/ })
})

test('what YAML lacks is said in its form, and an id stands for one fault', () => {
  assert.throws(() => yaml('- {type: latency, distribution: uniform}\n'), { message: 'f.yaml:1:3: latency: the distribution uniform needs a min: add min' })
  assert.throws(() => yaml('- {type: latency, min: 1, max: 2}\n'), { message: /: add distribution: uniform$/ })
  assert.throws(() => yaml('- {type: latency}\n- {type: jitter, id: latency}\n'), { message: "f.yaml:2:3: jitter: the id 'latency' is that of f.yaml:1:3: latency too", hint: /./ })
})

test('YAML written is YAML read', () => {
  const list = yaml('- {type: http-response, status: 503, body: "503", header: [a, "b: c"]}\n')
  assert.deepEqual(yaml(toYaml(list)).map(toJson), list.map(toJson))
})

test('errors in JSON name the fault and the key', () => {
  assert.throws(() => fromJson({ type: 'latency', mean: true }, faults, 'faults[0]'), { message: 'faults[0] latency: mean: expected ms, got \'true\'' })
  assert.throws(() => fromJson({ type: 'http-response', body: 5 }, faults), { message: 'fault http-response: body: expected string, got \'5\'' })
  assert.throws(() => fromJson([], faults), { message: 'fault: expected a fault, got \'[]\'' })
})
