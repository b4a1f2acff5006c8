import { z } from 'zod'
import { DelayLine } from '../kit/delay-line.ts'
import { exponential, lognormal, pareto, SAMPLE_MAX_MS, truncatedNormal, uniform } from '../kit/distributions.ts'
import { choice, delay, flag, nonNegative } from '../kit/params.ts'
import type { Draws } from '../kit/rng.ts'
import { formatDuration } from '../kit/units.ts'
import { defineFault, type Described } from '../model/fault.ts'
import type { Sink, Stage, StageContext, Unit } from '../model/stage.ts'
import { OPERATION_BYTES, Parts } from './parts.ts'

/** Deep, or the delay would also cap the throughput at `held / delay`. */
const HELD_MAX_BYTES = 32 * 1024 * 1024

const params = z.strictObject({
  distribution: choice(['normal', 'uniform', 'pareto', 'pareto-normal', 'exponential', 'lognormal']).default('normal').describe('How the delays are spread'),
  mean: delay().optional().describe('Mean delay (default 0, which delays nothing); needed by exponential and lognormal'),
  stddev: delay().optional().describe('Standard deviation around the mean (default 0)'),
  shape: nonNegative().optional().describe('Shape of the Pareto tail: the lower, the more long delays'),
  scale: delay().optional().describe('Shortest delay of the Pareto tail'),
  min: delay().optional().describe('Shortest delay, for uniform'),
  max: delay().optional().describe('Longest delay, for uniform'),
  perReadWrite: flag().default(false).describe('Delay each operation, of at most 8 KiB, instead of once per exchange'),
  per: choice(['exchange', 'turn']).optional().describe('Once per exchange (raw: per connection), or on raw connections each time after the other end spoke (default exchange)'),
})

type Params = z.output<typeof params>

export const latency = defineFault({
  name: 'latency',
  summary: 'Delays traffic and keeps its order.',
  faithful: 'A delay is added to what the real network takes. TCP sees none of it: the proxy acknowledges at once, so round-trip estimates, windows and retransmission timers stay those of the real path, and so does the time a connection takes to be set up.',
  params,
  check: checkParams,
  primary: 'mean',
  directional: true,
  preserves: 'bytes',
  examples: [
    { mean: '300ms', stddev: '40ms' },
    { distribution: 'uniform', min: 300, max: 500 },
    { distribution: 'pareto', scale: 20, shape: 1.5 },
    { distribution: 'pareto-normal', scale: 20, shape: 1.5, mean: 50, stddev: 15 },
    { distribution: 'exponential', mean: '100ms' },
    { distribution: 'lognormal', mean: '100ms', stddev: '80ms' },
    { mean: '20ms', stddev: '5ms', perReadWrite: true },
    { mean: '20ms', per: 'turn' },
  ],
  compat: { documented: true, order: 1, title: 'Latency', fields: { stddev: { env: 'STANDARD_DEVIATION' } } },
  describe: describeLatency,
  explain: (given) => (given.distribution === 'normal' && !given.mean && !given.stddev) ? 'adds nothing, for want of a mean' : `adds ${spread(given)}${given.perReadWrite ? ' to each operation' : given.per === 'turn' ? ' to each turn' : ''}`,
  stream: (given, context, next) => new LatencyStage(given, context, next),
})

/** The documented words: of the distribution, only what it uses. */
function describeLatency({ distribution, mean = 0, stddev = 0, shape, scale, min = 0, max = 0, perReadWrite, per }: Params): readonly Described[] {
  const name = distribution.split('-').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')
  const ms = (label: string, value: number): Described => [label, formatDuration(value)]
  const middle = [ms('mean', mean), ...(stddev > 0 ? [ms('stddev', stddev)] : [])]
  const tail: Described[] = [['shape', shape ?? 0], ms('scale', scale ?? 0)]
  const figures = distribution === 'uniform' ? [ms('min', min), ms('max', max)] : distribution === 'pareto' ? tail : distribution === 'pareto-normal' ? [...middle, ...tail] : middle
  return [['per read/write', perReadWrite], ...(per === 'turn' ? [['per', per] as const] : []), 'flow', ['distribution', name], ...figures]
}

/** What each distribution cannot do without. */
const NEEDS: Readonly<Record<Params['distribution'], readonly ('mean' | 'stddev' | 'shape' | 'scale' | 'min' | 'max')[]>> = {
  'normal': [],
  'uniform': ['min', 'max'],
  'pareto': ['shape', 'scale'],
  'pareto-normal': ['shape', 'scale'],
  'exponential': ['mean'],
  'lognormal': ['mean'],
}

/**
 * The documented distributions tolerate the documented parameters of each other, as the documented tool does; those that
 * came later refuse what they do not use.
 */
function checkParams(given: Params): string | undefined {
  const { distribution, mean, shape, scale, min, max } = given
  if (distribution === 'normal' && mean === undefined && (min !== undefined || max !== undefined)) return 'min and max need the distribution uniform: add --latency-distribution uniform'
  for (const key of NEEDS[distribution]) {
    if (given[key] === undefined) return `the distribution ${distribution} needs a ${key}: add --latency-${key}`
  }
  if (distribution === 'uniform' && min! > max!) return `min must not be above max, got ${formatDuration(min!)} and ${formatDuration(max!)}`
  if (NEEDS[distribution].includes('shape')) {
    if (shape! <= 0) return `the distribution ${distribution} needs a shape above 0, got ${shape}`
    if (scale! <= 0) return `the distribution ${distribution} needs a scale above 0, got ${formatDuration(scale!)}`
  }
  if (distribution === 'lognormal' && mean! <= 0) return `the distribution lognormal needs a mean above 0, got ${formatDuration(mean!)}`
  if (given.perReadWrite && given.per !== undefined) return 'perReadWrite and per exclude each other: keep one'
  return unused(given)
}

function unused(given: Params): string | undefined {
  const { distribution } = given
  if (distribution !== 'exponential' && distribution !== 'lognormal') return undefined
  const used = distribution === 'lognormal' ? ['mean', 'stddev'] : ['mean']
  const extra = (['mean', 'stddev', 'shape', 'scale', 'min', 'max'] as const).find((key) => given[key] !== undefined && !used.includes(key))
  return extra && `the distribution ${distribution} has no ${extra}: leave ${extra} out`
}

function spread({ distribution, mean = 0, stddev = 0, shape = 0, scale = 0, min = 0, max = 0 }: Params): string {
  const middle = `${formatDuration(mean)}${stddev > 0 ? ` ± ${formatDuration(stddev)}` : ''}`
  switch (distribution) {
    case 'normal': return stddev > 0 ? `${middle} (normal)` : middle
    case 'lognormal': return `${middle} (lognormal)`
    case 'exponential': return `${middle} on average (exponential)`
    case 'uniform': return `${formatDuration(min)} to ${formatDuration(max)} (uniform)`
    case 'pareto': return `${formatDuration(scale)} or more (pareto, shape ${shape})`
    case 'pareto-normal': return `${middle} plus ${formatDuration(scale)} or more (pareto-normal, shape ${shape})`
  }
}

/** The delay in milliseconds that belongs to this place of the flow, at most an hour. */
function drawDelay({ distribution, mean = 0, stddev = 0, shape = 0, scale = 0, min = 0, max = 0 }: Params, draws: Draws, offset: number): number {
  const u = draws.at(offset)
  switch (distribution) {
    case 'normal': return truncatedNormal(u, mean, stddev)
    case 'lognormal': return lognormal(u, mean, stddev)
    case 'exponential': return exponential(u, mean)
    case 'uniform': return uniform(u, min, max)
    case 'pareto': return pareto(u, scale, shape)
    case 'pareto-normal': return Math.min(SAMPLE_MAX_MS, pareto(u, scale, shape) + truncatedNormal(draws.fork('normal').at(offset), mean, stddev))
  }
}

class LatencyStage implements Stage {
  readonly heldMax = HELD_MAX_BYTES
  readonly #context: StageContext
  readonly #line: DelayLine<Unit>
  #params: Params
  #parts: Parts | undefined
  #offset: number
  /** Of the last unit that was delayed. */
  #turn: number | undefined

  constructor(given: Params, context: StageContext, next: Sink) {
    this.#params = given
    this.#context = context
    this.#offset = context.offset
    this.#line = new DelayLine(context, next)
  }

  get held(): number { return this.#line.held }

  write(unit: Unit): void {
    const { mode, joinedLate } = this.#context
    if (mode === 'exchange' && joinedLate) return this.#line.write(unit, 0)
    if (this.#params.perReadWrite) return this.#operations().write(unit)
    const delayMs = this.#isFirst() ? drawDelay(this.#params, this.#context.draws, this.#offset) : 0
    this.#offset += unit.length
    this.#line.write(unit, delayMs)
  }

  end(): void { this.#line.end() }
  flush(): void { this.#line.flush() }
  destroy(): void { this.#line.destroy() }

  update(given: unknown): boolean {
    this.#params = given as Params
    return true
  }

  /** The unit begins what is delayed: all there is, or a turn. */
  #isFirst(): boolean {
    if (this.#turn !== undefined && (this.#params.per !== 'turn' || this.#turn === this.#context.turn)) return false
    this.#turn = this.#context.turn
    return true
  }

  #operations(): Parts {
    return this.#parts ??= new Parts(this.#context, this.#line, {
      size: OPERATION_BYTES,
      endsWithTurn: true,
      delayAt: (offset) => drawDelay(this.#params, this.#context.draws, offset),
    })
  }
}
