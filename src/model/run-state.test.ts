import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Event, EventName, Events, ExchangeRecord, FaultEffect, FaultTotals, Outcome } from './events.ts'
import { appliedFaults, emptyRun, Histogram, isError, reduce, type RunState } from './run-state.ts'

const told = <Name extends EventName>(event: Name, data: Events[Name], atMs = 1): Event => ({ event, atMs, ...data }) as unknown as Event

const effect = (over: Partial<FaultEffect> = {}): FaultEffect => ({ fault: 'latency', type: 'slow', side: 'server', direction: 'ingress', drawn: true, applications: 1, askedMs: 1, measuredMs: 1, bytes: 1, ...over })

const finished = (over: Partial<ExchangeRecord> = {}): Event => told('exchange.finished', {
  exchange: 1, connection: 1, proxy: 'http', kind: 'http', generation: 1, client: '127.0.0.1:1', target: 'a:80', matched: true, outcome: 'completed',
  durationMs: 10, bytesUp: 1, bytesDown: 2, faults: [], ...over,
})

const totals = (over: Partial<FaultTotals> = {}): FaultTotals => ({ fault: 'latency', type: 'slow', on: true, matched: 1, evaluated: 1, drawn: 1, applied: 1, applications: 1, askedMs: 1, measuredMs: 1, bytes: 1, unable: 0, ...over })

function run(...events: Event[]): RunState {
  const state = emptyRun()
  for (const event of events) assert.equal(reduce(state, event), state, 'updated in place')
  return state
}

test('a run begins and ends', () => {
  const state = run(told('run.started', { seed: 7, transport: 'epoll', durationMs: 5000, wallTime: '2026-01-01T00:00:00Z' }), told('run.finished', { reason: 'SIGINT', durationMs: 9 }, 9))
  assert.deepEqual([state.seed, state.transport, state.durationMs, state.startedAt, state.ended, state.atMs], [7, 'epoll', 5000, '2026-01-01T00:00:00Z', 'SIGINT', 9])
  assert.equal(run(told('run.started', { seed: 7, transport: 'node', durationMs: null, wallTime: '' })).durationMs, undefined)
})

test('listeners come and go by the name of their proxy', () => {
  const [a, b] = ['a', 'b'].map((proxy) => told('listener.opened', { proxy, protocol: 'tcp', addresses: ['127.0.0.1:1'] }))
  const gone = told('listener.closed', { proxy: 'a', addresses: ['127.0.0.1:1'] })
  assert.deepEqual(run(a!, b!).listeners.map(({ proxy }) => proxy), ['a', 'b'])
  assert.deepEqual(run(a!, b!, gone, gone).listeners, [{ proxy: 'b', protocol: 'tcp', addresses: ['127.0.0.1:1'] }])
})

test('open connections are those that came and have not gone, also for one who came late', () => {
  const opened = told('connection.opened', { connection: 1, proxy: 'a', client: '' })
  const closed = told('connection.closed', { connection: 1, proxy: 'a', reason: 'end', bytesUp: 0, bytesDown: 0, durationMs: 1 })
  const state = run(opened, opened, closed)
  assert.deepEqual([state.connections, state.openConnections], [2, 1])
  assert.equal(run(closed, opened).openConnections, 1)
})

test('each outcome has its counter', () => {
  const outcomes: readonly Outcome[] = ['completed', 'answered', 'failed', 'cancelled', 'reset']
  const started = told('exchange.started', { exchange: 1, connection: 1, proxy: 'http', kind: 'http', target: 'a:80' })
  const state = run(started, ...outcomes.flatMap((outcome, index) => Array.from({ length: index + 1 }, () => finished({ outcome }))))
  assert.deepEqual([state.started, ...outcomes.map((outcome) => state[outcome])], [1, 1, 2, 3, 4, 5])
})

test('statuses are counted by class, causes by their word unless all went well', () => {
  const state = run(finished({ status: 200 }), finished({ status: 204, cause: 'end' }), finished({ status: 503, outcome: 'failed', cause: 'refused' }), finished({ outcome: 'failed', cause: 'refused' }), finished({ outcome: 'cancelled' }))
  assert.deepEqual([[...state.statuses], [...state.causes]], [[['2xx', 2], ['5xx', 1]], [['refused', 2]]])
})

test('an exchange is struck when a fault did something in it, and each direction counts as applied', () => {
  const state = run(
    finished({ faults: [effect(), effect({ direction: 'egress' })] }), finished({ faults: [effect({ applications: 0 })] }), finished({ matched: false }),
  )
  assert.deepEqual([state.struck, state.applied, state.passthrough], [1, 2, 1])
})

test('an error is what went wrong without a fault\'s doing; a client that leaves is none', () => {
  const cases: [Outcome, string | undefined, boolean][] = [
    ['completed', undefined, false], ['completed', 'end', false], ['failed', 'refused', true], ['failed', 'fault', true], ['answered', 'fault', false],
    ['answered', 'nxdomain', true], ['reset', 'fault', false], ['reset', 'upstream-reset', true], ['cancelled', 'client-left', false],
  ]
  for (const [outcome, cause, expected] of cases) {
    const record = { outcome, ...(cause !== undefined && { cause }) }
    assert.equal(isError(record), expected, `${outcome} ${cause}`)
    assert.equal(run(finished(record)).errors, expected ? 1 : 0)
  }
})

test('faults go on and off; one that is replaced under its name is on', () => {
  const state = run(told('faults.changed', { generation: 1, on: ['a', 'b'], off: [] }), told('faults.changed', { generation: 2, on: ['b', 'c'], off: ['a', 'b'] }))
  assert.deepEqual([state.generation, [...state.on].sort()], [2, ['b', 'c']])
})

test('a sample replaces the sums; applied faults are the larger of what is over and what the sample saw', () => {
  const sample = told('traffic.sampled', { openConnections: 3, bytesUp: 10, bytesDown: 20, heldBytes: 5, faults: [totals({ applied: 2 }), totals({ applied: 3 })] })
  const state = run(finished({ faults: [effect()] }), sample)
  assert.deepEqual([state.bytesUp, state.bytesDown, state.heldBytes, state.faults.length, appliedFaults(state)], [10, 20, 5, 2, 5])
  assert.equal(appliedFaults(run(sample, ...Array.from({ length: 7 }, () => finished({ faults: [effect()] })))), 7)
})

test('an event of a later version changes nothing', () => {
  const state = run({ event: 'something.new', atMs: 5 } as unknown as Event)
  assert.deepEqual({ ...state, atMs: 0, durations: undefined }, { ...emptyRun(), durations: undefined })
})

test('the last thousand exchanges are remembered whole, oldest first, and the sums know them all', () => {
  const state = run(...Array.from({ length: 5500 }, (_, index) => finished({ exchange: index + 1 })))
  assert.ok(state.recent.length >= 1000 && state.recent.length < 2000, `${state.recent.length}`)
  assert.deepEqual([state.recent.at(-1)!.exchange, state.recent[0]!.exchange], [5500, 5500 - state.recent.length + 1])
  assert.deepEqual([state.completed, state.durations.count], [5500, 5500])
})

test('notices and causes are bounded', () => {
  const notices = Array.from({ length: 300 }, (_, index) => told('notice', { level: 'warning', code: 'X', message: String(index) }))
  const causes = Array.from({ length: 300 }, (_, index) => finished({ outcome: 'failed', cause: `cause ${index}` }))
  const state = run(...notices, ...causes, finished({ outcome: 'failed', cause: 'cause 0' }))
  assert.deepEqual([state.notices.length, state.notices.at(-1)!.message], [100, '299'])
  assert.ok(state.causes.size <= 50)
  assert.equal(state.causes.get('cause 0'), 2)
})

/** The smallest of all that `share` of them are not longer than. */
const exact = (sorted: readonly number[], share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length * (1 - Number.EPSILON)) - 1)]!

test('percentiles are within 2.5 % of the exact ones, whatever the durations', () => {
  const durations = fc.array(fc.oneof(fc.double({ min: 0.001, max: 1e7, noNaN: true }), fc.double({ min: 1, max: 2, noNaN: true }), fc.constantFrom(0.001, 1, 1.05, 10, 300)), { minLength: 1, maxLength: 200 })
  fc.assert(fc.property(durations, fc.constantFrom(0, 0.07, 0.5, 0.9, 0.95, 0.99, 0.999, 1), (list, share) => {
    const histogram = new Histogram()
    for (const ms of list) histogram.record(ms)
    const wanted = exact([...list].sort((a, b) => a - b), share)
    const got = histogram.percentile(share)
    assert.ok(Math.abs(got - wanted) <= wanted * 0.025, `${got} instead of ${wanted}`)
  }), { numRuns: 500 })
})

test('a percentile of whole hundreds is that of its rank', () => {
  const histogram = new Histogram()
  for (let rank = 1; rank <= 100; rank++) histogram.record(2 ** rank / 1000)
  for (let rank = 1; rank <= 100; rank++) {
    const ratio = histogram.percentile(rank / 100) / (2 ** rank / 1000)
    assert.ok(Math.abs(ratio - 1) <= 0.025, `rank ${rank}: ${ratio}`)
  }
})

test('the extremes are exact, and nothing has no percentile', () => {
  const histogram = new Histogram()
  assert.equal(histogram.percentile(0.5), NaN)
  for (const ms of [0, 0.0004, 12.5, 7]) histogram.record(ms)
  assert.deepEqual([histogram.minMs, histogram.maxMs, histogram.count, histogram.sumMs], [0, 12.5, 4, 19.5004])
  assert.ok(histogram.percentile(0) <= 0.001, 'below a microsecond all are alike')
  assert.ok(Math.abs(histogram.percentile(1) - 12.5) <= 12.5 * 0.025)
  const one = new Histogram()
  one.record(1234.5)
  assert.deepEqual([one.percentile(0), one.percentile(0.5), one.percentile(1)], [1234.5, 1234.5, 1234.5])
})

test('D-36: no view divides by what is not there yet', () => {
  const state = emptyRun()
  assert.deepEqual([appliedFaults(state), state.durations.percentile(0.99), state.durations.minMs], [0, NaN, Infinity])
})
