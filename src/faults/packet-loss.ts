import { z } from 'zod'
import { DelayLine } from '../kit/delay-line.ts'
import { choice, ratio } from '../kit/params.ts'
import type { Draws } from '../kit/rng.ts'
import { defineFault } from '../model/fault.ts'
import type { Sink, Stage, StageContext, Unit } from '../model/stage.ts'
import { gilbertElliottLoss, independentLoss, markovLoss, type LossModel } from './loss-model.ts'
import { Parts, VANISHES } from './parts.ts'

/** What one packet carries on an Ethernet path with time stamps. */
const SEGMENT_BYTES = 1_448
/** First retransmission time-out of Linux; each further one doubles. */
const RETRANSMIT_MS = 200
const PENALTY_MAX_MS = 6_000
/** More retransmissions than `PENALTY_MAX_MS` has room for. */
const MAX_TRANSMISSIONS = 8
/** Deep, or a stall would push back the sender of what is in flight behind it. */
const HELD_MAX_BYTES = 32 * 1024 * 1024

const GILBERT = ['goodToBad', 'badToGood', 'goodLoss', 'badLoss'] as const

const params = z.strictObject({
  mode: choice(['stall', 'drop', 'cut']).default('stall').describe('stall: a lost segment comes late, as TCP makes it; drop: its bytes vanish; cut: the connection is reset'),
  rate: ratio().optional().describe('Share of segments lost, each on its own (default: the five-state Markov chain)'),
  goodToBad: ratio().optional().describe('Gilbert-Elliott: probability of going from the good to the bad state'),
  badToGood: ratio().optional().describe('Gilbert-Elliott: probability of going from the bad to the good state'),
  goodLoss: ratio().optional().describe('Gilbert-Elliott: loss in the good state (default 0)'),
  badLoss: ratio().optional().describe('Gilbert-Elliott: loss in the bad state (default 1)'),
})

type Params = z.output<typeof params>

export const packetLoss = defineFault({
  name: 'packet-loss',
  aliases: ['packetloss'],
  summary: 'Loses segments of the byte stream.',
  faithful: 'In mode stall an application sees what loss looks like above TCP: a retransmission time-out of 200 ms, doubling, and everything behind it waiting. There is no fast retransmit, and the congestion window of the real path does not shrink. The modes drop and cut are not what loss does to TCP: they damage the stream on purpose.',
  params,
  check: checkParams,
  primary: 'rate',
  directional: true,
  preserves: 'bytes',
  examples: [
    {},
    { rate: 0.02 },
    { goodToBad: 0.01, badToGood: 0.3, badLoss: 0.8 },
    { mode: 'drop', rate: 0.01 },
    { mode: 'cut', rate: 0.001 },
  ],
  compat: { documented: true, order: 5, title: 'PacketLoss', summaryTitle: 'Packet Loss', tailTitle: 'Packet Loss' },
  raw: isRaw,
  describe: (given) => ['flow', ['mode', given.mode], ['lost', share(given)]],
  explain: (given) => `${EFFECTS[given.mode]} ${share(given)}`,
  stream: (given, context, next) => new PacketLossStage(given, context, next),
})

const EFFECTS: Readonly<Record<Params['mode'], string>> = { stall: 'stalls for', drop: 'drops', cut: 'cuts the connection at' }

function share({ rate, goodToBad, badToGood, goodLoss = 0, badLoss = 1 }: Params): string {
  if (rate !== undefined) return `${percent(rate)} of segments`
  if (goodToBad === undefined || badToGood === undefined) return 'some 20 % of transmissions, in bursts (Markov)'
  const bad = goodToBad + badToGood > 0 ? goodToBad / (goodToBad + badToGood) : 0
  return `${percent(bad * badLoss + (1 - bad) * goodLoss)} of transmissions, in bursts (Gilbert-Elliott)`
}

const percent = (value: number): string => `${Number((value * 100).toPrecision(3))} %`

function checkParams(given: Params): string | undefined {
  const first = GILBERT.find((key) => given[key] !== undefined)
  if (first === undefined) return undefined
  if (given.rate !== undefined) return `rate and ${first} exclude each other: the first is loss at random, the second the Gilbert-Elliott model`
  if (given.goodToBad === undefined || given.badToGood === undefined) return 'the Gilbert-Elliott model needs goodToBad and badToGood: add --packet-loss-good-to-bad and --packet-loss-bad-to-good'
  return undefined
}

/** Only a byte stream can lack bytes: a message in HTTP's own terms would be mended on its way. */
function isRaw({ mode }: Params): boolean {
  return mode === 'drop'
}

function createModel({ rate, goodToBad, badToGood, goodLoss = 0, badLoss = 1 }: Params, draws: Draws): LossModel {
  if (rate !== undefined) return independentLoss(rate, draws)
  if (goodToBad !== undefined && badToGood !== undefined) return gilbertElliottLoss({ goodToBad, badToGood, goodLoss, badLoss }, draws)
  return markovLoss(draws)
}

class PacketLossStage implements Stage {
  readonly heldMax = HELD_MAX_BYTES
  readonly #context: StageContext
  readonly #line: DelayLine<Unit>
  readonly #parts: Parts
  #params: Params
  #model: LossModel
  /** Bytes that have vanished of the present segment, which is reported once it is over. */
  #vanishedBytes = 0
  #isCut = false
  #isReset = false

  constructor(given: Params, context: StageContext, next: Sink) {
    this.#params = given
    this.#context = context
    this.#line = new DelayLine(context, next)
    this.#model = createModel(given, context.draws)
    this.#parts = new Parts(context, this.#line, {
      size: SEGMENT_BYTES,
      endsWithTurn: false,
      delayAt: (offset) => this.#decide(Math.floor(offset / SEGMENT_BYTES)),
      vanished: (length) => { this.#vanishedBytes += length },
    })
  }

  get held(): number { return this.#line.held }

  write(unit: Unit): void {
    this.#parts.write(unit)
    if (this.#isCut && !this.#isReset) {
      this.#isReset = true
      this.#reportVanished()
      this.#context.reset()
    }
  }

  end(): void {
    this.#reportVanished()
    this.#line.end()
  }

  flush(): void { this.#line.flush() }

  destroy(): void {
    this.#reportVanished()
    this.#line.destroy()
  }

  update(given: unknown): boolean {
    const changed = given as Params
    if (isRaw(changed) !== isRaw(this.#params)) return false
    const isSameModel = changed.rate === this.#params.rate && GILBERT.every((key) => changed[key] === this.#params[key])
    this.#params = changed
    if (!isSameModel) this.#model = createModel(changed, this.#context.draws)
    return true
  }

  #decide(segment: number): number {
    if (this.#isCut) return VANISHES
    this.#reportVanished()
    let penaltyMs = 0
    let waitMs = RETRANSMIT_MS
    for (let transmission = 0; penaltyMs < PENALTY_MAX_MS && this.#model.loses(segment * MAX_TRANSMISSIONS + transmission); transmission++) {
      if (this.#params.mode !== 'stall') {
        this.#isCut = this.#params.mode === 'cut'
        return VANISHES
      }
      penaltyMs = Math.min(PENALTY_MAX_MS, penaltyMs + waitMs)
      waitMs *= 2
    }
    return penaltyMs
  }

  #reportVanished(): void {
    if (this.#vanishedBytes === 0) return
    this.#context.applied(0, 0, this.#vanishedBytes)
    this.#vanishedBytes = 0
  }
}
