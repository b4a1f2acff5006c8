import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { EventBus, type Event } from '../../src/model/events.ts'
import { rig, transports } from '../helpers/rig.ts'

interface Schema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly type?: string | readonly string[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
  readonly description?: string
}

const schema = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../schema/events.schema.json'), 'utf8')) as Schema
const KNOWN = ['$schema', 'title', '$ref', '$defs', 'oneOf', 'anyOf', 'const', 'enum', 'type', 'items', 'properties', 'required', 'additionalProperties', 'description']

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)

/** Where `value` does not fit, with as much of JSON Schema as the file uses. */
function misfits(value: unknown, by: Schema, at = ''): string[] {
  const strange = Object.keys(by).filter((word) => !KNOWN.includes(word))
  if (strange.length > 0) return [`the schema uses ${strange.join(', ')}`]
  if (by.$ref) return misfits(value, schema.$defs![by.$ref.replace('#/$defs/', '')]!, at)
  const choices = by.oneOf ?? by.anyOf
  if (choices) {
    const fitting = choices.filter((one) => misfits(value, one, at).length === 0).length
    return fitting === 1 || (by.anyOf && fitting > 0) ? [] : [`${at}: ${fitting} forms fit`]
  }
  if ('const' in by) return value === by.const ? [] : [`${at}: is not ${String(by.const)}`]
  if (by.enum) return by.enum.includes(value) ? [] : [`${at}: none of ${by.enum.join()}`]
  if (by.type && ![by.type].flat().includes(typeOf(value))) return [`${at}: is no ${[by.type].flat().join()}`]
  if (by.items) return (value as unknown[]).flatMap((item, index) => misfits(item, by.items!, `${at}/${index}`))
  const { properties = {}, required = [] } = by
  if (!by.properties) return []
  return [
    ...required.filter((key) => (value as Record<string, unknown>)[key] === undefined).map((key) => `${at}/${key}: is missing`),
    ...Object.entries(value as object).flatMap(([key, one]) => (properties[key] ? misfits(one, properties[key], `${at}/${key}`) : [`${at}/${key}: is unknown`])),
  ]
}

/** As a reader of the file gets it; `oneOf` is opened, so that a misfit says where. */
function complaints(event: Event): string[] {
  const read = JSON.parse(JSON.stringify(event)) as Event
  const found = misfits(read, schema)
  return found.length === 0 ? [] : [`${event.event}: ${misfits(read, schema.$defs![event.event]!).join(', ')}`]
}

for (const transport of transports) {
  test(`every event of a run fits the published schema: ${transport}`, { timeout: 30_000 }, async (t) => {
    const origin = http.createServer((request, response) => { request.resume().on('end', () => response.end('hello')) }).listen(0, '127.0.0.1')
    t.after(() => origin.close())
    await once(origin, 'listening')
    const { port } = origin.address() as AddressInfo
    const { runtime, events, until, ...run } = await rig(t, {
      transport, proxies: [`api@0=http://127.0.0.1:${port}`, 'dead@0=http://127.0.0.1:1'],
      faults: ['latency 5ms stddev=1', 'http-response 503 path=/broken'],
    })
    const get = async (proxy: string, where: string): Promise<void> => {
      await (await fetch(`http://127.0.0.1:${run.port(proxy)}${where}`, { headers: { connection: 'close', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', 'x-fault-key': 'k' } })).text()
    }
    await get('api', '/')
    await get('api', '/broken')
    await get('dead', '/')
    await run.swap('latency 1ms')
    runtime.bus.emit('notice', { level: 'info', code: 'HELLO', message: 'a word' })
    await runtime.stop('test')
    await until('run.finished')
    assert.deepEqual(events.flatMap(complaints), [])
    assert.deepEqual(new Set(events.map(({ event }) => event)), new Set(Object.keys(schema.$defs!).filter((name) => name.includes('.') || name === 'notice')))
    assert.ok(events.some((event) => event.event === 'exchange.finished' && event.faults.length > 0))
  })
}

test('an event that says too little, too much or something else does not fit', () => {
  const told: Event[] = []
  const bus = new EventBus(() => 1, (error) => { throw error })
  bus.subscribe((event) => { told.push(event) })
  bus.emit('run.finished', { reason: 'x', durationMs: 1 })
  const [event] = told
  assert.deepEqual(complaints(event!), [])
  for (const other of [{ reason: undefined }, { reason: 5 }, { more: 1 }, { event: 'run.ended' }, { durationMs: null }, { atMs: '1' }]) assert.notDeepEqual(misfits(JSON.parse(JSON.stringify({ ...event, ...other })), schema), [], JSON.stringify(other))
})
