import assert from 'node:assert/strict'
import { test } from 'node:test'
import { effectOf, recordOf, totalsOf } from '../../../test/helpers/records.ts'
import type { Event } from '../../model/events.ts'
import { emptyRun, reduce, type RunState } from '../../model/run-state.ts'
import { createStyle } from './style.ts'
import { statusLines } from './terminal-status.ts'
import { widthOf } from './text-width.ts'

const plain = createStyle(false)

function stateOf(durationMs: number | null, ...events: readonly Event[]): RunState {
  const begin: Event = { event: 'run.started', atMs: 0, seed: 7, transport: 'node', durationMs, wallTime: '' }
  return [begin, ...events].reduce<RunState>(reduce, emptyRun())
}

const started = (exchange: number): Event => ({ event: 'exchange.started', atMs: 1, exchange, connection: 1, proxy: 'http', kind: 'http', target: 'localhost:7070' })
const finished = (given: Parameters<typeof recordOf>[0]): Event => ({ event: 'exchange.finished', atMs: 2, ...recordOf(given) })

test('without a duration: a blank line, the time, and that nothing has come', () => {
  assert.deepEqual(statusLines(stateOf(null), { elapsedMs: 3999, frame: 0, width: 80 }, plain), ['', '     Elapsed 00:00:03', '     ⠋ Waiting for incoming traffic...'])
})

test('with a duration: the turtle on its way, what remains, the counters', () => {
  const state = stateOf(600_000, started(1), started(2), started(3), finished({ faults: [effectOf()] }), finished({ matched: false }), finished({ outcome: 'answered', status: 502, cause: 'refused' }))
  assert.deepEqual(statusLines(state, { elapsedMs: 3000, frame: 3, width: 80 }, plain), [
    `     ⠸ Progress: 🐢${'-'.repeat(51)} 🏁`,
    '     Elapsed 00:00:03 | Remaining 99.50% | Total 10 minutes',
    '     Total Events 3, Applied Faults 1, Passthrough 1, Errors: 1',
  ])
})

test('the turtle walks, and gets its cup only when the run is over', () => {
  const lane = (elapsedMs: number, state: RunState): string => statusLines(state, { elapsedMs, frame: 0, width: 80 }, plain)[0]!
  assert.equal(lane(5000, stateOf(10_000)), `     ⠋ Progress: ${'-'.repeat(26)}🐢${'-'.repeat(25)} 🏁`)
  assert.equal(lane(10_500, stateOf(10_000)), `     ⠋ Progress: ${'-'.repeat(51)}🐢 🏁`)
  const over: Event = { event: 'run.finished', atMs: 10_500, reason: 'duration', durationMs: 10_500 }
  assert.equal(lane(10_500, stateOf(10_000, over)), `     Progress: ${'-'.repeat(51)}🐢 🏆`)
  assert.equal(lane(500, stateOf(10_000, over)), `     Progress: --🐢${'-'.repeat(49)} 🏁`)
})

test('faults that strike an exchange which is not over are counted from the samples', () => {
  const sampled: Event = { event: 'traffic.sampled', atMs: 5, openConnections: 1, bytesUp: 0, bytesDown: 0, heldBytes: 0, faults: [totalsOf({ applied: 2 }), totalsOf({ fault: 'b', applied: 1 })] }
  assert.match(statusLines(stateOf(null, started(1), sampled), { elapsedMs: 5, frame: 0, width: 80 }, plain)[2]!, /Total Events 1, Applied Faults 3,/)
})

test('no line is wider than it may be', () => {
  const state = stateOf(86_400_000 * 3, started(1))
  for (let width = 1; width < 90; width++) {
    for (const line of statusLines(state, { elapsedMs: 1e8, frame: 1, width }, createStyle(true))) assert.ok(widthOf(line) <= width, `${width}: ${line}`)
  }
})

test('D-36: a run of no length shows neither NaN nor a crash', () => {
  assert.deepEqual(statusLines(stateOf(0), { elapsedMs: 0, frame: 0, width: 80 }, plain).slice(0, 2), [`     ⠋ Progress: ${'-'.repeat(51)}🐢 🏁`, '     Elapsed 00:00:00 | Remaining 0.00% | Total 0 seconds'])
})

test('a fault\'s own answer or reset and a client that leaves are no errors', () => {
  const ends = [{ outcome: 'answered', cause: 'fault' }, { outcome: 'reset', cause: 'fault' }, { outcome: 'cancelled', cause: 'client-left' }, { outcome: 'completed', status: 500 }] as const
  assert.equal(stateOf(null, ...ends.map(finished)).errors, 0)
  const failures = [{ outcome: 'failed', cause: 'refused' }, { outcome: 'reset', cause: 'upstream-reset' }, { outcome: 'answered', cause: 'nxdomain' }] as const
  assert.equal(stateOf(null, ...failures.map(finished)).errors, 3)
})
