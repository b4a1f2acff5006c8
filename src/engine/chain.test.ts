import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bookOf, carrierOn, collector, entryOf, faultCalled, holdingFault, subject, type Holding } from '../../test/helpers/seats.ts'
import { entriesOf } from '../../test/helpers/rig.ts'
import type { Stage } from '../model/stage.ts'
import { Chain } from './chain.ts'
import type { Seat } from './seat.ts'

/** A chain and as many seats as there are letters; `seats('ba')` is what installs b before a. */
function rig(letters: string, takesParams = true) {
  const { book, clock } = bookOf()
  const faults = [...letters].map((letter) => ({ letter, ...holdingFault(letter, takesParams) }))
  const carrier = carrierOn(clock)
  const apply = (params: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {}): void => {
    book.apply(faults.map(({ letter, spec }) => entryOf(spec, {}, params[letter])))
  }
  apply()
  const made = new Map((book.seats(subject(), carrier) ?? []).map((seat) => [seat.instance.id, seat]))
  const tail = collector()
  const chain = new Chain(tail)
  const stage = (letter: string): Holding => faults.find((fault) => fault.letter === letter)!.stages.get(made.get(letter)!)!
  return { chain, tail, apply, stage, seats: (wanted: string): Seat[] => [...wanted].map((letter) => made.get(letter)!) }
}

const bytes = (text: string): Buffer => Buffer.from(text)

test('a chain without stages passes everything on', () => {
  const { chain, tail } = rig('')
  chain.install([])
  chain.write(bytes('a'))
  chain.end()
  assert.equal(tail.text, 'a<end>')
  assert.deepEqual([chain.isEmpty, chain.held, chain.isOverfull, chain.hasRoom, chain.isBlocked], [true, 0, false, true, false])
})

test('units pass the stages in the order they are installed in', () => {
  const { chain, tail, stage, seats } = rig('abc')
  chain.install(seats('abc'))
  chain.write(bytes('1'))
  chain.end()
  assert.deepEqual([stage('a').held, stage('b').held, chain.held], [1, 0, 1])
  stage('a').release()
  assert.deepEqual([stage('a').held, stage('b').held], [0, 1])
  stage('b').release()
  stage('c').release()
  assert.equal(tail.text, '1<end>')
})

test('what stays keeps its stage and its bytes, whatever else changes', () => {
  const { chain, stage, seats } = rig('abcd')
  chain.install(seats('bc'))
  chain.write(bytes('12'))
  const [b, c] = [stage('b'), stage('c')]
  chain.install(seats('abcd'))
  chain.install(seats('abc'))
  chain.install(seats('bcd'))
  assert.deepEqual([stage('b') === b, stage('c') === c, b.flushes, c.flushes, b.isDestroyed, b.held], [true, true, 0, 0, false, 2])
})

test('a stage that leaves is flushed in place: into the one behind it, which keeps it', () => {
  const { chain, tail, stage, seats } = rig('abc')
  chain.install(seats('abc'))
  chain.write(bytes('1'))
  stage('a').release()
  stage('b').release()
  chain.write(bytes('2'))
  stage('a').release()
  chain.write(bytes('3'))
  const b = stage('b')
  chain.install(seats('ac'))
  assert.deepEqual([b.flushes, b.isDestroyed], [1, true])
  assert.deepEqual([stage('a').held, stage('c').held, tail.text], [1, 2, ''])
  chain.install([])
  assert.equal(tail.text, '123')
})

test('stages that leave together pass on what they held in order, with the end behind it', () => {
  const { chain, tail, stage, seats } = rig('abc')
  chain.install(seats('abc'))
  chain.write(bytes('1'))
  stage('a').release()
  stage('b').release()
  chain.write(bytes('2'))
  stage('a').release()
  chain.write(bytes('3'))
  chain.end()
  chain.install([])
  assert.equal(tail.text, '123<end>')
})

test('a stage that comes into the middle gets only what has not passed its place', () => {
  const { chain, tail, stage, seats } = rig('abc')
  chain.install(seats('ac'))
  chain.write(bytes('1'))
  stage('a').release()
  chain.write(bytes('2'))
  chain.install(seats('abc'))
  assert.equal(stage('b').held, 0)
  stage('c').release()
  stage('a').release()
  assert.deepEqual([tail.text, stage('b').held], ['1', 1])
})

test('stages that change places do not overtake what the other holds', () => {
  const { chain, tail, stage, seats } = rig('ab')
  chain.install(seats('ab'))
  chain.write(bytes('1'))
  stage('a').release()
  chain.write(bytes('2'))
  chain.install(seats('ba'))
  chain.write(bytes('3'))
  for (let round = 0; round < 2; round++) for (const letter of 'ba') stage(letter).release()
  assert.equal(tail.text, '123')
})

test('of stages that change their order only those that moved are flushed', () => {
  const { chain, stage, seats } = rig('abcd')
  chain.install(seats('abcd'))
  const before = [...'abcd'].map((letter) => stage(letter))
  chain.install(seats('bcda'))
  assert.deepEqual(before.map(({ flushes }) => flushes), [1, 0, 0, 0])
  assert.deepEqual([...'abcd'].map((letter, index) => stage(letter) === before[index]), [false, true, true, true])
})

test('changed parameters reach the living stage, once for each change', () => {
  const { chain, apply, stage, seats } = rig('ab')
  chain.install(seats('ab'))
  chain.write(bytes('1'))
  const a = stage('a')
  apply({ a: { rate: 2 } })
  chain.install(seats('ab'))
  assert.deepEqual([stage('a') === a, a.params, a.held, a.flushes], [true, { rate: 2 }, 1, 0])
  a.params = 'untouched'
  chain.install(seats('ab'))
  assert.equal(a.params, 'untouched')
})

test('a stage that cannot take changed parameters is flushed and built anew with them', () => {
  const { chain, tail, apply, stage, seats } = rig('a', false)
  chain.install(seats('a'))
  chain.write(bytes('1'))
  const old = stage('a')
  apply({ a: { rate: 2 } })
  chain.install(seats('a'))
  assert.deepEqual([stage('a') === old, stage('a').params, old.isDestroyed, tail.text], [false, { rate: 2 }, true, '1'])
})

test('a change made while a fault is away counts when it comes back', () => {
  const { chain, apply, stage, seats } = rig('a')
  chain.install(seats('a'))
  chain.install([])
  apply({ a: { rate: 2 } })
  chain.install(seats('a'))
  assert.deepEqual(stage('a').params, { rate: 2 })
})

test('held, room and blocked are those of the stages together', () => {
  const { chain, stage, seats } = rig('ab')
  chain.install(seats('ab'))
  chain.write(Buffer.alloc(600))
  assert.deepEqual([chain.held, chain.isOverfull, chain.hasRoom], [600, false, false])
  chain.write(Buffer.alloc(600))
  assert.deepEqual([chain.held, chain.isOverfull], [1200, true])
  stage('a').release(1)
  assert.deepEqual([chain.held, chain.isOverfull, chain.hasRoom], [1200, false, false])
  stage('b').release()
  stage('a').release()
  stage('b').release()
  assert.deepEqual([chain.held, chain.hasRoom, chain.isBlocked], [0, true, false])
  Object.assign(stage('b'), { blocked: true })
  assert.equal(chain.isBlocked, true)
})

test('destroy ends every stage, and what one still writes goes nowhere', () => {
  const { chain, tail, stage, seats } = rig('ab')
  chain.install(seats('ab'))
  chain.write(bytes('1'))
  const [a, b] = [stage('a'), stage('b')]
  a.destroy = function destroy() { this.flush() }
  chain.destroy()
  chain.write(bytes('2'))
  chain.end()
  assert.deepEqual([b.isDestroyed, b.held, chain.isEmpty, tail.text], [true, 0, true, ''])
})

test('a chain that is destroyed while a change flushes it stays destroyed', () => {
  const { chain, stage, seats } = rig('abc')
  chain.install(seats('ab'))
  chain.write(bytes('1'))
  stage('b').write = () => { chain.destroy() }
  const b = stage('b')
  chain.install(seats('bc'))
  assert.deepEqual([chain.isEmpty, b.isDestroyed, stage('c')], [true, true, undefined])
})

test('a chain that is destroyed by a write passes nothing more of it', () => {
  const { book, clock } = bookOf()
  const tail = collector()
  const chain = new Chain(tail)
  const twice = faultCalled('twice', {
    stream: (_, _context, next): Stage => ({
      held: 0, heldMax: 1, flush() {}, destroy() {}, end: () => next.end(),
      write(unit) {
        next.write(unit)
        chain.destroy()
        next.write(unit)
        next.end()
      },
    }),
  })
  book.apply([entryOf(twice)])
  chain.install(book.seats(subject(), carrierOn(clock))!)
  chain.write(bytes('1'))
  assert.equal(tail.text, '1')
})

test('E-36: a delay in progress keeps its timer when an unrelated fault comes and goes', () => {
  const { book, clock } = bookOf()
  const carrier = carrierOn(clock)
  const sink = collector()
  const chain = new Chain(sink)
  let seats: Seat[] | undefined
  const apply = (...faults: string[]): void => {
    book.apply(entriesOf(faults))
    seats = book.reseat(seats, subject(), carrier)
    chain.install(seats ?? [])
  }
  apply('latency mean=300ms')
  chain.write(bytes('1'))
  for (let swap = 0; swap < 59; swap++) {
    clock.advance(5)
    if (swap % 2 === 0) apply('latency mean=300ms', 'bandwidth rate=1MB/s')
    else apply('latency mean=300ms')
  }
  assert.deepEqual([sink.text, chain.held], ['', 1])
  clock.advance(5)
  assert.equal(sink.text, '1')
  assert.deepEqual([seats![0]!.applications, seats![0]!.measuredMs], [1, 300])
})

const actions = fc.array(fc.oneof(
  fc.record({ do: fc.constant('write' as const), length: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant('release' as const), letter: fc.constantFrom(...'abcde'), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('install' as const), order: fc.shuffledSubarray([...'abcde'], { minLength: 0 }) }),
  fc.record({ do: fc.constant('change' as const), letter: fc.constantFrom(...'abcde'), value: fc.nat() }),
), { maxLength: 60 })

test('whatever is installed when, every byte arrives in order and once, and only what moved or left is flushed', () => {
  fc.assert(fc.property(actions, fc.boolean(), (steps, takesParams) => {
    const { chain, tail, apply, stage, seats } = rig('abcde', takesParams)
    let order: string[] = []
    let sent = ''
    let next = 0
    for (const step of steps) {
      if (step.do === 'write') {
        const text = Array.from({ length: step.length }, () => String.fromCharCode(0x100 + next++)).join('')
        sent += text
        chain.write(bytes(text))
      } else if (step.do === 'release') {
        if (order.includes(step.letter)) stage(step.letter).release(step.count)
      } else if (step.do === 'change') {
        apply({ [step.letter]: { value: step.value } })
      } else {
        const before = new Map(order.map((letter) => [letter, stage(letter)]))
        chain.install(seats(step.order.join('')))
        if (takesParams) assertKept(order, step.order, (letter) => stage(letter) === before.get(letter))
        order = step.order
      }
      assert.ok(sent.startsWith(tail.text), 'nothing overtakes, nothing is lost from the middle')
      assert.equal(chain.held, Buffer.byteLength(sent) - Buffer.byteLength(tail.text))
    }
    chain.end()
    chain.install([])
    assert.equal(tail.text, `${sent}<end>`)
  }), { numRuns: 300 })
})

/** Those that are in both and in the same order are as many as any such run has. */
function assertKept(old: readonly string[], now: readonly string[], isKept: (letter: string) => boolean): void {
  const common = old.filter((letter) => now.includes(letter))
  const kept = common.filter(isKept)
  const places = kept.map((letter) => now.indexOf(letter))
  assert.deepEqual(places, [...places].sort((a, b) => a - b), 'what is kept has not changed places')
  let longest = 0
  for (let choice = 0; choice < 2 ** common.length; choice++) {
    const run = common.filter((_, index) => choice & (1 << index)).map((letter) => now.indexOf(letter))
    if (run.every((place, index) => index === 0 || run[index - 1]! < place)) longest = Math.max(longest, run.length)
  }
  assert.equal(kept.length, longest)
}
