import { z } from 'zod'
import { DelayLine } from '../kit/delay-line.ts'
import { uniform } from '../kit/distributions.ts'
import { delay, nonNegative, ratio } from '../kit/params.ts'
import type { Draws } from '../kit/rng.ts'
import { formatDuration } from '../kit/units.ts'
import { defineFault } from '../model/fault.ts'
import type { Sink, Stage, StageContext, Unit } from '../model/stage.ts'
import { OPERATION_BYTES, Parts } from './parts.ts'

/** Deep, or the delay would also cap the throughput. */
const HELD_MAX_BYTES = 32 * 1024 * 1024

const AMPLITUDE_MS = 20
const FREQUENCY_HZ = 5

const params = z.strictObject({
  amplitude: delay().default(AMPLITUDE_MS).describe('Longest delay; each is drawn between 0 and this'),
  frequency: nonNegative().default(FREQUENCY_HZ).describe('Times per second that traffic may be delayed, in Hertz').meta({ placeholder: 'hz' }),
  chance: ratio().optional().describe('Share of operations, of at most 8 KiB, that are delayed by min to max; instead of amplitude and frequency'),
  min: delay().optional().describe('Shortest delay of a struck operation (default 0)'),
  max: delay().optional().describe('Longest delay of a struck operation'),
})

type Params = z.output<typeof params>

export const jitter = defineFault({
  name: 'jitter',
  summary: 'Delays traffic by short, random times that come again and again.',
  faithful: 'Bytes keep their order, as they do in TCP: what comes behind a delayed byte waits with it. Datagrams of a real network could overtake each other instead.',
  params,
  check: checkParams,
  primary: 'amplitude',
  directional: true,
  preserves: 'bytes',
  examples: [{ amplitude: '30ms', frequency: 5 }, { amplitude: '50ms', frequency: 10 }, { chance: 0.2, min: '5ms', max: '50ms' }],
  compat: { documented: true, order: 4, title: 'Jitter', fields: { frequency: { env: 'FREQ' } } },
  describe: ({ amplitude, frequency, chance, min = 0, max = 0 }) => chance === undefined
    ? ['flow', ['amplitude', formatDuration(amplitude)], ['frequency', `${frequency}Hz`]]
    : ['flow', ['chance', chance], ['min', formatDuration(min)], ['max', formatDuration(max)]],
  explain: ({ amplitude, frequency, chance, min = 0, max = 0 }) => chance === undefined
    ? `adds up to ${formatDuration(amplitude)}, ${frequency} times per second`
    : `adds ${formatDuration(min)} to ${formatDuration(max)} to ${chance * 100} % of operations`,
  stream: (given, context, next) => new JitterStage(given, context, next),
})

function checkParams({ amplitude, frequency, chance, min, max }: Params): string | undefined {
  if (chance === undefined) return min === undefined && max === undefined ? undefined : 'min and max need a chance: add --jitter-chance, from 0 to 1'
  if (amplitude !== AMPLITUDE_MS || frequency !== FREQUENCY_HZ) return 'amplitude and frequency exclude chance, min and max: keep one pair or the others'
  if (max === undefined) return 'chance needs the longest delay: add --jitter-max'
  if ((min ?? 0) > max) return `min must not be above max, got ${formatDuration(min!)} and ${formatDuration(max)}`
  return undefined
}

/** Time in slots of 1/frequency, counted from when the fault came to this connection. */
interface Slots {
  readonly startedAt: number
  /** The next traffic at or after this time is delayed. */
  nextAt: number
}

class JitterStage implements Stage {
  readonly heldMax = HELD_MAX_BYTES
  readonly #context: StageContext
  readonly #line: DelayLine<Unit>
  readonly #slots: Slots
  #params: Params
  #parts: Parts | undefined
  #delays: Draws | undefined
  #offset: number

  constructor(given: Params, context: StageContext, next: Sink) {
    this.#params = given
    this.#context = context
    this.#offset = context.offset
    this.#line = new DelayLine(context, next)
    this.#slots = context.state(() => ({ startedAt: context.clock.now(), nextAt: 0 }))
  }

  get held(): number { return this.#line.held }

  write(unit: Unit): void {
    if (this.#params.chance !== undefined) return this.#operations().write(unit)
    const delayMs = this.#opensSlot() ? uniform(this.#context.draws.at(this.#offset), 0, this.#params.amplitude) : 0
    this.#offset += unit.length
    this.#line.write(unit, delayMs)
  }

  end(): void { this.#line.end() }
  flush(): void { this.#line.flush() }
  destroy(): void { this.#line.destroy() }

  update(given: unknown): boolean {
    this.#params = given as Params
    // A slot of the old length must not keep a shorter one waiting.
    this.#slots.nextAt = Math.min(this.#slots.nextAt, this.#slotEnd(this.#context.clock.now()))
    return true
  }

  #opensSlot(): boolean {
    const { frequency, amplitude } = this.#params
    if (frequency === 0 || amplitude === 0) return false
    const now = this.#context.clock.now()
    if (now < this.#slots.nextAt) return false
    this.#slots.nextAt = this.#slotEnd(now)
    return true
  }

  #slotEnd(now: number): number {
    const { startedAt } = this.#slots
    const slotMs = 1000 / this.#params.frequency
    const end = startedAt + (Math.floor((now - startedAt) / slotMs) + 1) * slotMs
    return Number.isFinite(end) ? end : now
  }

  /** Whether an operation is struck, and how hard, are two draws for the same place of the flow. */
  #operations(): Parts {
    const { draws } = this.#context
    const delays = this.#delays ??= draws.fork('delay')
    return this.#parts ??= new Parts(this.#context, this.#line, {
      size: OPERATION_BYTES,
      endsWithTurn: true,
      delayAt: (offset) => {
        const { chance = 0, min = 0, max = 0 } = this.#params
        return draws.at(offset) < chance ? uniform(delays.at(offset), min, max) : 0
      },
    })
  }
}
