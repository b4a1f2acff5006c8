import { z } from 'zod'
import { ENVELOPE_KEYS, entrySchema } from '../model/entry.ts'
import type { AnyFault } from '../model/fault.ts'

/** One parameter or envelope field, as every surface sees it. */
export interface Field {
  readonly key: string
  readonly part: 'params' | 'envelope'
  readonly kind: 'text' | 'number' | 'boolean'
  /** May be given several times. */
  readonly list: boolean
  readonly placeholder: string
  /** Canonical spellings, when only some words are accepted. */
  readonly choices: readonly string[]
  readonly description: string
  readonly required: boolean
  /** As JSON; undefined when there is none. */
  readonly default: unknown
}

interface Property {
  readonly type?: string | readonly string[]
  readonly anyOf?: readonly Property[]
  readonly enum?: readonly string[]
  readonly description?: string
  readonly placeholder?: string
}

const cache = new WeakMap<AnyFault, readonly Field[]>()

/** Parameters first, then the envelope, in the order of their declaration. Fails on a reserved parameter name. */
export function fieldsOf(spec: AnyFault): readonly Field[] {
  const known = cache.get(spec)
  if (known) return known
  const fields = readFields(spec)
  cache.set(spec, fields)
  return fields
}

function readFields(spec: AnyFault): readonly Field[] {
  const schema = z.toJSONSchema(entrySchema(spec), { io: 'input' }) as { properties?: Record<string, Property>; required?: readonly string[] }
  const envelope: readonly string[] = ENVELOPE_KEYS
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => key !== 'type' && !(isDirection(key) && !takesDirection(spec, key)))
    .map(([key, property]) => {
      const part = envelope.includes(key) ? 'envelope' : 'params'
      const own = spec.compat?.fields?.[key]?.default
      const fallback = own ?? (part === 'params' ? defaultOf(spec.params.shape[key]) : undefined)
      const shown = own === undefined ? property : { ...property, description: withoutDefault(property.description ?? '') }
      return fieldFrom(key, part, shown, (schema.required?.includes(key) ?? false) && fallback === undefined, fallback)
    })
}

/** The general default is not that of a fault which has one of its own. */
const withoutDefault = (description: string): string => description.replace(/ \(default [^)]*\)$/, '')

const isDirection = (key: string) => key === 'side' || key === 'direction'

/** A fault that sits on no stream may still have a documented spelling of these, which is then accepted. */
function takesDirection(spec: AnyFault, key: string): boolean {
  return spec.directional || spec.compat?.fields?.[key] !== undefined
}

function fieldFrom(key: string, part: Field['part'], property: Property, required: boolean, fallback: unknown): Field {
  const types = typesOf(property)
  const kind = types.has('boolean') ? 'boolean' : types.has('string') ? 'text' : types.has('number') || types.has('integer') ? 'number' : 'text'
  const placeholder = property.placeholder ?? property.enum?.join('|') ?? (kind === 'number' ? 'number' : 'text')
  const choices = property.enum ?? (/^[\w-]+(\|[\w-]+)+$/.test(placeholder) ? placeholder.split('|') : [])
  return { key, part, kind, list: types.has('array'), placeholder, choices, description: property.description ?? '', required, default: fallback }
}

function typesOf(property: Property): ReadonlySet<string> {
  const own = property.type === undefined ? [] : typeof property.type === 'string' ? [property.type] : property.type
  return new Set([...own, ...(property.anyOf ?? []).flatMap((one) => [...typesOf(one)])])
}

/** JSON Schema leaves out a default that stands behind a transformation, so the schema is asked itself. */
function defaultOf(schema: unknown): unknown {
  const result = (schema as z.ZodType).safeParse(undefined)
  return result.success && result.data !== undefined ? result.data : undefined
}
