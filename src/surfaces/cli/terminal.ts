import type { Timer } from '../../kit/clock.ts'
import type { Host } from '../../kit/host.ts'
import type { Event, EventOf } from '../../model/events.ts'
import { emptyRun, reduce } from '../../model/run-state.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { titlesOf } from './fault-words.ts'
import type { UiOptions } from './run-command.ts'
import { Screen } from './screen.ts'
import { canRedraw, COLORS, createStyle, wantsColor, type Style } from './style.ts'
import { endLines } from './terminal-end.ts'
import { startLines } from './terminal-start.ts'
import { counters, statusLines, timeLine, waiting, type Moment } from './terminal-status.ts'
import { flightLines, tailLine, type TailContext } from './terminal-tail.ts'
import { printable } from './text-width.ts'
import type { View, ViewInput } from './view.ts'

export type ViewOptions = Pick<UiOptions, 'tail' | 'color' | 'events' | 'logStdout'>

/** At most so often is anything written. */
const FRAME_MS = 100
/** Without a terminal that can be redrawn, so often a line says how things stand. */
const REPORT_MS = 10_000
/** Cells left free at the end of a line, for the `^C` that terminals show. */
const SPARE_CELLS = 2
const DRAIN_NOTICE_MS = 300
/** Written before the next frame when this much waits. */
const FLUSH_CHARS = 64 * 1024
/** What a timer can wait for; a longer run ends without a word about the drain. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const MAX_EARLY = 1000
/** Exchanges in flight that are known by name. */
const KNOWN_IN_FLIGHT = 256

/**
 * The terminal view of a run: what listens, what happens, what was measured. Owns standard output; when that carries
 * events (`--events -`) it speaks on standard error. Silent until it is told something.
 */
export function createView(host: Host, ui: ViewOptions, input: ViewInput): View {
  return new TerminalView(host, ui, input)
}

class TerminalView implements View {
  readonly #host: Host
  readonly #ui: ViewOptions
  readonly #input: ViewInput
  readonly #style: Style
  readonly #screen: Screen
  readonly #isLive: boolean
  readonly #state = emptyRun()
  readonly #tail: TailContext
  readonly #inFlight = new Map<number, EventOf<'exchange.started'>>()
  readonly #timers = new Set<Timer>()
  #runtime: Runtime | undefined
  /** Said before the summary, and shown after it. */
  readonly #early: string[] = []
  #frameTimer: Timer | undefined
  #offInterrupt: (() => void) | undefined
  /** On the host's clock, when the run began. */
  #zeroMs: number | undefined
  #frame = 0
  #reported = ''
  #isEnding = false
  #isOver = false

  constructor(host: Host, ui: ViewOptions, input: ViewInput) {
    const output = ui.events === '-' ? host.stderr : host.stdout
    const isShared = ui.logStdout || (ui.events === '-' && host.stdout.isTTY === true)
    this.#host = host
    this.#ui = ui
    this.#input = input
    this.#isLive = canRedraw(output, host.env) && !isShared
    this.#style = createStyle(wantsColor(ui.color, output, host.env))
    this.#screen = new Screen(output, this.#isLive)
    const specs = () => [...input.faults.map(({ spec }) => spec), ...(this.#runtime?.faults.instances ?? []).map(({ spec }) => spec)]
    this.#tail = { style: this.#style, titles: titlesOf(specs), isTls: (proxy) => this.#isTls(proxy) }
  }

  tell(event: Event): void {
    if (this.#isOver) return
    this.#zeroMs ??= this.#host.clock.now() - event.atMs
    reduce(this.#state, event)
    if (event.event === 'notice') this.#notice(event)
    else if (this.#ui.tail) this.#stream(event)
  }

  started(runtime: Runtime): void {
    this.#runtime = runtime
    const { durationMs } = this.#input.settings
    this.#screen.print(startLines(runtime, this.#input, { style: this.#style, isTail: this.#ui.tail }))
    if (!this.#isLive && !this.#ui.tail) this.#screen.print([`     ${waiting(this.#style)}`])
    for (const line of this.#early.splice(0)) this.#screen.offer(line)
    this.#offInterrupt = this.#host.onInterrupt(() => this.#interrupted())
    if (durationMs !== undefined && durationMs < LONGEST_TIMER_MS) this.#after(durationMs, () => this.#ends('press Ctrl-C to stop at once'))
    if (!this.#isLive && !this.#ui.tail) this.#after(REPORT_MS, () => this.#report())
    this.#draw()
  }

  finished(_runtime: Runtime): void {
    this.#end()
  }

  dispose(): void {
    this.#isOver = true
    for (const line of this.#early.splice(0)) this.#screen.offer(line)
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    this.#frameTimer?.cancel()
    this.#offInterrupt?.()
    this.#screen.close()
  }

  #end(): void {
    if (this.#isOver) return
    const { width } = this.#screen
    const context = { style: this.#style, titles: this.#tail.titles, elapsedMs: this.#elapsedMs, width, isTail: this.#ui.tail }
    this.#screen.print(endLines(this.#state, context))
    this.dispose()
  }

  /** The first interrupt begins the end; the next, or one after the time is up, is the last thing that is seen. */
  #interrupted(): void {
    if (this.#isEnding) this.#end()
    else this.#ends('press Ctrl-C again to stop at once')
  }

  #ends(advice: string): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#after(DRAIN_NOTICE_MS, () => this.#say(`     draining, ${advice}`))
  }

  #stream(event: Event): void {
    if (event.event === 'exchange.started') {
      this.#inFlight.set(event.exchange, event)
      if (this.#inFlight.size > KNOWN_IN_FLIGHT) this.#inFlight.delete(this.#inFlight.keys().next().value!)
    } else if (event.event === 'exchange.finished') {
      this.#inFlight.delete(event.exchange)
      this.#say(tailLine(event, this.#tail))
    } else if (event.event === 'faults.changed' && this.#runtime) {
      const changes = [...event.on.map((id) => `${id} on`), ...event.off.map((id) => `${id} off`)]
      if (changes.length > 0) this.#say(`    ${this.#style.dim(`Faults: ${printable(changes.join(', '))}`)}`)
    }
  }

  /** Those of the start-up summary stand there already. */
  #notice({ level, message }: EventOf<'notice'>): void {
    if (level === 'info' && !this.#ui.tail) return
    if (this.#runtime && [...this.#input.notes, ...this.#runtime.notes].includes(message)) return
    const color = level === 'error' ? COLORS.red : level === 'warning' ? COLORS.yellow : COLORS.cyan
    this.#say(`     ${this.#style.color(`${level}:`, color)} ${printable(message)}`)
  }

  #say(line: string): void {
    if (this.#runtime) {
      this.#screen.offer(line)
      this.#soon()
    } else if (this.#early.length < MAX_EARLY) this.#early.push(line)
  }

  /** What was said is written with the next frame. */
  #soon(): void {
    if (this.#screen.waitingChars >= FLUSH_CHARS) this.#screen.flush(this.#block())
    this.#frameTimer ??= this.#host.clock.setTimer(FRAME_MS, () => this.#draw())
  }

  #draw(): void {
    this.#frameTimer?.cancel()
    this.#frameTimer = undefined
    this.#frame++
    this.#screen.flush(this.#block())
    if (this.#isLive) this.#soon()
  }

  #block(): string[] {
    if (!this.#isLive) return []
    const moment: Moment = { elapsedMs: this.#elapsedMs, frame: this.#frame, width: Math.max(1, this.#screen.width - SPARE_CELLS) }
    const status = statusLines(this.#state, moment, this.#style)
    if (!this.#ui.tail) return status
    const inFlight = this.#state.started - this.#state.durations.count
    return [...flightLines([...this.#inFlight.values()], inFlight, moment, this.#tail), ...status.filter((line) => line !== '')]
  }

  /** A line each ten seconds, if there is something new to tell. */
  #report(): void {
    const line = counters(this.#state, this.#style)
    if (this.#state.started > 0 && line !== this.#reported) this.#say(`     ${timeLine(this.#state, this.#elapsedMs)} | ${line}`)
    this.#reported = line
    this.#after(REPORT_MS, () => this.#report())
  }

  /** Since the run began; once it is over, until then. */
  get #elapsedMs(): number {
    if (this.#state.ended !== undefined) return this.#state.atMs
    return this.#zeroMs === undefined ? 0 : this.#host.clock.now() - this.#zeroMs
  }

  #isTls(proxy: string): boolean {
    return this.#runtime?.listeners.some(({ service }) => service.name === proxy && service.mapping?.upstreamTls === true) ?? false
  }

  #after(delayMs: number, act: () => void): void {
    const timer = this.#host.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer)
      act()
    })
    this.#timers.add(timer)
  }
}
