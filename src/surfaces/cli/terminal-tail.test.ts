import assert from 'node:assert/strict'
import { test } from 'node:test'
import { effectOf, recordOf } from '../../../test/helpers/records.ts'
import { builtins } from '../../builtins.ts'
import type { EventOf } from '../../model/events.ts'
import { titlesOf } from './fault-words.ts'
import { createStyle } from './style.ts'
import { flightLines, tailLine, type TailContext } from './terminal-tail.ts'
import { widthOf } from './text-width.ts'

const context: TailContext = { style: createStyle(false), titles: titlesOf(() => builtins.faults.list), isTls: (proxy) => proxy === 'secure' }
const lineOf = (given: Parameters<typeof recordOf>[0]): string => tailLine(recordOf(given), context)

test('an exchange is one line with its faults, asked and measured', () => {
  assert.equal(
    lineOf({ faults: [effectOf(), effectOf({ fault: 'jitter', type: 'jitter', askedMs: 12, measuredMs: 12.4, applications: 2 })] }),
    '    URL: http://localhost:7070/ping | DNS: 0.019ms | Latency ~300.123ms asked 300.000ms - Jitter ~6.200ms asked 6.000ms | Status: 200 | Duration: 303.250ms | TTFB 302.500ms | Sent/Received: ⭫78/b ⭭120/b |',
  )
})

test('traffic that no upstream rule covers is a passthrough', () => {
  assert.equal(lineOf({ matched: false }), '    URL: http://localhost:7070/ping | DNS: 0.019ms | Passthrough | Status: 200 | Duration: 303.250ms | TTFB 302.500ms | Sent/Received: ⭫78/b ⭭120/b |')
})

test('a raw connection has no status, and what was not measured is a dash', () => {
  const { path: _, status: __, dnsMs: ___, firstByteMs: ____, ...raw } = recordOf({ kind: 'raw', target: 'db.local:5432' })
  assert.equal(tailLine(raw, context), '    URL: db.local:5432 | DNS: - | No Faults Applied | Status: - | Duration: 303.250ms | TTFB - | Sent/Received: ⭫78/b ⭭120/b |')
})

test('a failure names its cause and the status that the client saw', () => {
  assert.equal(lineOf({ outcome: 'answered', cause: 'nxdomain', status: 502, durationMs: 2 }), '    URL: http://localhost:7070/ping | DNS: 0.019ms | No Faults Applied | Failed: nxdomain | Status: 502 | Duration: 2.000ms | Sent/Received: ⭫78/b ⭭120/b |')
  const { status: _, ...record } = recordOf({ outcome: 'failed', cause: 'refused', durationMs: 2 })
  assert.equal(tailLine(record, context), '    URL: http://localhost:7070/ping | DNS: 0.019ms | No Faults Applied | Failed: refused | Duration: 2.000ms | Sent/Received: ⭫78/b ⭭120/b |')
  assert.match(lineOf({ outcome: 'cancelled', cause: 'client-left' }), / \| Cancelled: client-left \| /)
  assert.match(lineOf({ outcome: 'reset', cause: 'fault' }), / \| Reset: fault \| /)
})

test('an answer that a fault gave is no failure', () => {
  const faults = [effectOf({ fault: 'http-response', type: 'http-response', askedMs: 0, measuredMs: 0 })]
  assert.match(lineOf({ outcome: 'answered', cause: 'fault', status: 503, faults }), /^    URL: \S+ \| DNS: 0\.019ms \| [A-Z]\w+ \| Status: 503 \| /)
})

test('D-36: faults that struck without a measure, or did not strike, divide nothing by zero', () => {
  const idle = effectOf({ fault: 'bandwidth', type: 'bandwidth', applications: 0, askedMs: 0, measuredMs: 0, bytes: 0 })
  const hole = effectOf({ fault: 'blackhole', type: 'blackhole', askedMs: 0, measuredMs: 500 })
  assert.match(lineOf({ faults: [idle, hole] }), / \| Blackhole ~500\.000ms \| /)
  assert.match(lineOf({ faults: [idle] }), / \| No Faults Applied \| /)
  assert.doesNotMatch(lineOf({ faults: [idle, hole, effectOf({ measuredMs: NaN })] }), /NaN|Infinity/)
})

test('both directions of one fault are one entry, two faults of a type are two', () => {
  assert.match(lineOf({ faults: [effectOf(), effectOf({ direction: 'egress', measuredMs: 301.123 })] }), / \| Latency ~300\.623ms asked 300\.000ms \| /)
  assert.match(lineOf({ faults: [effectOf(), effectOf({ fault: 'latency#2' })] }), / \| Latency ~300\.123ms asked 300\.000ms - Latency \(latency#2\) ~300\.123ms asked 300\.000ms \| /)
})

test('default ports are left out, TLS shows in the scheme, and a target without a path has none', () => {
  assert.match(lineOf({ target: 'example.com:80' }), /URL: http:\/\/example\.com\/ping \|/)
  assert.match(lineOf({ target: 'example.com:443', proxy: 'secure' }), /URL: https:\/\/example\.com\/ping \|/)
  assert.match(lineOf({ path: '*' }), /URL: http:\/\/localhost:7070 \* \|/)
})

test('a path can neither steer the terminal nor fill it', () => {
  assert.match(lineOf({ path: '/\u009b2J\u202e' }), /URL: http:\/\/localhost:7070\/\\u\{9b\}2J\\u\{202e\} \|/)
  assert.ok(widthOf(lineOf({ path: `/${'a'.repeat(60_000)}` })) < 800)
})

test('exchanges in flight: the last five, how long they take, and how many more there are', () => {
  const starts = Array.from({ length: 7 }, (_, index): EventOf<'exchange.started'> => ({ event: 'exchange.started', atMs: index * 100, exchange: index, connection: 1, proxy: 'http', kind: 'http', target: 'localhost:7070', path: `/${index}` }))
  const lines = flightLines(starts, 12, { elapsedMs: 1500, frame: 0, width: 60 }, context)
  assert.deepEqual(lines, [
    ...[2, 3, 4, 5, 6].map((index) => `    ⠋ URL: http://localhost:7070/${index} | ... | ${(1.5 - index / 10).toFixed(1)}s`),
    '    … and 7 more in flight',
  ])
  for (let width = 1; width < 50; width++) for (const line of flightLines(starts, 7, { elapsedMs: 1500, frame: 0, width }, context)) assert.ok(widthOf(line) <= width)
})
