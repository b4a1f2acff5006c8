import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from '../faults/index.ts'
import { faultsSchema } from './json-schema.ts'
import { namesOf } from './names.ts'

interface FaultSchema {
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly required: readonly string[]
  readonly additionalProperties: boolean
  readonly examples: readonly Readonly<Record<string, unknown>>[]
}

const schema = faultsSchema(faults) as { readonly $defs: Readonly<Record<string, unknown>> }
const definitionOf = (name: string) => schema.$defs[name] as FaultSchema

test('the schema has one definition for each fault, with every key and no other', () => {
  assert.deepEqual(Object.keys(schema.$defs), ['fault', ...faults.list.map(({ name }) => name)])
  for (const spec of faults.list) {
    const { properties, additionalProperties, required } = definitionOf(spec.name)
    const keys = namesOf(spec).fields.flatMap(({ key, aliases }) => [key, ...aliases])
    assert.deepEqual(Object.keys(properties).sort(), ['type', 'period', ...keys].sort())
    assert.equal(additionalProperties, false)
    assert.ok(required.includes('type'))
  }
})

test('aliases of a type are accepted, and examples keep to the schema\'s keys', () => {
  for (const spec of faults.list) {
    const { properties, examples } = definitionOf(spec.name)
    assert.deepEqual(properties['type']!['enum'], [spec.name, ...(spec.aliases ?? [])])
    for (const example of examples) for (const key of Object.keys(example)) assert.ok(key in properties, `${spec.name}: ${key}`)
  }
})

test('what only our own surfaces read is not published', () => {
  assert.doesNotMatch(JSON.stringify(schema), /"placeholder"/)
})
