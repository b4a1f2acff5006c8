import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bookOf, carrierOn, collector, entryOf, holdingFault, subject, type TestCarrier } from '../../test/helpers/seats.ts'
import { effectsOf } from './engine.ts'
import type { Seat } from './seat.ts'
import type { Envelope } from '../model/entry.ts'

const { spec: slow, stages } = holdingFault('slow')

function seated(envelope: Envelope = {}, over: Partial<TestCarrier> = {}) {
  const { book, clock } = bookOf()
  book.apply([entryOf(slow, envelope, { mean: 1 })])
  const carrier = carrierOn(clock, over)
  const seats = book.seats(subject(), carrier)!
  return { book, clock, carrier, seats, seat: seats[0]!, instance: book.instances[0]! }
}

test('a seat sits on the server\'s side and on what is read from there, unless told otherwise', () => {
  assert.deepEqual([seated().seat.side, seated().seat.direction, seated().seat.flow], ['server', 'ingress', 'response'])
  const flows = (['client', 'server'] as const).flatMap((side) => (['ingress', 'egress'] as const).map((direction) => seated({ side, direction }).seat.flow))
  assert.deepEqual(flows, ['request', 'response', 'response', 'request'])
})

test('a seat offers its fault what the connection is', () => {
  const { seat, carrier, clock } = seated({}, { mode: 'exchange', turn: 3, offset: (flow) => flow === 'response' ? 17 : 0 })
  assert.deepEqual([seat.mode, seat.turn, seat.offset, seat.target, seat.clock], ['exchange', 3, 17, { host: 'db.internal', port: 5432 }, clock])
  seat.wake()
  seat.reset()
  assert.deepEqual([carrier.wakes, carrier.resets], [['response'], 1])
  const bytes = Buffer.from('x')
  const kept = seat.keep(bytes)
  bytes.fill(0)
  assert.equal(String(kept), 'x')
})

test('a stage has joined late when units had passed its flow before it was made', () => {
  const { book, clock } = bookOf()
  const carrier = carrierOn(clock)
  book.apply([entryOf(slow, { direction: 'both', sched: 'start:1s' })])
  const seats = book.seats(subject(), carrier)!
  carrier.begun.add('response')
  for (const seat of seats) seat.build(collector())
  assert.deepEqual(seats.map(({ flow, joinedLate }) => [flow, joinedLate]), [['response', true], ['request', false]])
})

test('the draw is made once and stands, whatever becomes of the probability', () => {
  const { book, seats, carrier } = seated({ probability: 0 })
  book.apply([entryOf(slow, { probability: 1 }, { mean: 1 })])
  const [after] = book.reseat(seats, subject(), carrier)!
  assert.deepEqual([after === seats[0], after!.hit], [true, false])
  assert.equal(book.seats(subject(), carrier)![0]!.hit, true, 'the next exchange has the new one')
})

test('an exchange is evaluated once, and drawn if it is struck', () => {
  const { seat, instance } = seated()
  assert.equal(seat.wasEvaluated, false)
  seat.evaluate()
  seat.evaluate()
  assert.deepEqual([seat.wasEvaluated, instance.stats.evaluated, instance.stats.drawn], [true, 1, 1])
  const spared = seated({ probability: 0 })
  spared.seat.evaluate()
  assert.deepEqual([spared.instance.stats.evaluated, spared.instance.stats.drawn], [1, 0])
})

test('what was asked and what happened add up, in the exchange and over all', () => {
  const { seat, instance, book, carrier } = seated()
  seat.applied(10, 11, 100)
  seat.applied(20, 22, 50)
  const [other] = book.seats(subject(), carrier)!
  other!.applied(1, 1, 1)
  assert.deepEqual([seat.applications, seat.askedMs, seat.measuredMs, seat.bytes], [2, 30, 33, 150])
  const { applied, applications, askedMs, measuredMs, bytes } = instance.stats
  assert.deepEqual({ applied, applications, askedMs, measuredMs, bytes }, { applied: 2, applications: 3, askedMs: 31, measuredMs: 34, bytes: 151 })
})

test('a seat builds a stage of its fault with the present parameters', () => {
  const { seat, book } = seated()
  book.apply([entryOf(slow, {}, { mean: 2 })])
  const stage = seat.build(collector())
  assert.equal(stages.get(seat), stage)
  assert.deepEqual(stages.get(seat)!.params, { mean: 2 })
})

test('a seat is on while its fault is in force and on', () => {
  const { seat, clock, book } = seated({ sched: 'start:1s' })
  const states: boolean[] = [seat.isOn]
  clock.advance(1001)
  states.push(seat.isOn)
  seat.isPast = true
  states.push(seat.isOn)
  seat.isPast = false
  book.apply([])
  states.push(seat.isOn)
  assert.deepEqual(states, [false, true, false, false])
})

test('D-42: the record tells side and direction of each effect in words, also for both', () => {
  const { seats } = seated({ direction: 'both', side: 'client' })
  const told = (): unknown => JSON.parse(JSON.stringify(effectsOf(seats)))
  assert.deepEqual(told(), [], 'what was not reached is not told')
  seats[1]!.evaluate()
  seats[1]!.applied(5, 6, 7)
  const wanted = { fault: 'slow', type: 'slow', side: 'client', direction: 'egress', drawn: true, applications: 1, askedMs: 5, measuredMs: 6, bytes: 7 }
  assert.deepEqual(told(), [wanted])
  const both: readonly Seat[] = seats
  for (const seat of both) seat.evaluate()
  assert.deepEqual(effectsOf(both).map(({ direction }) => direction), ['ingress', 'egress'])
})
