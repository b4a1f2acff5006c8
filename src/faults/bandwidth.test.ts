import assert from 'node:assert/strict'
import test from 'node:test'
import type { z } from 'zod'
import { RequestHead } from '../codecs/http1/message.ts'
import { createManualClock, type Clock } from '../kit/clock.ts'
import { createKey } from '../kit/rng.ts'
import type { Stage, StageContext } from '../model/stage.ts'
import { pattern, StageRig, type RigOptions } from '../../test/contract/stage-rig.ts'
import { bandwidth } from './bandwidth.ts'

type Given = z.input<typeof bandwidth.params>

const rigOf = (given: Given, options?: RigOptions): StageRig => new StageRig((context, next) => bandwidth.stream!(bandwidth.params.parse(given), context, next), options)

/** How late, in milliseconds, each timer of a clock is. */
type Lateness = (waitMs: number) => number

interface Flood {
  readonly bytesPerSecond: number
  /** The most that came out ahead of what the rate allows, in milliseconds of the rate. */
  readonly burstMs: number
  readonly largestUnit: number
}

const SECONDS = 2

/** A source that always has more, and obeys, for two seconds of a clock whose timers are late. */
function flood(given: Given, rate: number, lateness: Lateness, chunkBytes = 16 * 1024): Flood {
  const manual = createManualClock()
  const clock: Clock = { now: manual.now, setTimer: (delayMs, fire) => manual.setTimer(delayMs + lateness(delayMs), fire) }
  const chunk = Buffer.alloc(chunkBytes)
  let passed = 0
  let level = 0
  let burst = 0
  let seenAt = 0
  let largestUnit = 0
  let isPumping = false
  const pump = (): void => {
    if (isPumping) return
    isPumping = true
    while (stage.held <= stage.heldMax && passed < rate * SECONDS * 2) stage.write(chunk)
    isPumping = false
  }
  const stage: Stage = bandwidth.stream!(bandwidth.params.parse(given), contextOf(clock, pump), {
    write: ({ length }) => {
      level = Math.max(0, level - ((clock.now() - seenAt) * rate) / 1000) + length
      seenAt = clock.now()
      burst = Math.max(burst, level)
      largestUnit = Math.max(largestUnit, length)
      passed += length
    },
    end() {},
  })
  pump()
  manual.advance(SECONDS * 1000)
  stage.destroy()
  assert.equal(manual.pending, 0)
  return { bytesPerSecond: (passed / seenAt) * 1000, burstMs: (burst / rate) * 1000, largestUnit }
}

function contextOf(clock: Clock, wake: () => void, states = new Map<string, object>()): StageContext {
  return {
    side: 'server', direction: 'ingress', flow: 'response', mode: 'raw', joinedLate: false, offset: 0, clock, draws: createKey(1), turn: 0,
    keep: (unit) => unit,
    wake,
    reset() {},
    applied() {},
    state<T extends object>(make: () => T): T {
      const known = states.get('') ?? make()
      states.set('', known)
      return known as T
    },
  }
}

const onTime: Lateness = () => 0
/** As setTimeout is: whole milliseconds, at least one, and then some. */
const coarse: Lateness = (waitMs) => Math.max(1, Math.ceil(waitMs)) - waitMs + 0.15

const rates: readonly [Given, number][] = [
  [{ rate: 1, unit: 'KBps' }, 1e3], [{ rate: 10_000 }, 1e4], [{ rate: '100KB/s' }, 1e5], [{ rate: 700_000 }, 7e5], [{ rate: 1, unit: 'MBps' }, 1e6],
  [{ rate: '10MB/s' }, 1e7], [{ rate: 100, unit: 'mbps' }, 1e8],
]

for (const [given, rate] of rates) {
  test(`E-06: ${rate} bytes per second hold within 2 %, in bursts of at most 100 ms, on exact and on coarse timers`, () => {
    for (const lateness of [onTime, coarse]) {
      const { bytesPerSecond, burstMs } = flood(given, rate, lateness)
      assert.ok(Math.abs(bytesPerSecond / rate - 1) < 0.02, `${bytesPerSecond} bytes per second instead of ${rate}`)
      assert.ok(burstMs <= 100 + 1e-6, `a burst of ${burstMs} ms`)
    }
  })
}

test('what late timers cost is made up for', () => {
  let count = 0
  const { bytesPerSecond, burstMs } = flood({ rate: 50_000 }, 50_000, () => [0, 25, 3, 45, 11][count++ % 5]!)
  assert.ok(Math.abs(bytesPerSecond / 50_000 - 1) < 0.02, `${bytesPerSecond}`)
  assert.ok(burstMs <= 100 + 1e-6, `a burst of ${burstMs} ms`)
})

test('a slow line passes small slices, not lumps', () => {
  assert.ok(flood({ rate: 1000 }, 1000, onTime, 65_536).largestUnit <= 100)
  assert.ok(flood({ rate: 5 }, 5, onTime, 100).largestUnit <= 2)
})

test('D-01: a body far larger than the rate arrives whole', () => {
  const rig = rigOf({ rate: 1000 })
  rig.send(pattern(10_000))
  rig.stage.end()
  rig.clock.advance(9_990)
  assert.ok(rig.ends === 0)
  rig.clock.advance(20)
  assert.deepEqual([rig.received.equals(pattern(10_000)), rig.ends], [true, 1])
})

test('D-01: only bytes that pass are counted; an idle line costs and saves nothing', () => {
  const rig = rigOf({ rate: 1000 })
  rig.clock.advance(60_000)
  rig.send(pattern(1_000))
  rig.clock.advance(500)
  assert.ok(rig.passed > 450 && rig.passed <= 550, `${rig.passed} bytes after half a second`)
})

test('D-07: a request without a body takes the time its head needs', () => {
  const rig = rigOf({ rate: 1000 }, { mode: 'exchange' })
  const head = new RequestHead('GET', '/')
  head.length = 500
  rig.stage.write(head)
  rig.stage.end()
  rig.clock.advance(490)
  assert.equal(rig.units.length, 0)
  rig.clock.advance(10)
  assert.deepEqual([rig.units[0] === head, rig.ends, rig.stage.held], [true, 1, 0])
})

test('a rate far above the traffic passes the same buffer at once, without timer, copy or report', () => {
  const seen: unknown[] = []
  const rig = rigOf({ rate: '100GB/s' }, { onWrite: (unit) => { seen.push(unit) } })
  const bytes = pattern(65_536)
  for (let count = 0; count < 1_000; count++) rig.stage.write(bytes)
  assert.ok(seen.length === 1_000 && seen.every((unit) => unit === bytes))
  assert.deepEqual([rig.clock.pending, rig.applied.length], [0, 0])
})

test('D-50: rates above 4.29 GB/s are what they say, and a rate of 0 is refused', () => {
  assert.equal(bandwidth.explain(bandwidth.params.parse({ rate: 5, unit: 'GBps' })), 'lets 5GB/s through')
  const rig = rigOf({ rate: 5, unit: 'GBps' })
  rig.send(pattern(1_000_000))
  assert.equal(rig.passed, 1_000_000)
  for (const rate of [0, '0', -1, '0KB/s', NaN, Infinity, 'slow', '']) assert.equal(bandwidth.params.safeParse({ rate }).success, false, String(rate))
})

test('units are decimal, mean bytes in any case, and bits only when they say so', () => {
  const words = (given: Given): string => bandwidth.explain(bandwidth.params.parse(given))
  assert.equal(words({}), 'lets 1KB/s through')
  for (const unit of ['KBps', 'kbps', 'KBPS']) assert.equal(words({ rate: 500, unit }), 'lets 500KB/s through')
  assert.equal(words({ rate: '384' , unit: 'kbps' }), 'lets 384KB/s through')
  assert.equal(words({ rate: '500kbps' }), 'lets 500KB/s through')
  assert.equal(words({ rate: '8mbit' }), 'lets 1MB/s through')
})

test('a rate that names its unit and another unit exclude each other', () => {
  assert.match(bandwidth.check!(bandwidth.params.parse({ rate: '64KB/s', unit: 'MBps' }))!, /has a unit already: leave unit out/)
  assert.equal(bandwidth.check!(bandwidth.params.parse({ rate: '64', unit: 'MBps' })), undefined)
})

test('a changed rate applies from that moment, to what is held too', () => {
  const rig = rigOf({ rate: 1000 })
  rig.send(pattern(10_000))
  rig.clock.advance(1_000)
  assert.ok(Math.abs(rig.passed - 1_000) <= 50)
  const { passed } = rig
  rig.stage.update!(bandwidth.params.parse({ rate: 4000 }))
  rig.clock.advance(1_000)
  assert.ok(Math.abs(rig.passed - passed - 4_000) <= 200, `${rig.passed - passed}`)
})

test('state that outlives a stage keeps the line busy for the next one', () => {
  const states = new Map<string, object>()
  const first = rigOf({ rate: 1000 }, { states })
  first.send(pattern(1_000))
  first.clock.advance(500)
  first.stage.destroy()
  const second = rigOf({ rate: 2000 }, { states, clock: first.clock })
  second.send(pattern(1_000))
  second.clock.advance(250)
  assert.ok(Math.abs(second.passed - 500) <= 100, `${second.passed}`)
  assert.equal(first.passed <= 550, true)
})

test('what is reported is the wait of each unit that waited', () => {
  const rig = rigOf({ rate: 1000 })
  rig.send(pattern(500))
  rig.send(pattern(500))
  rig.clock.advance(2_000)
  assert.deepEqual(rig.applied.map(({ bytes }) => bytes), [500, 500])
  const [first, second] = rig.applied
  assert.ok(Math.abs(first!.measuredMs - 500) <= 50 && Math.abs(first!.askedMs - 500) <= 5)
  assert.ok(Math.abs(second!.measuredMs - 1_000) <= 50 && Math.abs(second!.askedMs - 1_000) <= 5)
})

test('a flush from within the next stage leaves nothing paid for behind', () => {
  let calls = 0
  const rig = rigOf({ rate: 1000 }, { onWrite: (_, { stage }) => { if (++calls === 2) stage.flush() } })
  for (let count = 0; count < 3; count++) rig.send(pattern(10))
  rig.clock.advance(100)
  assert.deepEqual([rig.passed, rig.stage.held, rig.clock.pending], [30, 0, 0])
  rig.send(pattern(100))
  rig.clock.advance(55)
  assert.ok(rig.passed - 30 <= 56, `${rig.passed - 30} bytes in 55 ms`)
})

test('connections that share a line get equal parts of it, whatever their chunks, and none starves', () => {
  const clock = createManualClock()
  const states = new Map<string, object>()
  const passed = [0, 0, 0, 0, 0]
  const chunks = [1, 100, 1_448, 16_384, 65_536]
  const stages = chunks.map((bytes, index) => {
    const chunk = Buffer.alloc(bytes)
    let isPumping = false
    const pump = (): void => {
      if (isPumping) return
      isPumping = true
      while (stage.held < 10_000) stage.write(chunk)
      isPumping = false
    }
    const stage: Stage = bandwidth.stream!(bandwidth.params.parse({ rate: 10_000 }), contextOf(clock, pump, states), { write: ({ length }) => { passed[index]! += length }, end() {} })
    return { stage, pump }
  })
  for (const { pump } of stages) pump()
  clock.advance(20_000)
  const total = passed.reduce((sum, bytes) => sum + bytes, 0)
  assert.ok(Math.abs(total / 200_000 - 1) < 0.02, `${total}`)
  for (const bytes of passed) assert.ok(Math.abs(bytes / 40_000 - 1) < 0.03, passed.join(' '))
  stages[0]!.stage.destroy()
  stages[1]!.stage.flush()
  const before = [...passed]
  clock.advance(9_000)
  for (const index of [2, 3, 4]) assert.ok(Math.abs((passed[index]! - before[index]!) / 22_500 - 1) < 0.35, passed.join(' '))
  for (const { stage } of stages) stage.destroy()
  assert.equal(clock.pending, 0)
})

test('heads and bytes share a line fairly', () => {
  const clock = createManualClock()
  const states = new Map<string, object>()
  const order: string[] = []
  const build = (name: string): Stage => bandwidth.stream!(bandwidth.params.parse({ rate: 1000 }), contextOf(clock, () => {}, states), { write: (unit) => { order.push(`${name}${unit.length}@${Math.round(clock.now())}`) }, end() {} })
  const head = new RequestHead('GET', '/')
  head.length = 300
  const [heads, bytes] = [build('head'), build('bytes')]
  heads.write(head)
  bytes.write(Buffer.alloc(300))
  clock.advance(10_000)
  const at = Number(order.find((one) => one.startsWith('head'))!.split('@')[1])
  assert.ok(at >= 500 && at <= 600, order.join(' '))
  assert.equal(order.length, 7)
})
