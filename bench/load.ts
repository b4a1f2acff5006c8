import { tool } from './children.ts'
import type { Bench, Running } from './subjects.ts'

const GRACE_MS = 20_000
const CONNS_THREADS = 4

/** What a load tool saw: `units` messages, connections, requests or bytes in all, and the figures made of them. */
interface Load {
  readonly units: number
  readonly figures: Readonly<Record<string, number>>
}

/** One kind of load, and what the CPU it costs is called. */
export interface Step {
  readonly name: string
  /** CPU time of the subject per unit: row and how many of its unit one microsecond per unit is. */
  readonly cpu: { readonly row: string; readonly scale: number }
  run(bench: Bench, running: Running): Promise<Load>
}

export function messages(connections: number): Step {
  return {
    name: `${connections} × 64 B`,
    cpu: { row: `CPU us/message, ${connections}`, scale: 1 },
    async run(bench, { port, tunnel }) {
      const seen = await read(bench, ['ping', port, connections, 64, bench.seconds, ...tunnel ? [tunnel] : []])
      return { units: seen('units'), figures: perSecondWithDelays(`messages/s, ${connections}`, `, ${connections}`, seen) }
    },
  }
}

export function requests(connections: number): Step {
  return {
    name: 'requests',
    cpu: { row: 'CPU us/request', scale: 1 },
    async run(bench, { port }) {
      const seen = await read(bench, ['requests', port, connections, bench.seconds, `127.0.0.1:${bench.servers.origin}`])
      return { units: seen('units'), figures: perSecondWithDelays('requests/s', '', seen) }
    },
  }
}

export function connections(): Step {
  return {
    name: 'connections',
    cpu: { row: 'CPU us/connection', scale: 1 },
    async run(bench, { port }) {
      const seen = await read(bench, ['conns', port, CONNS_THREADS, bench.seconds])
      if (seen('failed') > 0) throw new Error(`${seen('failed')} connections failed`)
      return { units: seen('units'), figures: { 'connections/s': seen('units') / seen('seconds') } }
    },
  }
}

export function bulk(way: 'up' | 'down'): Step {
  return {
    name: `bulk ${way}`,
    cpu: { row: `CPU ms/GB ${way}`, scale: 1e6 },
    async run(bench, { port }) {
      const seen = await read(bench, ['bulk', way, port, bench.seconds])
      return { units: seen('units'), figures: { [`MB/s ${way}`]: seen('units') / seen('seconds') / 1e6 } }
    },
  }
}

type Seen = (field: string) => number

function perSecondWithDelays(row: string, suffix: string, seen: Seen): Record<string, number> {
  return { [row]: seen('units') / seen('seconds'), [`p50 us${suffix}`]: seen('p50Us'), [`p99 us${suffix}`]: seen('p99Us') }
}

/** Runs a tool of c/, which prints one JSON object of numbers. */
async function read(bench: Bench, words: readonly (string | number)[]): Promise<Seen> {
  const [name = '', ...rest] = words.map(String)
  const output: unknown = JSON.parse(await bench.children.run([tool(name), ...rest], bench.seconds * 1000 + GRACE_MS))
  return (field) => {
    const value: unknown = typeof output === 'object' && output !== null ? Reflect.get(output, field) : undefined
    if (typeof value !== 'number') throw new Error(`${name} printed no ${field}`)
    return value
  }
}
