import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { faults } from '../../faults/index.ts'
import type { FaultEntry } from '../../model/entry.ts'
import type { AnyFault } from '../../model/fault.ts'
import { catalogueOf } from '../../derive/catalogue.ts'
import { fromJson, fromYaml, toJson, toYaml } from '../../derive/documents.ts'
import { checkFault } from '../../derive/entries.ts'
import { formatEnv, formatFlags, readRequests } from '../../derive/fault-requests.ts'
import { requestedFaults } from '../../derive/flag-faults.ts'
import type { Given } from '../../derive/option.ts'
import { formatFault, parseFault } from '../../derive/text-form.ts'
import { givenByFlags, readWords } from './arguments.ts'
import { givenByVariables, readVariables } from './environment.ts'

const catalogue = catalogueOf(faults)
const options = catalogue.flatMap((fault) => fault.options)

const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc.constantFrom('a b', 'a=b', '1..2', '"', '\\', 'x\ny', '#', '-1', '--tail', 'a,b', 'true', '5', '=', "it's", ' lead', 'trail '),
)
/** What a list in a variable can hold: one value stands on each line. */
const line = text.filter((value) => !/[\n\r]/.test(value) && value === value.trim() && value !== '')

const envelope = fc.record({
  id: fc.constantFrom('a', 'a#2', 'x/y.z'), side: fc.constantFrom('client', 'SERVER'), direction: fc.constantFrom('ingress', 'egress', 'both'),
  probability: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom('0.5', 1)),
  sched: fc.constantFrom('start:10s,duration:30s', 'duration:5s;start:1m'), scope: fc.constantFrom('connection', 'proxy', 'global'),
  proxy: fc.oneof(line, fc.array(line, { minLength: 1, maxLength: 3 })), host: fc.constantFrom('example.com', ['*.a.b', '10.0.0.0/8'], '[::1]:80'),
  method: fc.constantFrom('GET', ['GET', 'POST']), path: fc.oneof(line, fc.array(line, { minLength: 1, maxLength: 3 })),
  header: fc.oneof(line, fc.array(line, { minLength: 1, maxLength: 3 })),
}, { requiredKeys: [] })

const params = (spec: AnyFault) => fc.constantFrom(...spec.examples).chain((example) => fc.record(
  Object.fromEntries(Object.entries(example).map(([key, value]) => [key, typeof value === 'string' || typeof value === 'number'
    ? fc.oneof(fc.constant(value), fc.double({ min: 0, max: 1000, noNaN: true }), fc.nat(10_000), text) : fc.constant(value)])),
))

/** A fault that its declaration accepts. */
const entry: fc.Arbitrary<FaultEntry> = fc.constantFrom(...faults.list)
  .chain((spec) => fc.tuple(fc.constant(spec), params(spec), envelope))
  .map(([spec, given, around]) => {
    const { side, direction, ...rest } = around
    const fits = checkFault(spec, { ...given, ...(spec.directional ? { side, direction } : {}), ...rest })
    const first = checkFault(spec, { ...spec.examples[0] as object, ...rest })
    return 'entry' in fits ? fits.entry : 'entry' in first ? first.entry : undefined
  })
  .filter((found) => found !== undefined)

function same(actual: FaultEntry | undefined, expected: FaultEntry): void {
  assert.equal(actual?.spec, expected.spec)
  assert.deepEqual(actual.params, expected.params)
  assert.deepEqual({ ...actual.envelope }, singles(expected.envelope))
  assert.deepEqual(Object.keys(actual.source), Object.keys(expected.source))
}

/** In flags, variables and text, one value and a list of one are the same. */
const singles = (values: object) => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Array.isArray(value) && value.length === 1 ? value[0] as unknown : value as unknown]))

const requested = (given: ReadonlyMap<string, Given>) => readRequests(requestedFaults(catalogue, given).requests, faults, {}).map((fault) => fault.entry)

test('JSON and YAML give back the same fault', () => {
  fc.assert(fc.property(entry, (fault) => {
    const again = fromJson(JSON.parse(JSON.stringify(toJson(fault))), faults)
    assert.deepEqual([again.params, again.envelope, again.source], [fault.params, fault.envelope, fault.source])
    const [read] = fromYaml(toYaml([fault]), faults, 'f')
    assert.deepEqual([read!.params, read!.envelope, read!.source], [fault.params, fault.envelope, fault.source])
  }), { numRuns: 300 })
})

test('the text of --fault gives back the same fault', () => {
  fc.assert(fc.property(entry, (fault) => same(parseFault(formatFault(fault), faults, '--fault').entry, fault)), { numRuns: 500 })
})

test('flags give back the same fault', () => {
  fc.assert(fc.property(entry, (fault) => {
    const found = requested(givenByFlags(readWords(formatFlags(fault), options)))
    assert.equal(found.length, 1)
    same(found[0], fault)
  }), { numRuns: 300 })
})

test('variables give back the same fault', () => {
  fc.assert(fc.property(entry, (fault) => {
    const env = formatEnv(fault)
    fc.pre(Object.values(env).every((value) => value.trim() !== '' && !value.includes('\0')))
    const found = requested(givenByVariables(readVariables(env, options), options, new Map()))
    assert.equal(found.length, 1)
    same(found[0], fault)
  }), { numRuns: 300 })
})

test('every example of every fault is accepted in every form', () => {
  for (const spec of faults.list) {
    for (const example of spec.examples) {
      const checked = checkFault(spec, example)
      assert.ok('entry' in checked, `${spec.name} ${JSON.stringify(example)}`)
      same(parseFault(formatFault(checked.entry), faults, '--fault').entry, checked.entry)
    }
  }
})
