import { z } from 'zod'
import { FaultBook, type FaultBookOptions } from '../../src/engine/fault-book.ts'
import type { Carrier, Seat } from '../../src/engine/seat.ts'
import { createManualClock, type ManualClock } from '../../src/kit/clock.ts'
import type { Envelope, FaultEntry } from '../../src/model/entry.ts'
import type { AnyFault } from '../../src/model/fault.ts'
import type { Subject } from '../../src/model/match.ts'
import { isBytes, type Flow, type Sink, type Stage, type StageContext, type Unit } from '../../src/model/stage.ts'

type Hooks = Partial<Pick<AnyFault, 'accept' | 'resolve' | 'connect' | 'tls' | 'request' | 'response' | 'stream' | 'directional'>>

/** A fault that does what the test says. */
export function faultCalled(name: string, hooks: Hooks = {}): AnyFault {
  return {
    name, summary: 'Does what a test says.', faithful: 'Not at all.', params: z.looseObject({}), directional: true, preserves: 'bytes', examples: [{}],
    explain: () => 'does what a test says', ...hooks,
  }
}

/** The entry of a fault as the settings layer would make it. */
export function entryOf(spec: AnyFault, envelope: Envelope = {}, params: Readonly<Record<string, unknown>> = {}): FaultEntry {
  return { spec, params, envelope, source: { type: spec.name, ...params, ...envelope } }
}

export const subject = (over: Partial<Subject> = {}): Subject => ({ proxy: 'db', host: 'db.internal', port: 5432, key: [], ...over })

export interface TestCarrier extends Carrier {
  readonly wakes: Flow[]
  resets: number
  readonly begun: Set<Flow>
}

export function carrierOn(clock: ManualClock, over: Partial<Carrier> = {}): TestCarrier {
  const begun = new Set<Flow>()
  const wakes: Flow[] = []
  const carrier: TestCarrier = {
    mode: 'raw', clock, proxy: 'db', turn: 0, target: { host: 'db.internal', port: 5432 }, states: new Map(), begun, wakes, resets: 0,
    hasBegun: (flow) => begun.has(flow),
    offset: () => 0,
    keep: (_, unit) => isBytes(unit) ? Buffer.from(unit) as typeof unit : unit,
    wake: (flow) => { wakes.push(flow) },
    reset: () => { carrier.resets++ },
    ...over,
  }
  return carrier
}

export interface Book {
  readonly clock: ManualClock
  readonly book: FaultBook
  /** Every `changed`: generation, ids that went on, ids that went off. */
  readonly changes: [generation: number, on: string[], off: string[]][]
  readonly bugs: unknown[]
}

export function bookOf(over: Partial<FaultBookOptions> = {}): Book {
  const clock = createManualClock()
  const changes: Book['changes'] = []
  const bugs: unknown[] = []
  const book = new FaultBook({
    clock, seed: 1, totalMs: undefined, onBug: (error) => { bugs.push(error) },
    changed: (generation, on, off) => { changes.push([generation, on.map(({ id }) => id), off.map(({ id }) => id)]) },
    ...over,
  })
  return { clock, book, changes, bugs }
}

/** Holds everything until it is told to let go of some. */
export class Holding implements Stage {
  readonly heldMax = 1000
  readonly waiting: (Unit | undefined)[] = []
  params: unknown
  isDestroyed = false
  flushes = 0
  readonly #next: Sink
  readonly #takesParams: boolean

  constructor(params: unknown, next: Sink, takesParams = true) {
    this.params = params
    this.#next = next
    this.#takesParams = takesParams
  }

  get held(): number { return this.waiting.reduce((sum, unit) => sum + (unit?.length ?? 0), 0) }
  write(unit: Unit): void { if (!this.isDestroyed) this.waiting.push(Buffer.from(unit as Buffer)) }
  end(): void { if (!this.isDestroyed) this.waiting.push(undefined) }

  release(count = Infinity): void {
    for (let left = count; left > 0 && this.waiting.length > 0; left--) {
      const unit = this.waiting.shift()
      if (unit === undefined) this.#next.end()
      else this.#next.write(unit)
    }
  }

  flush(): void {
    this.flushes++
    this.release()
  }

  destroy(): void {
    this.isDestroyed = true
    this.waiting.length = 0
  }

  update(params: unknown): boolean {
    this.params = params
    return this.#takesParams
  }
}

/** A fault that holds, and every stage that was made of it, by the seat it was made for. */
export function holdingFault(name: string, takesParams = true): { readonly spec: AnyFault; readonly stages: Map<StageContext, Holding> } {
  const stages = new Map<StageContext, Holding>()
  const spec = faultCalled(name, {
    stream(params, context, next) {
      const stage = new Holding(params, next, takesParams)
      stages.set(context, stage)
      return stage
    },
  })
  return { spec, stages }
}

/** What came out of a chain, as text, with `<end>` for the end. */
export function collector(): Sink & { text: string } {
  return {
    text: '',
    write(unit) { this.text += String(unit) },
    end() { this.text += '<end>' },
  }
}

/** The ids of the faults a list of seats belongs to, with the direction where there are two. */
export const idsOf = (seats: readonly Seat[] | undefined): string[] => (seats ?? []).map((seat) => `${seat.instance.id} ${seat.side} ${seat.direction}`)
