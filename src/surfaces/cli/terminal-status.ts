import { appliedFaults, type RunState } from '../../model/run-state.ts'
import { humanTime } from './figures.ts'
import { PROGRESS_CELLS, progressLane, shareOf } from './lanes.ts'
import { COLORS, type Style } from './style.ts'
import { fit } from './text-width.ts'

const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const INDENT = '     '
/** Cells of the progress line beside its lane. */
const BESIDE_LANE = 21

/** The moment at which a picture is drawn. */
export interface Moment {
  readonly elapsedMs: number
  /** Turns the spinner. */
  readonly frame: number
  /** Cells a line may take. */
  readonly width: number
}

export const spinner = (frame: number): string => SPINNER[frame % SPINNER.length]!

/** The documented three lines: progress (blank without `--duration`), time, counters. */
export function statusLines(state: RunState, moment: Moment, style: Style): string[] {
  return [progressLine(state, moment, style), timeLine(state, moment.elapsedMs), countersLine(state, moment.frame, style)]
    .map((line) => (line === '' ? '' : fit(`${INDENT}${line}`, moment.width)))
}

/** Empty without `--duration`. */
export function progressLine({ durationMs, ended }: RunState, { elapsedMs, frame, width }: Moment, style: Style): string {
  if (durationMs === undefined) return ''
  const { done, left } = progressLane(elapsedMs, durationMs, Math.max(1, Math.min(PROGRESS_CELLS, width - BESIDE_LANE)))
  const lane = `Progress: ${style.dim(done)}🐢${left}`
  if (ended === undefined) return `${style.color(spinner(frame), COLORS.green)} ${lane} 🏁`
  return `${lane} ${shareOf(elapsedMs, durationMs) < 1 ? '🏁' : '🏆'}`
}

export function timeLine({ durationMs }: RunState, elapsedMs: number): string {
  const elapsed = `Elapsed ${clockTime(elapsedMs)}`
  if (durationMs === undefined) return elapsed
  const remaining = (100 * (1 - shareOf(elapsedMs, durationMs))).toFixed(2)
  return `${elapsed} | Remaining ${remaining}% | Total ${humanTime(durationMs)}`
}

function countersLine(state: RunState, frame: number, style: Style): string {
  if (state.started === 0) return `${style.color(spinner(frame), COLORS.green)} ${waiting(style)}`
  return counters(state, style)
}

export const waiting = (style: Style): string => style.gradient('Waiting for incoming traffic...', [34, 40, 46, 82, 118])

export function counters(state: RunState, style: Style): string {
  const errors = `Errors: ${state.errors}`
  return `Total Events ${state.started}, Applied Faults ${appliedFaults(state)}, Passthrough ${state.passthrough}, ${state.errors > 0 ? style.color(errors, COLORS.red) : errors}`
}

function clockTime(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000)
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0')).join(':')
}
