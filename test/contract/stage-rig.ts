import { createManualClock, type ManualClock } from '../../src/kit/clock.ts'
import { createKey } from '../../src/kit/rng.ts'
import { isBytes, type Sink, type Stage, type StageContext, type Unit } from '../../src/model/stage.ts'

export type BuildStage = (context: StageContext, next: Sink) => Stage

export interface RigOptions {
  readonly seed?: number
  readonly mode?: 'exchange' | 'raw'
  readonly joinedLate?: boolean
  readonly offset?: number
  readonly clock?: ManualClock
  /** Kept by the rig of an earlier stage of the same instance. */
  readonly states?: Map<string, object>
  readonly onWrite?: (unit: Unit, rig: StageRig) => void
  readonly onEnd?: () => void
  readonly onWake?: (rig: StageRig) => void
}

/**
 * One stage between a source and a sink, on a clock that moves by hand. Bytes are overwritten as soon as `write` has returned,
 * so a stage that holds them without keeping them is found out.
 */
export class StageRig {
  readonly clock: ManualClock
  readonly stage: Stage
  readonly states: Map<string, object>
  /** What came out, copied. */
  readonly units: Unit[] = []
  readonly times: number[] = []
  /** What was sent, in the order of the calls. */
  readonly sent: Buffer[] = []
  readonly applied: { readonly askedMs: number; readonly measuredMs: number; readonly bytes: number }[] = []
  ends = 0
  endedAt = -1
  resets = 0
  wakes = 0
  turn = 0
  /** Set when something came out after the end, or `held` was not lowered before. */
  complaint = ''
  #passed = 0

  constructor(build: BuildStage, options: RigOptions = {}) {
    this.clock = options.clock ?? createManualClock()
    this.states = options.states ?? new Map()
    this.stage = build(this.#context(options), {
      write: (unit) => {
        if (this.ends > 0) this.complaint = 'a unit came after the end'
        this.units.push(isBytes(unit) ? Buffer.from(unit) : unit)
        this.times.push(this.clock.now())
        this.#passed += unit.length
        options.onWrite?.(unit, this)
      },
      end: () => {
        this.ends++
        this.endedAt = this.clock.now()
        options.onEnd?.()
      },
    })
  }

  /** Sends a copy of `bytes`, which does not outlive the call. */
  send(bytes: Buffer): void {
    const scratch = Buffer.from(bytes)
    this.sent.push(bytes)
    this.stage.write(scratch)
    scratch.fill(0xee)
  }

  /** Bytes and the lengths of heads that came out. */
  get passed(): number { return this.#passed }

  get received(): Buffer { return Buffer.concat(this.units.filter((unit) => isBytes(unit))) }

  /** At which time how many bytes had come out in all; one entry for each time. */
  get timeline(): [timeMs: number, bytes: number][] {
    const line: [number, number][] = []
    let total = 0
    for (const [index, unit] of this.units.entries()) {
      total += unit.length
      const time = round(this.times[index]!)
      const last = line.at(-1)
      if (last?.[0] === time) last[1] = total
      else line.push([time, total])
    }
    return line
  }

  #context(options: RigOptions): StageContext {
    const rig = this
    return {
      side: 'server',
      direction: 'ingress',
      flow: 'response',
      mode: options.mode ?? 'raw',
      joinedLate: options.joinedLate ?? false,
      offset: options.offset ?? 0,
      clock: rig.clock,
      draws: createKey(options.seed ?? 1, 'contract'),
      get turn() { return rig.turn },
      keep: (unit) => (isBytes(unit) ? Buffer.from(unit) as typeof unit : unit),
      wake: () => {
        rig.wakes++
        options.onWake?.(rig)
      },
      state<T extends object>(make: () => T): T {
        const known = rig.states.get('instance') ?? make()
        rig.states.set('instance', known)
        return known as T
      },
      reset: () => { rig.resets++ },
      applied: (askedMs, measuredMs, bytes) => { rig.applied.push({ askedMs, measuredMs, bytes }) },
    }
  }
}

/** Sums of fractions differ in the last digits. */
const round = (ms: number): number => Math.round(ms * 1e6) / 1e6

/** `length` bytes of which every stretch differs from its neighbours. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >>> 8) * 17 + (index >>> 16)) & 0xff
  return bytes
}

/** Sends `data` in chunks and obeys the stage: it stops above `heldMax` and goes on when told to, at half of it. */
export class ObedientSource {
  maxHeld = 0
  isDone = false
  #rig: StageRig | undefined
  readonly #data: Buffer
  readonly #chunkBytes: number
  #sent = 0
  #isPumping = false
  #isPaused = false

  constructor(data: Buffer, chunkBytes: number) {
    this.#data = data
    this.#chunkBytes = chunkBytes
  }

  start(rig: StageRig): void {
    this.#rig = rig
    this.pump()
  }

  /** Sends until the stage is full; called again by `wake`. */
  pump(): void {
    const rig = this.#rig
    if (!rig || this.#isPumping || this.isDone) return
    this.#isPumping = true
    while (this.#sent < this.#data.length && (this.#sent === 0 || this.#mayGoOn(rig))) {
      const end = Math.min(this.#data.length, this.#sent + this.#chunkBytes)
      const chunk = this.#data.subarray(this.#sent, end)
      this.#sent = end
      rig.send(chunk)
      this.maxHeld = Math.max(this.maxHeld, rig.stage.held)
      if (rig.stage.held > rig.stage.heldMax) this.#isPaused = true
    }
    this.#isPumping = false
    if (this.#sent < this.#data.length || this.isDone) return
    this.isDone = true
    rig.stage.end()
  }

  #mayGoOn({ stage }: StageRig): boolean {
    if (this.#isPaused && stage.held <= stage.heldMax / 2) this.#isPaused = false
    return !this.#isPaused
  }
}

/** Lets time pass until `isOver`; a stage that lets nothing pass at all is flushed as if its fault had gone. */
export function runUntil(rig: StageRig, isOver: () => boolean, afterFlush: () => void = () => {}): void {
  for (let round = 0; round < 10_000 && !isOver(); round++) {
    rig.clock.advance(10_000)
    if (rig.stage.blocked) {
      rig.stage.flush()
      afterFlush()
    }
  }
}
