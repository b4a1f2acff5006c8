import { z } from 'zod'
import { choice, ratio } from '../kit/params.ts'
import type { AnyFault } from './fault.ts'
import type { Registry } from './registry.ts'

const texts = () => z.union([z.string().min(1), z.array(z.string().min(1)).min(1)])

/**
 * What every fault has whatever its type: where it sits, how often it strikes, when, and on what traffic.
 * Absent match fields match everything.
 */
export const envelopeShape = {
  id: z.string().regex(/^[\w./#-]{1,64}$/, 'expected 1 to 64 letters, digits or ._/#-').optional().describe('Name of this instance in events and decisions; by default its type with its rank').meta({ placeholder: 'name' }),
  side: choice(['client', 'server']).optional().describe('Connection the fault sits on (default server)'),
  direction: choice(['ingress', 'egress', 'both']).optional().describe('ingress: what the proxy reads from that side; egress: what it writes to it (default ingress)'),
  probability: ratio().optional().describe('Share of exchanges (raw: connections) struck, drawn once each (default 1)'),
  sched: z.string().min(1).optional().describe('When the fault is on, such as start:10s,duration:30s').meta({ placeholder: 'sched' }),
  scope: choice(['connection', 'proxy', 'global']).optional().describe('What shares its state, such as a bandwidth: each connection, each proxy, or all (default connection)'),
  proxy: texts().optional().describe('Only on these proxies').meta({ placeholder: 'name' }),
  host: texts().optional().describe('Only towards these hosts: host, host:port, *.domain, IP or CIDR').meta({ placeholder: 'host' }),
  method: texts().optional().describe('Only these HTTP methods').meta({ placeholder: 'method' }),
  path: texts().optional().describe('Only these HTTP paths, such as /api/*').meta({ placeholder: 'glob' }),
  header: texts().optional().describe('Only HTTP requests with this header, as name or name:value').meta({ placeholder: 'name[:value]' }),
} as const

export type EnvelopeKey = keyof typeof envelopeShape
export const ENVELOPE_KEYS = Object.keys(envelopeShape) as EnvelopeKey[]

/** Names no fault may use for a parameter: the envelope's, and those set aside for later envelopes. */
const RESERVED_KEYS: readonly string[] = [
  'type', 'period', 'enabled', ...ENVELOPE_KEYS,
  'query', 'body-size', 'on-status', 'first', 'nth', 'every', 'after', 'after-bytes', 'until', 'shape-over-time',
]

export type Envelope = { readonly [Key in EnvelopeKey]?: z.output<(typeof envelopeShape)[Key]> }

/** A checked fault: parameters as the fault declares them, envelope beside them, and the canonical JSON it came from. */
export interface FaultEntry {
  readonly spec: AnyFault
  readonly params: Readonly<Record<string, unknown>>
  readonly envelope: Envelope
  /** As it would be written in JSON: `type`, what was given, nothing else. Equal texts mean equal faults. */
  readonly source: Readonly<Record<string, unknown>>
}

/** The checked schema of one fault's entry; also what JSON Schema is generated from. */
export function entrySchema(spec: AnyFault) {
  for (const key of Object.keys(spec.params.shape)) {
    if (RESERVED_KEYS.includes(key)) throw new Error(`fault "${spec.name}" may not have a parameter called "${key}"`)
  }
  return spec.params.extend({ type: z.literal(spec.name), ...envelopeShape }).meta({ title: spec.name, description: spec.summary })
}

export type FaultRegistry = Registry<AnyFault>
