import type { Event, ExchangeRecord, FaultTotals } from './events.ts'

/** How many exchanges are remembered whole; sums know them all. */
const REMEMBERED_EXCHANGES = 1000

export interface ListenerState { readonly proxy: string; readonly protocol: string; readonly addresses: readonly string[] }
export interface Notice { readonly level: string; readonly code: string; readonly message: string }

/** Everything views show about a run: counters, histograms and the last exchanges. Updated in place and bounded. */
export interface RunState {
  seed: number
  transport: string
  durationMs: number | undefined
  startedAt: string
  /** Of the last event. */
  atMs: number
  generation: number
  readonly listeners: ListenerState[]
  readonly on: Set<string>
  faults: readonly FaultTotals[]
  openConnections: number
  connections: number
  bytesUp: number
  bytesDown: number
  heldBytes: number
  started: number
  completed: number
  answered: number
  failed: number
  cancelled: number
  reset: number
  passthrough: number
  /** Exchanges in which at least one fault did something. */
  struck: number
  /** How often a fault did something in an exchange that is over; each direction counts. */
  applied: number
  /** Exchanges that `isError`. */
  errors: number
  /** Exchanges by status class (`2xx`), and by cause for those that failed. */
  readonly statuses: Map<string, number>
  readonly causes: Map<string, number>
  /** Durations of exchanges that are over. */
  readonly durations: Histogram
  /** The last exchanges, oldest first. */
  readonly recent: ExchangeRecord[]
  readonly notices: Notice[]
  ended: string | undefined
}

const MAX_NOTICES = 100
const MAX_CAUSES = 50

export function emptyRun(): RunState {
  return {
    seed: 0, transport: '', durationMs: undefined, startedAt: '', atMs: 0, generation: 0, listeners: [], on: new Set(), faults: [],
    openConnections: 0, connections: 0, bytesUp: 0, bytesDown: 0, heldBytes: 0,
    started: 0, completed: 0, answered: 0, failed: 0, cancelled: 0, reset: 0, passthrough: 0, struck: 0, applied: 0, errors: 0,
    statuses: new Map(), causes: new Map(), durations: new Histogram(), recent: [], notices: [], ended: undefined,
  }
}

/** The only place that knows what an event means. Terminal, log and reports all look at its result. */
export function reduce(state: RunState, event: Event): RunState {
  state.atMs = event.atMs
  switch (event.event) {
    case 'run.started':
      state.seed = event.seed
      state.transport = event.transport
      state.durationMs = event.durationMs ?? undefined
      state.startedAt = event.wallTime
      return state
    case 'listener.opened':
      state.listeners.push({ proxy: event.proxy, protocol: event.protocol, addresses: event.addresses })
      return state
    case 'listener.closed': {
      const at = state.listeners.findIndex(({ proxy }) => proxy === event.proxy)
      if (at >= 0) state.listeners.splice(at, 1)
      return state
    }
    case 'connection.opened':
      state.connections++
      state.openConnections++
      return state
    case 'connection.closed':
      state.openConnections = Math.max(0, state.openConnections - 1)
      return state
    case 'exchange.started':
      state.started++
      return state
    case 'exchange.finished': return finish(state, event)
    case 'faults.changed':
      state.generation = event.generation
      for (const id of event.off) state.on.delete(id)
      for (const id of event.on) state.on.add(id)
      return state
    case 'traffic.sampled':
      state.bytesUp = event.bytesUp
      state.bytesDown = event.bytesDown
      state.heldBytes = event.heldBytes
      state.faults = event.faults
      return state
    case 'notice':
      state.notices.push({ level: event.level, code: event.code, message: event.message })
      if (state.notices.length > MAX_NOTICES) state.notices.shift()
      return state
    case 'run.finished':
      state.ended = event.reason
      return state
    default:
      event satisfies never
      return state
  }
}

function finish(state: RunState, record: ExchangeRecord): RunState {
  state[record.outcome]++
  if (!record.matched) state.passthrough++
  const applied = record.faults.filter(({ applications }) => applications > 0).length
  if (applied > 0) state.struck++
  state.applied += applied
  if (isError(record)) state.errors++
  if (record.status !== undefined) count(state.statuses, `${Math.floor(record.status / 100)}xx`)
  if (record.outcome !== 'completed' && record.cause !== undefined && (state.causes.size < MAX_CAUSES || state.causes.has(record.cause))) count(state.causes, record.cause)
  state.durations.record(record.durationMs)
  state.recent.push(record)
  if (state.recent.length >= 2 * REMEMBERED_EXCHANGES) state.recent.splice(0, state.recent.length - REMEMBERED_EXCHANGES)
  return state
}

/** Something went wrong that is not a fault's own answer or reset; a client that leaves is no error. */
export function isError({ outcome, cause }: Pick<ExchangeRecord, 'outcome' | 'cause'>): boolean {
  return outcome === 'failed' || ((outcome === 'answered' || outcome === 'reset') && cause !== 'fault')
}

/** As `applied`, with what the last sample knows of exchanges that still go on. */
export function appliedFaults({ applied, faults }: RunState): number {
  return Math.max(applied, faults.reduce((sum, totals) => sum + totals.applied, 0))
}

const count = (counts: Map<string, number>, name: string): void => { counts.set(name, (counts.get(name) ?? 0) + 1) }

/** Buckets of a histogram are this much wider than the one before: an error of at most 2.5 %. */
const GROWTH = 1.05
const SMALLEST_MS = 0.001

/** Durations in buckets that grow by 5 %, so percentiles of any number of them take a bounded amount of memory. */
export class Histogram {
  readonly #counts: number[] = []
  count = 0
  sumMs = 0
  minMs = Infinity
  maxMs = 0

  record(ms: number): void {
    const bucket = ms <= SMALLEST_MS ? 0 : Math.ceil(Math.log(ms / SMALLEST_MS) / Math.log(GROWTH))
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.count++
    this.sumMs += ms
    this.minMs = Math.min(this.minMs, ms)
    this.maxMs = Math.max(this.maxMs, ms)
  }

  /** The duration that `share` (0 to 1) of all are not longer than; NaN when there is none. */
  percentile(share: number): number {
    if (this.count === 0) return NaN
    // Products such as 0.07 × 100 come out a little above the whole number they are.
    let left = Math.max(1, Math.ceil(share * this.count * (1 - Number.EPSILON)))
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      left -= this.#counts[bucket] ?? 0
      if (left <= 0) return Math.min(this.maxMs, Math.max(this.minMs, SMALLEST_MS * GROWTH ** (bucket - 0.5)))
    }
    return this.maxMs
  }
}
