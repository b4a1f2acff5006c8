import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UserError } from '../kit/errors.ts'
import { always, formatSchedule, parseSchedule, scheduleOf, type Window } from './schedule.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND

const param = '--latency-sched'
const windowsOf = (text: string, totalMs?: number) => parseSchedule(text, { param, totalMs }).schedule.windows.map(({ startMs, endMs }) => [startMs, endMs])

function failure(text: string, totalMs?: number): UserError {
  try {
    parseSchedule(text, { param, totalMs })
  } catch (error) {
    assert.ok(error instanceof UserError, String(error))
    assert.equal(error.code, 'BAD_SCHEDULE')
    assert.equal(error.exitCode, 2)
    return error
  }
  return assert.fail(`${text} was accepted`)
}

test('schedules of the documentation mean what it says', () => {
  const table: readonly [string, readonly (readonly [number, number])[]][] = [
    ['start:30s', [[30 * SECOND, Infinity]]],
    ['duration:50s', [[0, 50 * SECOND]]],
    ['start:30s,duration:60s', [[30 * SECOND, 90 * SECOND]]],
    ['start:20s,duration:40s;start:80s,duration:30s', [[20 * SECOND, 60 * SECOND], [80 * SECOND, 110 * SECOND]]],
    ['duration:10s;start:25s,duration:17s', [[0, 10 * SECOND], [25 * SECOND, 42 * SECOND]]],
    ['start:30s;duration:3m', [[30 * SECOND, 210 * SECOND]]],
    ['start:30s;duration:3m;start:4m,duration:45s', [[30 * SECOND, 210 * SECOND], [4 * MINUTE, 285 * SECOND]]],
    ['start:30s;duration:3m;start:4m', [[30 * SECOND, 210 * SECOND], [4 * MINUTE, Infinity]]],
  ]
  for (const [text, expected] of table) assert.deepEqual(windowsOf(text), expected, text)
})

test('relative schedules of the documentation are parts of the run', () => {
  const run = 5 * MINUTE
  assert.deepEqual(windowsOf('start:5%,duration:30%;start:90%,duration:5%', run), [[15 * SECOND, 105 * SECOND], [270 * SECOND, 285 * SECOND]])
  assert.deepEqual(windowsOf('start:5%;duration:30%;start:90%,duration:5%', run), [[15 * SECOND, 105 * SECOND], [270 * SECOND, 285 * SECOND]])
  assert.deepEqual(windowsOf('start:125s,duration:20s;start:70%,duration:5%', run), [[125 * SECOND, 145 * SECOND], [210 * SECOND, 225 * SECOND]])
  assert.deepEqual(windowsOf('start:30s;duration:3m;start:90%,duration:5%', run), [[30 * SECOND, 210 * SECOND], [270 * SECOND, 285 * SECOND]])
  assert.deepEqual(windowsOf('start:0%,duration:100%', run), [[0, run]])
  assert.deepEqual(windowsOf('start: 12.5 %', 8 * SECOND), [[1 * SECOND, Infinity]])
})

test('blanks, empty periods, bare seconds and either order of a period are understood', () => {
  assert.deepEqual(windowsOf(' start : 5 , duration : 1m30s ; '), [[5 * SECOND, 95 * SECOND]])
  assert.deepEqual(windowsOf('duration:2s,start:1s'), [[1 * SECOND, 3 * SECOND]])
  assert.deepEqual(windowsOf('start:1500ms,duration:250us'), [[1500, 1500.25]])
})

test('windows that overlap or touch are one', () => {
  assert.deepEqual(windowsOf('start:5s,duration:10s;duration:8s'), [[0, 15 * SECOND]])
  assert.deepEqual(windowsOf('duration:10s;start:10s,duration:10s'), [[0, 20 * SECOND]])
  assert.deepEqual(windowsOf('start:5s;start:1s,duration:1s'), [[1 * SECOND, 2 * SECOND], [5 * SECOND, Infinity]])
})

test('joining a lone start with a lone duration, and a duration of nothing, are noted', () => {
  assert.deepEqual(parseSchedule('start:30s; duration:3m', { param }).notes, ['start:30s;duration:3m is read as one period, start:30s,duration:3m'])
  assert.deepEqual(parseSchedule('start:30s,duration:3m', { param }).notes, [])
  const nothing = parseSchedule('start:5s,duration:0s', { param })
  assert.deepEqual([nothing.schedule.windows, nothing.notes], [[], ['start:5s,duration:0s lasts no time and never applies']])
})

test('a mistake is shown with a caret under its place', () => {
  const error = failure('start:30s,duraton:3m')
  assert.equal(error.message, `--latency-sched 'start:30s,duraton:3m': 'duraton' is no key of a schedule\n  start:30s,duraton:3m\n            ^^^^^^^`)
  assert.equal(error.hint, 'did you mean duration')
})

test('every bad schedule is a user error that says where', () => {
  const table: readonly [text: string, place: number, problem: RegExp, hint?: RegExp][] = [
    ['start', 0, /is neither/],
    ['5s', 0, /is neither/],
    ['start:', 0, /no time/],
    [':5s', 0, /no key/],
    ['begin:5s', 0, /is no key/, /start and duration/],
    ['start:abc', 6, /is no time/],
    ['start:-5s', 6, /is no time/],
    ['start:5s;duration:5 parsecs', 18, /is no time/],
    ['start:30s duration:3m', 6, /is no time/, /put a ","/],
    ['start:5s,start:6s', 9, /twice/],
    ['start:1s,duration:NaN', 18, /is no time/],
    ['start:150%', 6, /percentage/],
    ['start:-1%', 6, /percentage/],
    ['start:%', 6, /percentage/],
    ['start:1e2000s', 6, /is no time/],
  ]
  for (const [text, place, problem, hint] of table) {
    const error = failure(text, MINUTE)
    assert.match(error.message, problem, text)
    const [, line = '', carets = ''] = error.message.split('\n')
    assert.equal(carets.indexOf('^'), line.indexOf(text) + place, error.message)
    if (hint) assert.match(error.hint ?? '', hint)
  }
  for (const text of ['', ' ', ';', ' ; ;']) assert.match(failure(text).message, /has no period/)
})

test('a percentage without the length of the run asks for --duration', () => {
  const error = failure('start:5%,duration:40%')
  assert.match(error.message, /^--latency-sched 'start:5%,duration:40%': '5%' is relative/)
  assert.match(error.hint ?? '', /--duration/)
})

test('no text can break the parser, only be refused', () => {
  const part = fc.constantFrom('start', 'duration', ':', ',', ';', '5s', '1m', '50%', ' ', '-', 'x', '1e9', '\n')
  fc.assert(fc.property(fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')), (text) => {
    try {
      const { schedule } = parseSchedule(text, { param, totalMs: MINUTE })
      assert.deepEqual(parseSchedule(formatSchedule(schedule), { param }).schedule.windows, schedule.windows)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
    }
  }), { numRuns: 2000 })
})

const instants = fc.integer({ min: 0, max: 1e10 }).map((us) => us / 1000)
const someWindows = fc.array(fc.tuple(instants, fc.oneof(instants, fc.constant(Infinity))), { maxLength: 12 })
  .map((pairs) => pairs.map(([startMs, lengthMs]): Window => ({ startMs, endMs: lengthMs === Infinity ? Infinity : (Math.round(startMs * 1000) + Math.round(lengthMs * 1000)) / 1000 })))

test('D-20: a schedule written and read is the same, to the microsecond and without a stray %', () => {
  fc.assert(fc.property(someWindows, (windows) => {
    const schedule = scheduleOf(windows)
    const text = formatSchedule(schedule)
    assert.ok(!text.includes('%'))
    const read = parseSchedule(text, { param })
    assert.deepEqual([read.schedule.windows, read.notes], [schedule.windows, text === 'duration:0s' ? ['duration:0s lasts no time and never applies'] : []])
  }), { numRuns: 1000 })
  assert.equal(formatSchedule(parseSchedule('start:500ms', { param }).schedule), 'start:500ms')
  assert.equal(formatSchedule(parseSchedule('start:5%,duration:1.5s', { param, totalMs: MINUTE }).schedule), 'start:3s,duration:1.5s')
  assert.equal(formatSchedule(always), 'start:0s')
  assert.equal(formatSchedule(scheduleOf([])), 'duration:0s')
})

test('a schedule is on exactly inside its windows, and says when that changes', () => {
  fc.assert(fc.property(someWindows, instants, (windows, elapsedMs) => {
    const schedule = scheduleOf(windows)
    const active = (at: number) => windows.some(({ startMs, endMs }) => startMs <= at && at < endMs)
    assert.equal(schedule.activeAt(elapsedMs), active(elapsedMs))
    const next = schedule.nextChange(elapsedMs)
    const later = windows.flatMap(({ startMs, endMs }) => [startMs, endMs]).filter((at) => at > elapsedMs && at < Infinity).sort((a, b) => a - b)
    assert.equal(next, later.find((at) => active(at) !== active(elapsedMs)))
  }), { numRuns: 1000 })
})

test('always is always', () => {
  assert.deepEqual([always.activeAt(0), always.activeAt(1e12), always.nextChange(0), always.nextChange(1e12)], [true, true, undefined, undefined])
})

test('a schedule of 100,000 windows is asked by bisection (a scan would be minutes)', () => {
  const schedule = scheduleOf(Array.from({ length: 100_000 }, (_, index) => ({ startMs: index * 2, endMs: index * 2 + 1 })))
  for (let at = 0; at < 200_000; at += 1) assert.equal(schedule.activeAt(at), at % 2 === 0)
})
