import { z } from 'zod'
import { choice } from '../kit/params.ts'
import { Ring } from '../kit/ring.ts'
import { formatByteRate, tryByteRate } from '../kit/units.ts'
import { defineFault } from '../model/fault.ts'
import { isBytes, type Sink, type Stage, type StageContext, type Unit } from '../model/stage.ts'
import { TokenBucket, type Payer } from './token-bucket.ts'

/** Shallow, so that the sender feels the limit through TCP instead of filling our memory. */
const HELD_BYTES = 64 * 1024
/** But not so shallow that a late timer finds nothing more to send. */
const HELD_MS = 20
const HELD_MAX_BYTES = 4 * 1024 * 1024

const MULTIPLIERS = { Bps: 1, KBps: 1e3, MBps: 1e6, GBps: 1e9 } as const

const params = z.strictObject({
  rate: rate().default(1000).describe('Bytes per second, in units of `unit` unless it names its own, as in 64KB/s or 8mbit'),
  unit: choice(['Bps', 'KBps', 'MBps', 'GBps']).default('Bps').describe('Unit of a bare rate, decimal and in bytes'),
})

type Params = z.output<typeof params>

export const bandwidth = defineFault({
  name: 'bandwidth',
  summary: 'Limits how many bytes pass each second.',
  faithful: 'Bytes leave at the rate of a slow line, evenly and in order, and the sender feels it through TCP back-pressure. Some 64 KiB more than a real line would take are acknowledged by the proxy.',
  params,
  check: (given) => (typeof given.rate === 'string' && given.unit !== 'Bps' ? `the rate '${given.rate}' has a unit already: leave unit out` : undefined),
  primary: 'rate',
  directional: true,
  preserves: 'bytes',
  examples: [{ rate: 64, unit: 'KBps' }, { rate: '1MB/s' }, { rate: '384kbit' }],
  compat: { documented: true, order: 2, title: 'Bandwidth' },
  describe: (given) => ['flow', ['rate', typeof given.rate === 'number' ? `${given.rate} ${given.unit}` : formatByteRate(bytesPerSecond(given))]],
  explain: (given) => `lets ${formatByteRate(bytesPerSecond(given))} through`,
  stream: (given, context, next) => new BandwidthStage(given, context, next),
})

/** A bare number stays one, for `unit` to multiply; a text with a unit of its own stays as it is. */
function rate() {
  return z
    .union([z.number(), z.string()])
    .transform((given, context) => {
      const text = typeof given === 'string' ? given.trim() : given
      const value = typeof text === 'string' && text !== '' && !Number.isNaN(Number(text)) ? Number(text) : text
      const bytes = typeof value === 'string' ? tryByteRate(value) : value
      if (bytes !== undefined && Number.isFinite(bytes) && bytes > 0) return value
      context.issues.push({ code: 'custom', message: `expected a rate above 0, such as 1000, 64KB/s or 8mbit, got '${given}'`, input: given })
      return z.NEVER
    })
    .meta({ placeholder: 'rate' })
}

function bytesPerSecond({ rate: given, unit }: Params): number {
  return typeof given === 'string' ? tryByteRate(given)! : given * MULTIPLIERS[unit]
}

interface Slot {
  unit: Unit | undefined
  /** Bytes of it that are not paid for; all before them have left, or, of a head, wait for the rest. */
  unpaid: number
  arrivedAt: number
  askedMs: number
}

class BandwidthStage implements Stage, Payer {
  readonly #context: StageContext
  readonly #next: Sink
  readonly #bucket: TokenBucket
  readonly #slots = new Ring<Slot>(() => ({ unit: undefined, unpaid: 0, arrivedAt: 0, askedMs: 0 }))
  #bytesPerSecond: number
  #held = 0
  #owed = 0
  /** Paid for and not yet used. */
  #credit = 0
  #isEnding = false
  #isDead = false

  constructor(given: Params, context: StageContext, next: Sink) {
    this.#context = context
    this.#next = next
    this.#bytesPerSecond = bytesPerSecond(given)
    this.#bucket = context.state(() => new TokenBucket(context.clock, this.#bytesPerSecond))
    this.#bucket.rate = this.#bytesPerSecond
  }

  get held(): number { return this.#held }
  get heldMax(): number { return Math.min(HELD_MAX_BYTES, Math.max(HELD_BYTES, (this.#bytesPerSecond * HELD_MS) / 1000)) }
  get owed(): number { return this.#owed }

  write(unit: Unit): void {
    if (this.#isDead) return
    const { length } = unit
    const paid = this.#slots.length === 0 ? this.#bucket.take(length) : 0
    if (this.#slots.length === 0 && paid === length) return this.#next.write(unit)
    const kept = this.#context.keep(unit)
    this.#held += length
    this.#owed += length - paid
    const slot = this.#slots.push()
    slot.unit = kept
    slot.unpaid = length
    slot.arrivedAt = this.#context.clock.now()
    slot.askedMs = (this.#owed / this.#bytesPerSecond) * 1000
    this.#bucket.wait(this)
    if (paid > 0) this.#spend(paid)
  }

  end(): void {
    if (this.#isDead) return
    if (this.#slots.length === 0) this.#next.end()
    else this.#isEnding = true
  }

  grant(bytes: number): void {
    this.#owed -= bytes
    this.#spend(bytes)
    if (!this.#isDead) this.#context.wake()
  }

  flush(): void {
    this.#stopPaying()
    for (let slot = this.#slots.first; slot; slot = this.#slots.first) this.#passRest(slot)
    this.#endIfEmpty()
  }

  destroy(): void {
    this.#isDead = true
    this.#stopPaying()
    const now = this.#context.clock.now()
    for (let slot = this.#slots.first; slot; slot = this.#slots.first) {
      const { unit, askedMs, arrivedAt } = slot
      slot.unit = undefined
      this.#slots.drop()
      this.#context.applied(askedMs, now - arrivedAt, unit!.length)
    }
    this.#held = 0
    this.#isEnding = false
  }

  update(given: unknown): boolean {
    this.#bytesPerSecond = bytesPerSecond(given as Params)
    this.#bucket.rate = this.#bytesPerSecond
    return true
  }

  #spend(bytes: number): void {
    this.#credit += bytes
    for (let slot = this.#slots.first; slot && this.#pay(slot); slot = this.#slots.first);
    this.#endIfEmpty()
  }

  /** Passes on what the credit pays for of the oldest unit; false when it has not paid for all of it. */
  #pay(slot: Slot): boolean {
    if (slot.unpaid <= this.#credit) {
      this.#credit -= slot.unpaid
      this.#passRest(slot)
      return true
    }
    const paid = this.#credit
    this.#credit = 0
    const { unit, unpaid } = slot
    slot.unpaid -= paid
    if (paid === 0 || !isBytes(unit!)) return false
    this.#held -= paid
    const from = unit.length - unpaid
    this.#next.write(unit.subarray(from, from + paid))
    return false
  }

  /** Everything is read from the slot and settled before the call that may lead back here. */
  #passRest(slot: Slot): void {
    const { unpaid, askedMs, arrivedAt } = slot
    const unit = slot.unit!
    slot.unit = undefined
    this.#slots.drop()
    const bytes = isBytes(unit)
    this.#held -= bytes ? unpaid : unit.length
    this.#context.applied(askedMs, this.#context.clock.now() - arrivedAt, unit.length)
    this.#next.write(bytes && unpaid < unit.length ? unit.subarray(unit.length - unpaid) : unit)
  }

  #endIfEmpty(): void {
    if (!this.#isEnding || this.#slots.length > 0) return
    this.#isEnding = false
    this.#next.end()
  }

  #stopPaying(): void {
    this.#bucket.leave(this)
    this.#owed = 0
    this.#credit = 0
  }
}
