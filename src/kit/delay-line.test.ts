import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { createManualClock } from './clock.ts'
import { DelayLine } from './delay-line.ts'

type Report = readonly [askedMs: number, measuredMs: number, bytes: number]

function rig(onWrite?: (text: string) => void) {
  const clock = createManualClock()
  const out: [number, string][] = []
  const reports: Report[] = []
  const counts = { kept: 0, woken: 0 }
  const line: DelayLine<string> = new DelayLine(
    {
      clock,
      keep: (unit) => { counts.kept++; return unit },
      wake: () => { counts.woken++ },
      applied: (...report) => { reports.push(report) },
    },
    {
      write: (text) => { out.push([clock.now(), text]); onWrite?.(text) },
      end: () => { out.push([clock.now(), '<end>']) },
    },
  )
  return { clock, line, out, reports, counts, text: () => out.map(([, text]) => text).join('') }
}

test('a unit without delay passes at once, neither kept nor reported', () => {
  const { line, out, counts, reports } = rig()
  line.write('a', 0)
  assert.deepEqual(out, [[0, 'a']])
  assert.deepEqual([counts.kept, counts.woken, reports.length], [0, 0, 0])
})

test('units leave at their due time and never before the one ahead of them', () => {
  const { clock, line, out } = rig()
  line.write('a', 100)
  clock.advance(10)
  line.write('b', 20)
  line.write('c', 0)
  line.write('d', 200)
  line.end()
  assert.equal(line.held, 4)
  assert.equal(clock.pending, 1)
  clock.advance(1_000)
  assert.deepEqual(out, [[100, 'a'], [100, 'b'], [100, 'c'], [210, 'd'], [210, '<end>']])
  assert.equal(line.held, 0)
  assert.equal(clock.pending, 0)
})

test('delays overlap: each is counted from the arrival of its own unit', () => {
  const { clock, line, out } = rig()
  for (const text of 'abc') {
    line.write(text, 50)
    clock.advance(10)
  }
  clock.advance(1_000)
  assert.deepEqual(out, [[50, 'a'], [60, 'b'], [70, 'c']])
})

test('what was asked and what happened are reported when the unit leaves, once per delay', () => {
  const { clock, line, reports } = rig()
  line.write('aa', 100)
  line.write('bbb', 100, true)
  line.write('c', 30)
  line.write('d', 0)
  assert.deepEqual(reports, [])
  clock.advance(100)
  assert.deepEqual(reports, [[100, 100, 5], [30, 100, 1]])
  line.write('e', 10, true)
  clock.advance(10)
  assert.deepEqual(reports.at(-1), [10, 10, 1])
})

test('the source is woken once per timer, after all that was due has left and held is lowered', () => {
  const held: number[] = []
  const made = rig()
  made.line.write('a', 10)
  made.line.write('b', 10)
  made.line.write('c', 20)
  made.clock.advance(10)
  held.push(made.line.held, made.counts.woken)
  made.clock.advance(10)
  assert.deepEqual([...held, made.line.held, made.counts.woken], [1, 1, 0, 2])
})

test('held is lowered before a unit is passed on', () => {
  const seen: number[] = []
  const { line, clock } = rig(() => { seen.push(line.held) })
  line.write('aa', 10)
  line.write('bbb', 10)
  clock.advance(10)
  assert.deepEqual(seen, [3, 0])
})

test('flush empties the line in order, with its end, and the line goes on', () => {
  const { clock, line, text, reports } = rig()
  line.write('a', 100)
  line.write('b', 200)
  clock.advance(40)
  line.flush()
  assert.equal(text(), 'ab')
  assert.deepEqual(reports, [[100, 40, 1], [200, 40, 1]])
  assert.deepEqual([line.held, clock.pending], [0, 0])
  line.write('c', 5)
  line.end()
  clock.advance(5)
  assert.equal(text(), 'abc<end>')
})

test('destroy reports what was waiting, leaves no timer and takes nothing more', () => {
  const { clock, line, text, reports } = rig()
  line.write('a', 100)
  clock.advance(30)
  line.destroy()
  assert.deepEqual(reports, [[100, 30, 1]])
  assert.deepEqual([line.held, clock.pending], [0, 0])
  line.write('b', 0)
  line.write('c', 10)
  line.end()
  clock.advance(1_000)
  assert.deepEqual([text(), line.held, clock.pending], ['', 0, 0])
})

test('an endless delay sets no timer, and holds the end too', () => {
  const { clock, line, text, reports } = rig()
  line.write('a', Infinity, true)
  line.write('b', Infinity, true)
  line.end(Infinity)
  assert.equal(clock.pending, 0)
  clock.advance(3_600_000)
  assert.equal(text(), '')
  line.flush()
  assert.equal(text(), 'ab<end>')
  assert.deepEqual(reports, [[Infinity, 3_600_000, 2]])
  line.end(Infinity)
  assert.equal(text(), 'ab<end>')
})

test('a write from within the outlet keeps its place', () => {
  const made = rig((text) => { if (text === 'a') made.line.write('x', 0) })
  made.line.write('a', 10)
  made.line.write('b', 10)
  made.clock.advance(10)
  assert.equal(made.text(), 'abx')
  assert.deepEqual([made.line.held, made.clock.pending], [0, 0])
})

test('a flush from within the outlet passes the rest once', () => {
  const made = rig((text) => { if (text === 'a') made.line.flush() })
  made.line.write('a', 10)
  made.line.write('b', 20)
  made.line.end()
  made.clock.advance(10)
  assert.equal(made.text(), 'ab<end>')
  assert.deepEqual([made.line.held, made.clock.pending], [0, 0])
})

test('a destroy from within the outlet stops everything', () => {
  const made = rig((text) => { if (text === 'a') made.line.destroy() })
  made.line.write('a', 10)
  made.line.write('b', 10)
  made.line.write('c', 30)
  made.clock.advance(10)
  assert.equal(made.text(), 'a')
  assert.deepEqual([made.line.held, made.clock.pending, made.counts.woken], [0, 0, 0])
})

test('several units handed over before any is passed on survive a flush from within the outlet', () => {
  const made = rig((text) => { if (text === 'a') made.line.flush() })
  made.line.push('a', 0)
  made.line.push('b', 50)
  made.line.push('c', 0)
  assert.equal(made.text(), '')
  made.line.settle()
  assert.equal(made.text(), 'abc')
})

test('fractions of a millisecond are kept', () => {
  const { clock, line, out } = rig()
  line.write('a', 0.25)
  clock.advance(0.125)
  line.write('b', 0.25)
  clock.advance(1)
  assert.deepEqual(out, [[0.25, 'a'], [0.375, 'b']])
})

test('whatever is written, flushed or waited for, all units come out once and in order, at or after their due time', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), delayMs: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 30 }) }),
    fc.record({ kind: fc.constant('flush' as const) }),
  )
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const { clock, line, out, reports } = rig()
    const dueAt: number[] = []
    let flushedAt = -1
    for (const one of steps) {
      if (one.kind === 'wait') clock.advance(one.ms)
      else if (one.kind === 'flush') { line.flush(); flushedAt = dueAt.length }
      else {
        line.write(String.fromCharCode(0x100 + dueAt.length), one.delayMs)
        dueAt.push(clock.now() + one.delayMs)
      }
    }
    clock.advance(1_000)
    assert.equal(out.map(([, text]) => text).join(''), dueAt.map((_, index) => String.fromCharCode(0x100 + index)).join(''))
    let ahead = 0
    for (const [index, [at]] of out.entries()) {
      ahead = Math.max(ahead, dueAt[index]!)
      if (index >= flushedAt) assert.ok(at >= dueAt[index]!)
      assert.ok(at <= ahead + 0.001)
    }
    assert.equal(reports.length, steps.filter((one) => one.kind === 'write' && one.delayMs > 0).length)
    assert.deepEqual([line.held, clock.pending], [0, 0])
  }))
})
