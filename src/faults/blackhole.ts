import { z } from 'zod'
import { DelayLine } from '../kit/delay-line.ts'
import { defineFault } from '../model/fault.ts'
import type { Sink, Stage, StageContext, Unit } from '../model/stage.ts'

/** Shallow: the sender's own buffers fill, as they do when nobody acknowledges. */
const HELD_MAX_BYTES = 64 * 1024

export const blackhole = defineFault({
  name: 'blackhole',
  summary: 'Lets nothing pass and tells nobody.',
  faithful: 'The sender gets no answer and no error, and a new connection is never set up. Unlike behind a real black hole its first 64 KiB are acknowledged by the proxy, and held; they flow when the window ends, as retransmissions would.',
  params: z.strictObject({}),
  directional: true,
  preserves: 'bytes',
  examples: [{}],
  compat: { documented: true, order: 7, title: 'Blackhole' },
  describe: () => ['flow'],
  explain: () => 'lets nothing pass',
  connect: () => ({ action: 'hang' }),
  stream: (_, context, next) => new BlackholeStage(context, next),
})

class BlackholeStage implements Stage {
  readonly heldMax = HELD_MAX_BYTES
  readonly blocked = true
  /** A delay that does not end: all it holds is one application. */
  readonly #line: DelayLine<Unit>

  constructor(context: StageContext, next: Sink) {
    this.#line = new DelayLine({
      clock: context.clock,
      keep: (unit) => context.keep(unit),
      wake: () => context.wake(),
      applied: (_, heldMs, bytes) => context.applied(0, heldMs, bytes),
    }, next)
  }

  get held(): number { return this.#line.held }

  write(unit: Unit): void { this.#line.write(unit, Infinity, true) }
  end(): void { this.#line.end(Infinity) }
  flush(): void { this.#line.flush() }
  destroy(): void { this.#line.destroy() }
  update(): boolean { return true }
}
