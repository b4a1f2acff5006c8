import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bookOf, carrierOn, entryOf, faultCalled, subject } from '../../test/helpers/seats.ts'
import type { Envelope } from '../model/entry.ts'
import type { Answer } from '../model/fault.ts'
import { ANSWER_DEADLINE_MS, askFaults } from './phase.ts'

interface Asked { readonly answer: () => Answer; readonly envelope?: Envelope }

const pass: Asked = { answer: () => undefined }
const hang: Asked = { answer: () => ({ action: 'hang' }) }
const delay = (delayMs: number): Asked => ({ answer: () => ({ action: 'delay', delayMs }) })
const refused: Asked = { answer: () => ({ action: 'fail', cause: 'refused' }) }

/** Asks faults called a, b, c… on one hook. */
function ask(...asked: Asked[]) {
  const { book, clock, bugs } = bookOf()
  const calls: string[] = []
  const entries = asked.map(({ answer, envelope }, index) => {
    const name = String.fromCharCode('a'.charCodeAt(0) + index)
    return entryOf(faultCalled(name, { directional: false, connect: () => { calls.push(name); return answer() } }), envelope)
  })
  book.apply(entries)
  const seats = book.seats(subject(), carrierOn(clock))
  const outcomes: unknown[] = []
  const asking = askFaults({
    book, clock, hook: 'connect', seats, onBug: (error) => { bugs.push(error) },
    ask: (seat) => seat.instance.spec.connect!(seat.instance.params, seat),
  }, (outcome) => { outcomes.push([clock.now(), outcome?.action]) })
  const sums = (index = 0): unknown => {
    const { applied, applications, askedMs, measuredMs } = book.instances[index]!.stats
    return { applied, applications, askedMs, measuredMs: Math.round(measuredMs * 1000) / 1000 }
  }
  return { book, clock, bugs, calls, entries, seats: seats ?? [], outcomes, asking, sums }
}

const never = (): never => assert.fail('this is not to be called')
const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

test('without a fault that has the hook the answer is pass, at once', () => {
  const { book, clock } = bookOf()
  book.apply([entryOf(faultCalled('stream only', { stream: () => { throw new Error('not here') } }))])
  for (const seats of [undefined, book.seats(subject(), carrierOn(clock))]) {
    const outcomes: unknown[] = []
    askFaults({ book, clock, hook: 'connect', seats, onBug: never, ask: never }, (outcome) => { outcomes.push(outcome) }).cancel()
    assert.deepEqual(outcomes, [undefined])
  }
})

test('faults are asked in the order of the set until one does not pass', () => {
  const { outcomes, calls, sums } = ask(pass, refused, pass)
  assert.deepEqual([outcomes, calls], [[[0, 'fail']], ['a', 'b']])
  assert.deepEqual([sums(0), sums(1)], [{ applied: 0, applications: 0, askedMs: 0, measuredMs: 0 }, { applied: 1, applications: 1, askedMs: 0, measuredMs: 0 }])
})

test('reset, close and answer come at once', () => {
  for (const action of ['reset', 'close'] as const) assert.deepEqual(ask({ answer: () => ({ action }) }).outcomes, [[0, action]])
})

test('delays add up and are reported as asked and as they were', () => {
  const { outcomes, clock, sums } = ask(delay(100), delay(50), refused)
  clock.advance(99)
  assert.deepEqual([outcomes, sums(0)], [[], { applied: 0, applications: 0, askedMs: 0, measuredMs: 0 }])
  clock.advance(51)
  assert.deepEqual(outcomes, [[150, 'fail']])
  assert.deepEqual([sums(0), sums(1)], [{ applied: 1, applications: 1, askedMs: 100, measuredMs: 100 }, { applied: 1, applications: 1, askedMs: 50, measuredMs: 50 }])
})

test('a delay of nothing passes at once and counts', () => {
  const { outcomes, sums } = ask(delay(0))
  assert.deepEqual([outcomes, sums()], [[[0, undefined]], { applied: 1, applications: 1, askedMs: 0, measuredMs: 0 }])
})

test('a failure may come late', () => {
  const { outcomes, clock, sums } = ask({ answer: () => ({ action: 'fail', cause: 'dns-timeout', afterMs: 5000 }) })
  clock.advance(4999)
  assert.deepEqual(outcomes, [])
  clock.advance(1)
  assert.deepEqual([outcomes, sums()], [[[5000, 'fail']], { applied: 1, applications: 1, askedMs: 5000, measuredMs: 5000 }])
})

test('a fault that is off or whose draw spared the exchange is not asked; only the latter is evaluated', () => {
  const { calls, outcomes, book } = ask({ ...refused, envelope: { sched: 'start:1s' } }, { ...refused, envelope: { probability: 0 } }, pass)
  assert.deepEqual([calls, outcomes], [['c'], [[0, undefined]]])
  assert.deepEqual(book.instances.map(({ stats }) => [stats.evaluated, stats.drawn]), [[0, 0], [1, 0], [1, 1]])
})

test('a fault behind one that fails is not evaluated', () => {
  const { book } = ask(refused, pass)
  assert.deepEqual(book.instances.map(({ stats }) => stats.evaluated), [1, 0])
})

test('a hanging fault holds the exchange for good, without a timer', () => {
  const { outcomes, clock } = ask(hang)
  assert.equal(clock.pending, 0)
  clock.advance(3_600_000)
  assert.deepEqual(outcomes, [])
})

test('the end of a hanging fault\'s window lets the exchange go on, and how long it hung is reported', () => {
  const { outcomes, clock, sums } = ask({ ...hang, envelope: { sched: 'duration:3s' } }, delay(10))
  clock.advance(2999)
  assert.deepEqual(outcomes, [])
  clock.advance(100)
  assert.equal(outcomes.length, 1)
  const { applied, applications, askedMs, measuredMs } = sums() as { applied: number; applications: number; askedMs: number; measuredMs: number }
  assert.deepEqual([applied, applications, askedMs], [1, 1, 0])
  assert.ok(Math.abs(measuredMs - 3000) < 1, `${measuredMs} ms`)
})

test('removing a hanging fault lets the exchange go on', () => {
  const { outcomes, clock, book, entries, calls } = ask(hang, pass)
  clock.advance(100)
  book.apply([entries[1]!])
  assert.deepEqual([outcomes, calls], [[[100, undefined]], ['a', 'b']])
})

test('E-36: swaps of other faults leave a hanging one hanging, and it counts as one application', () => {
  const { outcomes, clock, book, entries, sums } = ask(hang)
  const other = entryOf(faultCalled('other'))
  for (let swap = 0; swap < 100; swap++) {
    clock.advance(5)
    book.apply(swap % 2 === 0 ? [entries[0]!, other] : [entries[0]!])
  }
  assert.deepEqual([outcomes, sums()], [[], { applied: 0, applications: 0, askedMs: 0, measuredMs: 0 }])
  book.apply([])
  assert.deepEqual(outcomes, [[500, undefined]])
})

test('a hanging fault is asked again at each change of the set, and may have thought otherwise', () => {
  const answers: Answer[] = [{ action: 'hang' }, { action: 'hang' }, { action: 'delay', delayMs: 7 }]
  const { outcomes, clock, book, entries, calls, sums } = ask({ answer: () => answers.shift() })
  clock.advance(10)
  book.apply(entries)
  clock.advance(10)
  book.apply(entries)
  assert.deepEqual([calls.length, sums()], [3, { applied: 1, applications: 1, askedMs: 0, measuredMs: 20 }])
  clock.advance(7)
  assert.deepEqual([outcomes, sums()], [[[27, undefined]], { applied: 1, applications: 2, askedMs: 7, measuredMs: 27 }])
})

test('a fault that goes while its delay runs has no more say', () => {
  for (const fault of [delay(1000), { answer: (): Answer => ({ action: 'fail', cause: 'dns-timeout', afterMs: 1000 }) }]) {
    const { outcomes, clock, book, sums, seats } = ask(fault)
    clock.advance(400)
    book.apply([])
    assert.deepEqual([outcomes, clock.pending], [[[400, undefined]], 0])
    assert.deepEqual([seats[0]!.applications, seats[0]!.askedMs, seats[0]!.measuredMs], [1, 1000, 400])
    assert.throws(() => sums(), 'the instance is gone')
  }
})

test('a fault that no longer means this exchange lets go of it, whoever followed the set first', () => {
  const { book, clock } = bookOf()
  const hanging = faultCalled('hanging', { directional: false, connect: () => ({ action: 'hang' }) })
  const [early, carrier] = [{ refresh() {} }, carrierOn(clock)]
  book.follow(early)
  book.apply([entryOf(hanging)])
  let seats = book.seats(subject(), carrier)
  book.follow({ refresh() { seats = book.reseat(seats, subject(), carrier) } })
  book.unfollow(early)
  const outcomes: unknown[] = []
  askFaults({ book, clock, hook: 'connect', seats, onBug: never, ask: (seat) => seat.instance.spec.connect!(seat.instance.params, seat) }, (outcome) => { outcomes.push(outcome) })
  book.apply([entryOf(hanging, { host: 'elsewhere' })])
  assert.deepEqual(outcomes, [undefined])
})

test('a fault may answer by promise', async () => {
  const { outcomes, clock, sums } = ask({ answer: () => Promise.resolve({ action: 'delay', delayMs: 20 } as const) })
  await turn()
  assert.deepEqual(outcomes, [])
  clock.advance(20)
  assert.deepEqual([outcomes, sums(), clock.pending], [[[20, undefined]], { applied: 1, applications: 1, askedMs: 20, measuredMs: 20 }, 0])
})

test('a promise that hangs on is taken as pass after half a minute, and its answer is dropped', async () => {
  const late = Promise.withResolvers<Awaited<Answer>>()
  const { outcomes, clock, sums } = ask({ answer: () => late.promise })
  clock.advance(ANSWER_DEADLINE_MS - 1)
  assert.deepEqual(outcomes, [])
  clock.advance(1)
  assert.deepEqual(outcomes, [[30_000, undefined]])
  late.resolve({ action: 'reset' })
  await turn()
  assert.deepEqual([outcomes.length, sums()], [1, { applied: 0, applications: 0, askedMs: 0, measuredMs: 0 }])
})

test('a rejected promise and a throw are bugs, and pass', async () => {
  const bug = new Error('bug')
  const rejected = ask({ answer: () => Promise.reject(bug) }, refused)
  await turn()
  assert.deepEqual([rejected.bugs, rejected.outcomes, rejected.clock.pending], [[bug], [[0, 'fail']], 0])
  const thrown = ask({ answer: () => { throw bug } }, refused)
  assert.deepEqual([thrown.bugs, thrown.outcomes], [[bug], [[0, 'fail']]])
})

test('what is thrown behind a promise is told as a bug, and ends nothing else', async () => {
  const { book, clock, bugs } = bookOf()
  book.apply([entryOf(faultCalled('a', { connect: () => undefined }))])
  const bug = new Error('bug')
  askFaults({ book, clock, hook: 'connect', seats: book.seats(subject(), carrierOn(clock)), onBug: (error) => { bugs.push(error) }, ask: () => Promise.resolve(undefined) }, () => { throw bug })
  await turn()
  assert.deepEqual(bugs, [bug])
})

test('a promise whose fault goes is not waited for', async () => {
  const late = Promise.withResolvers<Awaited<Answer>>()
  const { outcomes, book, clock } = ask({ answer: () => late.promise })
  book.apply([])
  assert.deepEqual([outcomes, clock.pending], [[[0, undefined]], 0])
  late.resolve({ action: 'reset' })
  await turn()
  assert.equal(outcomes.length, 1)
})

test('after cancel nothing comes any more, and what was waited for is reported', async () => {
  const never = ask({ answer: () => new Promise<undefined>(() => {}) })
  const late = Promise.withResolvers<Awaited<Answer>>()
  const soon = ask({ answer: () => late.promise })
  const delayed = ask(delay(100))
  const hanging = ask(hang)
  for (const { asking, clock, outcomes, book } of [soon, never, delayed, hanging]) {
    clock.advance(40)
    asking.cancel()
    asking.cancel()
    late.resolve({ action: 'reset' })
    clock.advance(ANSWER_DEADLINE_MS)
    book.apply([])
    await turn()
    assert.deepEqual([outcomes, clock.pending], [[], 0])
  }
  const measured = [delayed, hanging].map(({ seats }) => [seats[0]!.applications, seats[0]!.askedMs, seats[0]!.measuredMs])
  assert.deepEqual(measured, [[1, 100, 40], [1, 0, 40]])
})

test('cancel after the end changes nothing', () => {
  const { asking, outcomes, seats } = ask(delay(0))
  asking.cancel()
  assert.deepEqual([outcomes.length, seats[0]!.applications], [1, 1])
})
