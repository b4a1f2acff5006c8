import { z } from 'zod'
import { entrySchema, type FaultRegistry } from '../model/entry.ts'
import type { AnyFault } from '../model/fault.ts'
import { findField } from './entries.ts'
import { namesOf, type NamedField } from './names.ts'

type Json = Record<string, unknown>

/** JSON Schema (2020-12) of a list of faults, as in scenario files and over the API. */
export function faultsSchema(registry: FaultRegistry): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'faults',
    description: 'Faults in the order in which they are applied; the first is nearest the client',
    type: 'array',
    items: { $ref: '#/$defs/fault' },
    $defs: {
      fault: { oneOf: registry.list.map(({ name }) => ({ $ref: `#/$defs/${name}` })) },
      ...Object.fromEntries(registry.list.map((spec) => [spec.name, faultSchema(spec)])),
    },
  }
}

function faultSchema(spec: AnyFault): Json {
  const { $schema: _, properties: raw, ...rest } = z.toJSONSchema(entrySchema(spec), { io: 'input' }) as Json & { properties: Record<string, Json> }
  const { fields } = namesOf(spec)
  const properties: Record<string, Json> = { type: { description: spec.summary, enum: [spec.name, ...(spec.aliases ?? [])] } }
  for (const field of fields) {
    properties[field.key] = property(field, raw[field.key]!)
    for (const alias of field.aliases) properties[alias] = { ...property(field, raw[field.key]!), description: `The same as ${field.key}` }
  }
  properties['period'] = { ...properties['sched'], description: 'The same as sched' }
  return { ...rest, properties, required: ['type', ...fields.filter(({ required }) => required).map(({ key }) => key)], additionalProperties: false, examples: examplesOf(spec) }
}

function property(field: NamedField, { placeholder: _, ...schema }: Json): Json {
  const shown = field.default === undefined ? {} : { default: field.default }
  return { ...schema, ...(schema['description'] === undefined ? {} : { description: field.description }), ...(field.choices.length > 0 && !schema['enum'] ? { examples: field.choices } : {}), ...shown }
}

function examplesOf(spec: AnyFault): Json[] {
  return spec.examples.map((example) => Object.fromEntries([
    ['type', spec.name] as const,
    ...Object.entries(example as Json).map(([key, value]) => [findField(spec, key)?.key ?? key, value] as const),
  ]))
}
