import dgram from 'node:dgram'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { parseIp } from '../../src/kit/ip.ts'

/** What the server knows about a name and one of its families. */
export type Known = readonly string[] | 'nxdomain' | 'servfail' | 'silent'

export interface Zone { readonly a?: Known; readonly aaaa?: Known; readonly afterMs?: { readonly a?: number; readonly aaaa?: number } }

export interface NameServer {
  /** As the resolver wants it. */
  readonly address: string
  /** `A one.test`, in the order they came; a query that is sent again counts again. */
  readonly queries: string[]
}

const A = 1
const AAAA = 28
const CODES = { nxdomain: 3, servfail: 2 }

/** A name server on 127.0.0.1 that knows `zones` (RFC 1035) and answers NXDOMAIN to the rest. */
export async function nameServer(t: TestContext, zones: Readonly<Record<string, Zone>>): Promise<NameServer> {
  const socket = dgram.createSocket('udp4')
  const timers = new Set<NodeJS.Timeout>()
  t.after(() => {
    for (const timer of timers) clearTimeout(timer)
    socket.close()
  })
  const queries: string[] = []
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query)
    const family = type === AAAA ? 'aaaa' : 'a'
    queries.push(`${family.toUpperCase()} ${name}`)
    const zone = zones[name]
    const known: Known = zone ? zone[family] ?? [] : 'nxdomain'
    if (known === 'silent') return
    const timer = setTimeout(() => {
      timers.delete(timer)
      socket.send(answerTo(query, end, type, known), from.port, from.address)
    }, zone?.afterMs?.[family] ?? 0)
    timers.add(timer)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { address: `127.0.0.1:${socket.address().port}`, queries }
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

function answerTo(query: Buffer, end: number, type: number, known: Exclude<Known, 'silent'>): Buffer {
  const records = typeof known === 'string' ? [] : known.map(parseIp)
  const head = Buffer.from(query.subarray(0, 12))
  // QR, the query's own opcode and RD, RA; one question, no authority, nothing additional.
  head.writeUInt16BE(0x8080 | (query.readUInt16BE(2) & 0x7900) | (typeof known === 'string' ? CODES[known] : 0), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  head.writeUInt32BE(0, 8)
  return Buffer.concat([head, query.subarray(12, end), ...records.map((bytes) => record(type, bytes!))])
}

function record(type: number, bytes: Uint8Array): Buffer {
  const fixed = Buffer.alloc(12)
  fixed.writeUInt16BE(0xc00c, 0)
  fixed.writeUInt16BE(type === AAAA ? AAAA : A, 2)
  fixed.writeUInt16BE(1, 4)
  fixed.writeUInt32BE(60, 6)
  fixed.writeUInt16BE(bytes.length, 10)
  return Buffer.concat([fixed, bytes])
}
