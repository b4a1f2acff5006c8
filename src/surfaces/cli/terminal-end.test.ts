import assert from 'node:assert/strict'
import { test } from 'node:test'
import { effectOf, recordOf, totalsOf } from '../../../test/helpers/records.ts'
import { builtins } from '../../builtins.ts'
import type { Event, ExchangeRecord, FaultTotals } from '../../model/events.ts'
import { emptyRun, reduce, type RunState } from '../../model/run-state.ts'
import { titlesOf } from './fault-words.ts'
import { createStyle } from './style.ts'
import { endLines } from './terminal-end.ts'

const context = { style: createStyle(false), titles: titlesOf(() => builtins.faults.list), elapsedMs: 12_500, width: 100, isTail: false }

function stateOf(records: readonly Partial<ExchangeRecord>[], faults: readonly FaultTotals[], durationMs: number | null = null, started = records.length): RunState {
  const events: Event[] = [
    { event: 'run.started', atMs: 0, seed: 7, transport: 'node', durationMs, wallTime: '' },
    ...Array.from({ length: started }, (_, exchange): Event => ({ event: 'exchange.started', atMs: 1, exchange, connection: 1, proxy: 'http', kind: 'http', target: 'localhost:7070' })),
    ...records.map((given): Event => ({ event: 'exchange.finished', atMs: 2, ...recordOf(given) })),
    { event: 'traffic.sampled', atMs: 12_000, openConnections: 0, bytesUp: 12_345, bytesDown: 1_234_567, heldBytes: 0, faults },
    { event: 'run.finished', atMs: 12_500, reason: 'SIGINT', durationMs: 12_500 },
  ]
  return events.reduce<RunState>(reduce, emptyRun())
}

test('the documented line comes first, what was measured after it', () => {
  const hundred = Array.from({ length: 100 }, () => ({ durationMs: 300, faults: [effectOf()] }))
  const others = [{ matched: false, durationMs: 300 }, { outcome: 'answered', status: 502, cause: 'refused', durationMs: 300 }, { outcome: 'cancelled', cause: 'client-left', durationMs: 300 }] as const
  const faults = [totalsOf({ matched: 102, evaluated: 101, drawn: 101, applied: 100, applications: 100, askedMs: 30_000, measuredMs: 30_041 })]
  assert.deepEqual(endLines(stateOf([...hundred, ...others], faults, null, 104), context), [
    '',
    '     Elapsed 00:00:12',
    '     All done! 102 completed, 100 applied faults, 1 passthrough, 1 errors',
    '',
    '     Exchanges: 104 (101 completed, 1 answered, 1 cancelled, 1 open)',
    '     Statuses: 2xx 102, 5xx 1',
    '     Causes: refused 1, client-left 1',
    '     Duration: p50 300.000ms, p95 300.000ms, p99 300.000ms',
    '     Bytes: sent 12,345, received 1,234,567',
    '     Latency: matched 102, evaluated 101, drawn 101, applied 100, asked ~300.000ms, measured ~300.410ms',
  ])
})

test('without traffic there is no NaN and a hint for each fault', () => {
  assert.deepEqual(endLines(stateOf([], [totalsOf(), totalsOf({ fault: 'slow', type: 'bandwidth' })], 12_500), context), [
    '',
    `     Progress: ${'-'.repeat(51)}🐢 🏆`,
    '     Elapsed 00:00:12 | Remaining 0.00% | Total 13 seconds',
    '     All done! 0 completed, 0 applied faults, 0 passthrough, 0 errors',
    '',
    '     Exchanges: 0',
    '     Bytes: sent 12,345, received 1,234,567',
    '     Latency: matched 0, evaluated 0, drawn 0, applied 0',
    '     Bandwidth (slow): matched 0, evaluated 0, drawn 0, applied 0',
    '     hint: latency was never reached: no traffic came',
    '     hint: slow was never reached: no traffic came',
  ])
})

test('a fault that struck nothing gets the reason it did not', () => {
  const hints = (totals: Partial<FaultTotals>): string[] => endLines(stateOf([{}], [totalsOf(totals)]), context).filter((line) => line.includes('hint:')).map((line) => line.trim())
  assert.deepEqual(hints({}), ['hint: latency was never reached: no traffic matched it'])
  assert.deepEqual(hints({ matched: 3 }), ['hint: latency was never reached: no traffic that matched it came by while it was on'])
  assert.deepEqual(hints({ matched: 3, unable: 3 }), ['hint: latency was never reached: it could not act on the traffic that matched it'])
  assert.deepEqual(hints({ matched: 3, evaluated: 3 }), ['hint: latency struck nothing: 0 of 3 drawn'])
  assert.deepEqual(hints({ matched: 3, evaluated: 3, drawn: 2 }), ['hint: latency was drawn 2 times and found nothing to change'])
  assert.deepEqual(hints({ matched: 3, evaluated: 3, drawn: 2, applied: 1 }), [])
})

test('with --tail the documented line ends with the total time', () => {
  assert.match(endLines(stateOf([], []), { ...context, isTail: true }).join('\n'), /0 errors - Total Time 13 seconds\n/)
})

test('many causes are told by the most frequent', () => {
  const records = Array.from({ length: 8 }, (_, cause) => Array.from({ length: cause + 1 }, () => ({ outcome: 'failed', cause: `cause-${cause}` }) as const)).flat()
  assert.match(endLines(stateOf(records, []), context).join('\n'), /Causes: cause-7 8, cause-6 7, cause-5 6, cause-4 5, cause-3 4, and 3 more\n/)
})
