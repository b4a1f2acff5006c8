import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { choice, delay, flag, ratio } from '../kit/params.ts'
import { defineFault, type AnyFault, type Compat } from '../model/fault.ts'
import { createRegistry } from '../model/registry.ts'
import { catalogueOf } from './catalogue.ts'
import { fieldsOf } from './fields.ts'
import { namesOf } from './names.ts'
import { checkNames, kebab, plain } from './spelling.ts'

const base = {
  summary: 'Wobbles.', faithful: 'Not at all.', directional: true, preserves: 'bytes', explain: () => 'wobbles',
} as const

const wobble = (compat?: Compat, directional = true): AnyFault => defineFault({
  ...base, directional, name: 'wobble', examples: [{ width: 5 }], ...(compat && { compat }),
  params: z.strictObject({
    width: delay().describe('How far'),
    shape: choice(['round', 'square']).default('round').describe('Which form'),
    perTurn: flag().default(false).describe('Each turn'),
    count: z.int().min(1).prefault(3).describe('How many'),
  }),
})

const names = (spec: AnyFault) => Object.fromEntries(namesOf(spec).fields.map(({ key, flag: name, env }) => [key, [name, env]]))

test('a field knows its value, choices, default and whether it must be given', () => {
  const fields = Object.fromEntries(fieldsOf(wobble()).map((field) => [field.key, field]))
  assert.deepEqual(fields['width'], { key: 'width', part: 'params', kind: 'text', list: false, placeholder: 'ms', choices: [], description: 'How far', required: true, default: undefined })
  assert.deepEqual([fields['shape']!.choices, fields['shape']!.default, fields['shape']!.required], [['round', 'square'], 'round', false])
  assert.deepEqual([fields['perTurn']!.kind, fields['perTurn']!.default], ['boolean', false])
  assert.deepEqual([fields['count']!.kind, fields['count']!.default], ['number', 3])
  assert.deepEqual([fields['header']!.part, fields['header']!.list], ['envelope', true])
})

test('flags and variables follow one rule, camel case becoming words', () => {
  const found = names(wobble())
  assert.deepEqual(found['perTurn'], ['--wobble-per-turn', 'FAULT_WOBBLE_PER_TURN'])
  assert.deepEqual(found['sched'], ['--wobble-sched', 'FAULT_WOBBLE_SCHED'])
  assert.deepEqual([namesOf(wobble()).flag, namesOf(wobble()).env], ['--with-wobble', 'FAULT_WITH_WOBBLE'])
})

test('a documented spelling overrides the rule and is understood as a key too', () => {
  const spec = wobble({ with: 'OLD', env: 'OLDER', fields: { probability: { flag: 'rate', env: 'PROBABILITY', default: 0.5 }, width: { env: 'WID' } } })
  assert.equal(namesOf(spec).env, 'FAULT_WITH_OLD')
  assert.deepEqual(names(spec)['probability'], ['--wobble-rate', 'FAULT_OLDER_PROBABILITY'])
  assert.deepEqual(names(spec)['width'], ['--wobble-width', 'FAULT_OLDER_WID'])
  assert.deepEqual(namesOf(spec).fields.find(({ key }) => key === 'probability')!.aliases, ['rate'])
})

test('a fault that sits on no stream has no side and no direction, unless one is documented', () => {
  assert.equal(names(wobble(undefined, false))['side'], undefined)
  assert.deepEqual(names(wobble({ fields: { direction: {} } }, false))['direction'], ['--wobble-direction', 'FAULT_WOBBLE_DIRECTION'])
})

test('two parameters with one name fail when the program is loaded', () => {
  assert.throws(() => namesOf(wobble({ fields: { shape: { flag: 'width' } } })), /two options are called --wobble-width/)
  assert.throws(() => namesOf(wobble({ fields: { shape: { env: 'WIDTH' } } })), /two options are called FAULT_WOBBLE_WIDTH/)
  assert.throws(() => checkNames('x', [{ flag: '--a', env: 'A' }, { flag: '--b', env: 'A' }]), /x: two options are called A/)
})

test('two faults whose flags collide fail when the program is loaded', () => {
  const other = defineFault({ ...base, name: 'wobble-per', params: z.strictObject({ turn: ratio() }), examples: [{ turn: 1 }] })
  assert.throws(() => catalogueOf(createRegistry<AnyFault>('fault', [wobble(), other])), /two options are called --wobble-per-turn/)
})

test('a parameter with a reserved name fails when the program is loaded', () => {
  const spec = defineFault({ ...base, name: 'greedy', params: z.strictObject({ side: ratio() }), examples: [{ side: 1 }] })
  assert.throws(() => fieldsOf(spec), /may not have a parameter called "side"/)
})

test('words are compared without case, - and _', () => {
  assert.equal(plain('Packet_Loss'), plain('packet-loss'))
  assert.equal(kebab('perReadWrite'), 'per-read-write')
  assert.equal(kebab('status_code'), 'status-code')
})
