import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bookOf, carrierOn, entryOf, faultCalled, holdingFault, idsOf, subject } from '../../test/helpers/seats.ts'
import { entriesOf } from '../../test/helpers/rig.ts'
import { createManualClock } from '../kit/clock.ts'
import { UserError } from '../kit/errors.ts'
import type { Envelope } from '../model/entry.ts'
import { stagesOf } from './fault-book.ts'
import type { Seat } from './seat.ts'

const slow = holdingFault('slow').spec
const lossy = holdingFault('lossy').spec
const everyone = (): boolean => true

test('a fault is called by its id, else by its type with its rank among its type', () => {
  const { book } = bookOf()
  book.apply([entryOf(slow), entryOf(lossy), entryOf(slow, { id: 'mine' }), entryOf(slow), entryOf(lossy)])
  assert.deepEqual(book.instances.map(({ id }) => id), ['slow', 'lossy', 'mine', 'slow#3', 'lossy#2'])
})

test('two faults never share an id, whatever they are told to be called', () => {
  const { book } = bookOf()
  book.apply([entryOf(slow, { id: 'lossy' }), entryOf(lossy), entryOf(slow, { id: 'lossy' })])
  assert.equal(new Set(book.instances.map(({ id }) => id)).size, 3)
})

test('every swap is a new generation and says what went on and off', () => {
  const { book, changes } = bookOf()
  assert.deepEqual([book.generation, book.isEmpty], [0, true])
  assert.deepEqual([book.apply([entryOf(slow)]), book.apply([entryOf(slow), entryOf(lossy)]), book.apply([entryOf(lossy)]), book.apply([])], [1, 2, 3, 4])
  assert.deepEqual(changes, [[1, ['slow'], []], [2, ['lossy'], []], [3, [], ['slow']], [4, [], ['lossy']]])
  assert.equal(book.isEmpty, true)
})

test('E-36: an equal entry keeps its instance with its sums, its counts and its start', () => {
  const { book, clock } = bookOf()
  book.apply([entryOf(slow, { probability: 0.5 }, { mean: 1 })])
  const [before] = book.instances
  before!.stats.applied = 3
  const carrier = carrierOn(clock)
  const first = book.seats(subject(), carrier)![0]!.draws.at(0)
  clock.advance(100)
  book.apply([entryOf(lossy), entryOf(slow, { probability: 0.5 }, { mean: 1 })])
  const after = book.instances[1]!
  assert.deepEqual([after === before, after.stats.applied, after.startedAtMs, after.revision], [true, 3, 0, 0])
  assert.notEqual(book.seats(subject(), carrier)![1]!.draws.at(0), first, 'the second exchange is counted as the second')
})

test('changed parameters reach the instance and raise its revision; its start and sums stay', () => {
  const { book, clock } = bookOf()
  book.apply([entryOf(slow, {}, { mean: 1 })])
  const [before] = book.instances
  before!.stats.applied = 3
  clock.advance(100)
  book.apply([entryOf(slow, { probability: 0.25 }, { mean: 2 })])
  const after = book.instances[0]!
  assert.deepEqual([after === before, after.params, after.probability, after.revision, after.stats.applied, after.startedAtMs], [true, { mean: 2 }, 0.25, 1, 3, 0])
})

test('an id that now means another type is another instance', () => {
  const { book, changes } = bookOf()
  book.apply([entryOf(slow, { id: 'x' })])
  const [before] = book.instances
  book.apply([entryOf(lossy, { id: 'x' })])
  assert.notEqual(book.instances[0], before)
  assert.deepEqual([before!.isActive, changes.at(-1)], [false, [2, ['x'], ['x']]])
})

test('a set with a wrong entry is refused whole: nothing of it is in force', () => {
  const { book, changes } = bookOf()
  book.apply([entryOf(slow, {}, { mean: 1 })])
  assert.throws(() => book.apply([entryOf(slow, {}, { mean: 2 }), entryOf(lossy, { sched: 'start:5%' })]), UserError)
  assert.throws(() => book.apply([entryOf(slow, {}, { mean: 2 }), entryOf(lossy, { host: '1.2.3.4/99' })]), UserError)
  assert.deepEqual([book.generation, book.instances.map(({ params }) => params), changes.length], [1, [{ mean: 1 }], 1])
})

test('every follower is brought in line before a swap returns, and a bug in one costs that one only', () => {
  const { book, bugs } = bookOf()
  const told: string[] = []
  const bug = new Error('bug')
  const late = { refresh: () => { told.push('late') } }
  book.follow({ refresh: () => { told.push('one') } })
  book.follow({ refresh: () => { throw bug }, reset: () => { told.push('reset') } })
  book.follow({ refresh: () => { told.push('three'); book.unfollow(late) } })
  book.follow(late)
  book.apply([entryOf(slow)])
  assert.deepEqual([told, bugs], [['one', 'reset', 'three'], [bug]])
})

test('a schedule is counted from the swap that brought its fault, to the instant', () => {
  const { book, clock, changes } = bookOf()
  clock.advance(1000)
  book.apply([entryOf(slow, { sched: 'start:1s,duration:2s' })])
  const isOn = (): boolean => book.instances[0]!.isActive
  clock.advance(999)
  assert.equal(isOn(), false)
  clock.advance(2)
  assert.equal(isOn(), true)
  clock.advance(1998)
  assert.equal(isOn(), true)
  clock.advance(2)
  assert.equal(isOn(), false)
  assert.deepEqual(changes, [[1, [], []], [2, ['slow'], []], [3, [], ['slow']]])
  assert.equal(clock.pending, 0, 'nothing more is to come')
})

test('a swap at the very moment a schedule turns does not make it miss its turn', () => {
  const { book, clock } = bookOf()
  const scheduled = entryOf(slow, { sched: 'start:1s' })
  book.apply([scheduled])
  clock.advance(1000.02)
  assert.equal(book.instances[0]!.isActive, false, 'the timer is still to come')
  book.apply([scheduled, entryOf(lossy)])
  assert.equal(book.instances[0]!.isActive, true)
  clock.advance(10_000)
  assert.equal(book.instances[0]!.isActive, true)
})

test('a turn that comes while followers are brought in line is not missed', () => {
  const manual = createManualClock()
  let busyMs = 0
  const { book, changes } = bookOf({ clock: { now: () => manual.now() + busyMs, setTimer: (ms, fire) => manual.setTimer(ms, fire) } })
  const scheduled = entryOf(slow, { sched: 'start:1s' })
  book.apply([scheduled])
  manual.advance(500)
  const follower = { refresh: () => { busyMs = 600; book.unfollow(follower) } }
  book.follow(follower)
  book.apply([scheduled, entryOf(lossy)])
  assert.equal(book.instances[0]!.isActive, false)
  manual.advance(1)
  assert.deepEqual([book.instances[0]!.isActive, changes.at(-1)], [true, [3, ['slow'], []]])
})

test('a changed schedule counts from the same start', () => {
  const { book, clock } = bookOf()
  book.apply([entryOf(slow, { sched: 'start:10s' })])
  clock.advance(5000)
  book.apply([entryOf(slow, { sched: 'start:4s' })])
  assert.equal(book.instances[0]!.isActive, true)
  book.apply([entryOf(slow, { sched: 'start:6s' })])
  assert.equal(book.instances[0]!.isActive, false)
  clock.advance(1001)
  assert.equal(book.instances[0]!.isActive, true)
})

test('D-17: several scheduled faults, also of one type, come and go by their own schedules only', () => {
  const { book, clock, changes } = bookOf()
  const pulses = ['start:0s,duration:4s', 'start:2s,duration:4s', 'start:3s,duration:1s;start:8s,duration:1s']
  book.apply([...pulses.map((sched) => entryOf(slow, { sched })), entryOf(lossy, { sched: 'start:1s,duration:9s' }), entryOf(lossy)])
  const expected: [number, string[]][] = [
    [0.5, ['slow', 'lossy#2']], [1.5, ['slow', 'lossy', 'lossy#2']], [2.5, ['slow', 'slow#2', 'lossy', 'lossy#2']],
    [3.5, ['slow', 'slow#2', 'slow#3', 'lossy', 'lossy#2']], [4.5, ['slow#2', 'lossy', 'lossy#2']], [6.5, ['lossy', 'lossy#2']],
    [8.5, ['slow#3', 'lossy', 'lossy#2']], [9.5, ['lossy', 'lossy#2']], [10.5, ['lossy#2']],
  ]
  for (const [second, on] of expected) {
    clock.advance(second * 1000 - clock.now())
    assert.deepEqual(book.instances.filter(({ isActive }) => isActive).map(({ id }) => id), on, `after ${second} s`)
  }
  assert.deepEqual(changes.find(([, on]) => on.includes('slow#3')), [4, ['slow#3'], []])
  assert.deepEqual(changes.find(([, , off]) => off.includes('slow')), [5, [], ['slow', 'slow#3']])
})

test('D-17: percentages are of the run, and a swap leaves the other schedules running', () => {
  const { book, clock } = bookOf({ totalMs: 10_000 })
  const half = entryOf(slow, { sched: 'start:50%,duration:20%' })
  book.apply([half])
  clock.advance(4000)
  book.apply([half, entryOf(lossy, { sched: 'duration:20%' })])
  const on = (): string[] => book.instances.filter(({ isActive }) => isActive).map(({ id }) => id)
  assert.deepEqual(on(), ['lossy'])
  clock.advance(1001)
  assert.deepEqual(on(), ['slow', 'lossy'])
  clock.advance(1000)
  assert.deepEqual(on(), ['slow'])
  clock.advance(1000)
  assert.deepEqual(on(), [])
})

test('faults that come with one swap turn in one swap', () => {
  const { book, clock, changes } = bookOf()
  book.apply([entryOf(slow, { sched: 'duration:1s' }), entryOf(lossy, { sched: 'start:1s' })])
  clock.advance(2000)
  assert.deepEqual(changes, [[1, ['slow'], []], [2, ['lossy'], ['slow']]])
})

test('a stopped book sets no more timers', () => {
  const { book, clock } = bookOf()
  book.apply([entryOf(slow, { sched: 'start:1s' })])
  book.stop()
  assert.equal(clock.pending, 0)
})

test('a hook is acted on while a fault that has it is on', () => {
  const { book, clock } = bookOf()
  const dialing = faultCalled('dialing', { connect: () => undefined })
  book.apply([entryOf(slow), entryOf(dialing, { sched: 'start:1s,duration:1s' })])
  assert.deepEqual([book.actsOn('connect'), book.actsOn('stream'), book.actsOn('tls')], [false, true, false])
  clock.advance(1001)
  assert.equal(book.actsOn('connect'), true)
  clock.advance(1000)
  assert.equal(book.actsOn('connect'), false)
})

test('the first fault of the set is nearest the client in both directions, and the client\'s side nearer than the server\'s', () => {
  const { book, clock } = bookOf()
  const each = (envelope: Envelope) => entryOf(slow, { ...envelope, direction: 'both' })
  book.apply([each({ id: 's1', side: 'server' }), each({ id: 'c1', side: 'client' }), each({ id: 's2', side: 'server' }), each({ id: 'c2', side: 'client' })])
  const seats = book.seats(subject(), carrierOn(clock))
  assert.deepEqual(stagesOf(seats, 'request', everyone).map(({ instance }) => instance.id), ['c1', 'c2', 's1', 's2'])
  assert.deepEqual(stagesOf(seats, 'response', everyone).map(({ instance }) => instance.id), ['s2', 's1', 'c2', 'c1'])
})

test('documented faults come first, in the documented order', () => {
  const { book, clock } = bookOf()
  book.apply(entriesOf(['latency mean=1ms direction=both', 'bandwidth rate=1MB/s direction=both', 'jitter amplitude=1ms frequency=1 direction=both']))
  const seats = book.seats(subject(), carrierOn(clock))
  assert.deepEqual(stagesOf(seats, 'request', everyone).map(({ instance }) => instance.id), ['latency', 'bandwidth', 'jitter'])
  assert.deepEqual(stagesOf(seats, 'response', everyone).map(({ instance }) => instance.id), ['jitter', 'bandwidth', 'latency'])
})

test('a flow has the stages that are on, struck, wanted and of that flow', () => {
  const { book, clock } = bookOf()
  book.apply([
    entryOf(slow, { id: 'on' }), entryOf(slow, { id: 'other way', direction: 'egress' }), entryOf(slow, { id: 'off', sched: 'start:1s' }),
    entryOf(slow, { id: 'spared', probability: 0 }), entryOf(slow, { id: 'unwanted' }), entryOf(faultCalled('hooks only', { connect: () => undefined })),
  ])
  const seats = book.seats(subject(), carrierOn(clock))
  assert.deepEqual(stagesOf(seats, 'response', ({ instance }) => instance.id !== 'unwanted').map(({ instance }) => instance.id), ['on'])
  assert.deepEqual(stagesOf(undefined, 'response', everyone), [])
})

test('a swap keeps the seats of what stayed and makes new ones for what came, in the order of the set', () => {
  const { book, clock } = bookOf()
  const carrier = carrierOn(clock)
  book.apply([entryOf(slow), entryOf(lossy, { direction: 'both' })])
  const before = book.seats(subject(), carrier)!
  book.apply([entryOf(lossy, { id: 'new' }), entryOf(lossy, { id: 'lossy', direction: 'both' }), entryOf(slow)])
  const after = book.reseat(before, subject(), carrier)!
  assert.deepEqual(idsOf(after), ['new server ingress', 'lossy server ingress', 'lossy server egress', 'slow server ingress'])
  assert.deepEqual(after.map((seat) => before.includes(seat)), [false, true, true, true])
  assert.deepEqual(book.instances.map(({ stats }) => stats.matched), [1, 1, 1])
})

test('an empty set leaves no seats, and one that matches nothing makes none', () => {
  const { book, clock } = bookOf()
  const carrier = carrierOn(clock)
  book.apply([entryOf(slow, { proxy: 'other' })])
  assert.equal(book.seats(subject(), carrier), undefined)
  assert.equal(book.reseat(undefined, subject(), carrier), undefined)
  assert.equal(book.instances[0]!.stats.matched, 0)
})

test('a fault that changes direction gets new seats of the same draw, and is not counted again', () => {
  const { book, clock } = bookOf()
  const carrier = carrierOn(clock)
  book.apply([entryOf(slow)])
  const [ingress] = book.seats(subject(), carrier)!
  book.apply([entryOf(slow, { direction: 'both' })])
  const both = book.reseat([ingress!], subject(), carrier)!
  assert.deepEqual([idsOf(both), both[0] === ingress], [['slow server ingress', 'slow server egress'], true])
  book.apply([entryOf(slow, { direction: 'egress' })])
  const egress = book.reseat(both, subject(), carrier)!
  assert.deepEqual([idsOf(egress), egress[0] === both[1]], [['slow server egress'], true])
  assert.equal(book.instances[0]!.stats.matched, 1)
  const other = bookOf()
  other.book.apply([entryOf(slow, { direction: 'both' })])
  assert.equal(other.book.seats(subject(), carrierOn(other.clock))![1]!.draws.at(7), egress[0]!.draws.at(7))
})

test('what a fault did in an exchange stays on its record after the fault is gone, and does nothing more', () => {
  const { book, clock } = bookOf()
  const carrier = carrierOn(clock)
  book.apply([entryOf(slow), entryOf(lossy)])
  let seats: Seat[] | undefined = book.seats(subject(), carrier)
  seats![0]!.evaluate()
  book.apply([])
  seats = book.reseat(seats, subject(), carrier)
  assert.deepEqual([idsOf(seats), seats![0]!.isOn, stagesOf(seats, 'response', everyone)], [['slow server ingress'], false, []])
  for (let swap = 0; swap < 200; swap++) {
    book.apply([entryOf(lossy, { id: `n${swap}` })])
    seats = book.reseat(seats, subject(), carrier)!
    seats[0]!.evaluate()
  }
  assert.equal(seats!.length, 65, 'and the record has an end')
})
