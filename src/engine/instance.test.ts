import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bookOf, carrierOn, entryOf, faultCalled, holdingFault, subject } from '../../test/helpers/seats.ts'
import { createManualClock } from '../kit/clock.ts'
import type { FaultEntry } from '../model/entry.ts'
import type { Subject } from '../model/match.ts'
import { compileRules, Instance } from './instance.ts'

const slow = holdingFault('slow').spec

function instanceOf(entry: FaultEntry, over: { id?: string; maxKeys?: number; forgot?: (instance: Instance) => void } = {}) {
  const clock = createManualClock()
  const { id = entry.spec.name, maxKeys = 1000, forgot = () => {} } = over
  return { clock, instance: new Instance(id, entry, compileRules(entry, undefined), { clock, startedAtMs: 0, maxKeys, forgot }) }
}

/** The number the draws of the next such exchange begin with. */
const drawn = (instance: Instance, about: Subject, seed = 1): number => instance.seat(about, carrierOn(createManualClock()), seed)[0]!.draws.at(0)

test('a draw depends on seed, proxy, target, key, occurrence, fault and direction, each of them', () => {
  const of = (about: Partial<Subject>, seed = 1, id = 'slow', direction: 'ingress' | 'egress' = 'ingress'): number =>
    drawn(instanceOf(entryOf(slow, { direction }), { id }).instance, subject(about), seed)
  const draws = [
    of({}), of({ proxy: 'other' }), of({ host: 'other' }), of({ port: 1 }), of({ key: ['GET', '/'] }), of({ key: ['GET', '/', 'k'] }),
    of({}, 2), of({}, 1, 'slow#2'), of({}, 1, 'slow', 'egress'),
  ]
  assert.equal(new Set(draws).size, draws.length)
  assert.equal(of({}), draws[0])
})

test('equal exchanges are told apart by their number, whatever others run between them', () => {
  const alone = instanceOf(entryOf(slow)).instance
  const wanted = [0, 1, 2].map(() => drawn(alone, subject({ key: ['GET', '/a'] })))
  assert.equal(new Set(wanted).size, 3)
  fc.assert(fc.property(fc.array(fc.constantFrom('/b', '/c', '/d'), { maxLength: 20 }), fc.array(fc.nat(20), { minLength: 3, maxLength: 3 }), (others, places) => {
    const crowded = instanceOf(entryOf(slow)).instance
    const got: number[] = []
    for (let step = 0; step <= 20; step++) {
      for (const place of places) if (place === step) got.push(drawn(crowded, subject({ key: ['GET', '/a'] })))
      const other = others[step]
      if (other) drawn(crowded, subject({ key: ['GET', other] }))
    }
    assert.deepEqual(got, wanted)
  }), { numRuns: 50 })
})

test('two faults count apart: neither shifts the other\'s draws', () => {
  const { book, clock } = bookOf()
  book.apply([entryOf(slow), entryOf(slow, { host: 'elsewhere' })])
  const carrier = carrierOn(clock)
  book.seats(subject({ host: 'elsewhere' }), carrier)
  const both = book.seats(subject(), carrier)!
  assert.equal(both[0]!.draws.at(0), drawn(instanceOf(entryOf(slow)).instance, subject()))
})

test('counts begin when the instance comes into force', () => {
  const { book, clock } = bookOf()
  const carrier = carrierOn(clock)
  book.apply([entryOf(slow)])
  const first = book.seats(subject(), carrier)![0]!.draws.at(0)
  const second = book.seats(subject(), carrier)![0]!.draws.at(0)
  book.apply([])
  book.apply([entryOf(slow)])
  assert.deepEqual([0, 1].map(() => book.seats(subject(), carrier)![0]!.draws.at(0)), [first, second])
})

test('exchanges are counted while the fault is off, too', () => {
  const off = instanceOf(entryOf(slow, { sched: 'start:1h' })).instance
  const on = instanceOf(entryOf(slow)).instance
  const [, second] = [drawn(on, subject()), drawn(on, subject())]
  drawn(off, subject())
  assert.equal(drawn(off, subject()), second)
  assert.equal(off.stats.matched, 2)
})

test('more keys than the limit push out the oldest, which is said once', () => {
  const told: string[] = []
  const { instance } = instanceOf(entryOf(slow), { maxKeys: 3, forgot: ({ id }) => { told.push(id) } })
  const next = (path: string): number => drawn(instance, subject({ key: [path] }))
  const firstA = next('a')
  const firstC = (next('b'), next('c'))
  assert.deepEqual([instance.isForgetful, told], [false, []])
  next('d')
  assert.deepEqual([instance.isForgetful, told], [true, ['slow']])
  assert.notEqual(next('c'), firstC, 'c is still counted')
  assert.equal(next('a'), firstA, 'a was the oldest, and begins again')
  next('e')
  assert.deepEqual(told, ['slow'])
})

test('forgetting keeps its pace over many keys', () => {
  const KEYS = 100_000
  const { instance } = instanceOf(entryOf(slow), { maxKeys: KEYS })
  const carrier = carrierOn(createManualClock())
  const fill = (from: number): number => {
    const started = performance.now()
    for (let index = 0; index < KEYS; index++) instance.seat(subject({ key: [String(from + index)] }), carrier, 1)
    return performance.now() - started
  }
  fill(0)
  const within = fill(0)
  const beyond = fill(KEYS)
  assert.ok(beyond < within * 2 + 300, `new keys took ${beyond} ms, as many known ones ${within} ms`)
})

test('with both directions each draws for itself, and about p × p exchanges are struck twice', () => {
  const { instance } = instanceOf(entryOf(slow, { direction: 'both', probability: 0.3 }))
  const carrier = carrierOn(createManualClock())
  const counts = { ingress: 0, egress: 0, both: 0 }
  const total = 20_000
  for (let index = 0; index < total; index++) {
    const [ingress, egress] = instance.seat(subject(), carrier, 1)
    if (ingress!.hit) counts.ingress++
    if (egress!.hit) counts.egress++
    if (ingress!.hit && egress!.hit) counts.both++
  }
  assert.ok(Math.abs(counts.ingress / total - 0.3) < 0.015, `${counts.ingress} ingress`)
  assert.ok(Math.abs(counts.egress / total - 0.3) < 0.015, `${counts.egress} egress`)
  assert.ok(Math.abs(counts.both / total - 0.09) < 0.01, `${counts.both} both`)
  assert.equal(instance.stats.matched, total)
})

test('probability 0 strikes nothing and 1 everything', () => {
  for (const [probability, hits] of [[0, 0], [1, 500]] as const) {
    const { instance } = instanceOf(entryOf(slow, { probability }))
    const seats = Array.from({ length: 500 }, () => instance.seat(subject(), carrierOn(createManualClock()), 1)[0]!)
    assert.equal(seats.filter(({ hit }) => hit).length, hits)
  }
})

test('a fault without a direction has one seat, whatever its envelope says', () => {
  const { instance } = instanceOf(entryOf(faultCalled('dial', { directional: false, connect: () => undefined }), { direction: 'both' }))
  assert.equal(instance.seat(subject(), carrierOn(createManualClock()), 1).length, 1)
})

test('state is kept per connection, per proxy or for all, as the scope says, and per place', () => {
  const shared = (scope: 'connection' | 'proxy' | 'global' | undefined): string => {
    const { instance } = instanceOf(entryOf(slow, { ...(scope && { scope }), direction: 'both' }))
    const clock = createManualClock()
    const first = carrierOn(clock)
    const carriers = [first, carrierOn(clock, { states: first.states }), carrierOn(clock), carrierOn(clock, { proxy: 'other' })]
    const states: object[] = []
    for (const carrier of carriers) for (const seat of instance.seat(subject(), carrier, 1)) states.push(seat.state(() => ({})))
    const known = [...new Set(states)]
    return states.map((state) => known.indexOf(state)).join(' ')
  }
  assert.equal(shared(undefined), '0 1 0 1 2 3 4 5')
  assert.equal(shared('connection'), '0 1 0 1 2 3 4 5')
  assert.equal(shared('proxy'), '0 1 0 1 0 1 2 3')
  assert.equal(shared('global'), '0 1 0 1 0 1 0 1')
})

test('state survives swaps and changes, and ends with its instance', () => {
  const { book, clock } = bookOf()
  const carrier = carrierOn(clock)
  const stateOf = (): object => book.seats(subject(), carrier)!.find(({ instance }) => instance.id === 'x')!.state(() => ({}))
  book.apply([entryOf(slow, { id: 'x' })])
  const first = stateOf()
  book.apply([entryOf(slow, { id: 'x' }, { mean: 2 }), entryOf(slow)])
  assert.equal(stateOf(), first)
  book.apply([])
  book.apply([entryOf(slow, { id: 'x' })])
  assert.notEqual(stateOf(), first)
})

test('another type under the same id never meets the state of the one before', () => {
  const { book, clock } = bookOf()
  const carrier = carrierOn(clock)
  book.apply([entryOf(slow, { id: 'x' })])
  book.seats(subject(), carrier)![0]!.state(() => ({ kind: 'slow' }))
  book.apply([entryOf(holdingFault('lossy').spec, { id: 'x' })])
  assert.deepEqual(book.seats(subject(), carrier)![0]!.state(() => ({ kind: 'lossy' })), { kind: 'lossy' })
})
