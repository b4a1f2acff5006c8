import { caretUnder, quoted } from '../kit/caret.ts'
import { tryDecimal } from '../kit/decimal.ts'
import { closest } from '../kit/did-you-mean.ts'
import { UserError } from '../kit/errors.ts'
import { formatDuration, tryDuration } from '../kit/units.ts'

/** A time in which something is on: from `startMs` to before `endMs`, which is infinite when it has no end. */
export interface Window {
  readonly startMs: number
  readonly endMs: number
}

/** When something is on. Pure: time goes in, an answer comes out. The scheduler keeps one timer, for `nextChange`. */
export interface Schedule {
  activeAt(elapsedMs: number): boolean
  /** The first instant after `elapsedMs` at which the answer changes. */
  nextChange(elapsedMs: number): number | undefined
  /** In order, neither overlapping nor touching, on whole microseconds. */
  readonly windows: readonly Window[]
}

/** A schedule of windows in any order; those that overlap or touch become one, empty ones vanish. */
export function scheduleOf(windows: readonly Window[]): Schedule {
  const merged = merge(windows)
  return {
    windows: merged,
    activeAt(elapsedMs) {
      const next = firstEndingAfter(merged, elapsedMs)
      return next !== undefined && next.startMs <= elapsedMs
    },
    nextChange(elapsedMs) {
      const next = firstEndingAfter(merged, elapsedMs)
      if (!next || elapsedMs < next.startMs) return next?.startMs
      return next.endMs === Infinity ? undefined : next.endMs
    },
  }
}

export const always: Schedule = scheduleOf([{ startMs: 0, endMs: Infinity }])

export interface ScheduleOptions {
  /** The length of the run, which percentages are of. */
  readonly totalMs?: number | undefined
  /** The option or field the text came from, for error messages: `--latency-sched`. */
  readonly param: string
}

export interface ParsedSchedule {
  readonly schedule: Schedule
  /** What was understood otherwise than written, for verbose output. */
  readonly notes: readonly string[]
}

/**
 * The documented text: periods `start:T,duration:T` separated by `;`, either half optional, T a duration (bare: seconds) or
 * a percentage of the run. UserError BAD_SCHEDULE with a caret under the place.
 */
export function parseSchedule(text: string, options: ScheduleOptions): ParsedSchedule {
  const source: Source = { text, ...options }
  const notes: string[] = []
  const periods = split({ text, at: 0 }, ';').map((piece) => parsePeriod(source, piece))
  if (periods.length === 0) {
    throw new UserError('BAD_SCHEDULE', `${options.param} ${quoted(text)} has no period`, { hint: 'write one such as start:30s,duration:3m' })
  }
  const windows = joinHalves(periods, notes).map(({ startUs = 0, durationUs = Infinity, piece }) => {
    if (durationUs === 0) notes.push(`${piece.text} lasts no time and never applies`)
    return { startMs: startUs / 1000, endMs: (startUs + durationUs) / 1000 }
  })
  return { schedule: scheduleOf(windows), notes }
}

/** The text that `parseSchedule` reads as the same schedule; percentages have become times (D-20). */
export function formatSchedule({ windows }: Schedule): string {
  if (windows.length === 0) return 'duration:0s'
  return windows.map(({ startMs, endMs }) => {
    const start = `start:${formatTime(microseconds(startMs))}`
    if (endMs === Infinity) return start
    const duration = `duration:${formatTime(microseconds(endMs) - microseconds(startMs))}`
    return startMs === 0 ? duration : `${start},${duration}`
  }).join(';')
}

function formatTime(us: number): string {
  return us === 0 ? '0s' : formatDuration(us / 1000)
}

function merge(windows: readonly Window[]): readonly Window[] {
  const merged: Window[] = []
  const ordered = windows.filter(({ startMs, endMs }) => startMs < endMs).sort((a, b) => a.startMs - b.startMs)
  for (const window of ordered) {
    const last = merged.at(-1)
    if (last && window.startMs <= last.endMs) merged[merged.length - 1] = { startMs: last.startMs, endMs: Math.max(last.endMs, window.endMs) }
    else merged.push(window)
  }
  return merged
}

/** The first window that is not over at `elapsedMs`, by bisection. */
function firstEndingAfter(windows: readonly Window[], elapsedMs: number): Window | undefined {
  let low = 0
  let high = windows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (windows[middle]!.endMs <= elapsedMs) low = middle + 1
    else high = middle
  }
  return windows[low]
}

interface Source extends ScheduleOptions {
  readonly text: string
}

/** A part of the text without blanks round it, and where it begins. */
interface Piece {
  readonly text: string
  readonly at: number
}

interface Period {
  readonly startUs: number | undefined
  readonly durationUs: number | undefined
  readonly piece: Piece
}

function parsePeriod(source: Source, piece: Piece): Period {
  const found = new Map<string, number>()
  for (const clause of split(piece, ',')) {
    const colon = clause.text.indexOf(':')
    if (colon < 0) throw bad(source, clause, 'is neither start:… nor duration:…')
    const key = trimmed({ text: clause.text.slice(0, colon), at: clause.at })
    if (key.text !== 'start' && key.text !== 'duration') throw unknownKey(source, clause, key)
    if (found.has(key.text)) throw bad(source, key, 'is given twice in one period', 'put a ";" between periods')
    found.set(key.text, parseTime(source, clause, trimmed({ text: clause.text.slice(colon + 1), at: clause.at + colon + 1 })))
  }
  return { startUs: found.get('start'), durationUs: found.get('duration'), piece }
}

function unknownKey(source: Source, clause: Piece, key: Piece): UserError {
  if (key.text === '') return bad(source, clause, 'has no key before its ":"')
  const meant = closest(key.text, ['start', 'duration'])
  return bad(source, key, 'is no key of a schedule', meant ? `did you mean ${meant}` : 'the keys are start and duration')
}

/** Whole microseconds: sums and differences of them are exact, so that a schedule survives being written and read. */
function parseTime(source: Source, clause: Piece, value: Piece): number {
  if (value.text === '') throw bad(source, clause, 'has no time after its ":"', 'write a time such as 30s, 3m or 5%')
  if (value.text.endsWith('%')) return parseFraction(source, value)
  if (value.text.includes(':')) throw bad(source, value, 'is no time', 'put a "," between start and duration, and a ";" between periods')
  const ms = tryDuration(value.text, 's')
  if (ms === undefined) throw bad(source, value, 'is no time', 'write a time such as 500ms, 30s, 3m, 1h or 5%')
  return microseconds(ms)
}

function parseFraction(source: Source, value: Piece): number {
  const percent = tryDecimal(value.text.slice(0, -1).trimEnd())
  if (percent === undefined || percent > 100) throw bad(source, value, 'is no percentage from 0% to 100%')
  if (source.totalMs === undefined) {
    throw bad(source, value, 'is relative to the length of the run, which is not given', 'give it with --duration, as in --duration 5m, or write a time such as 30s')
  }
  return microseconds((percent * source.totalMs) / 100)
}

/** The documentation writes `start:30s;duration:3m` for one period: a lone start takes the lone duration behind it. */
function joinHalves(periods: readonly Period[], notes: string[]): Period[] {
  const joined: Period[] = []
  let open: Period | undefined
  for (const period of periods) {
    if (open && period.startUs === undefined) {
      const piece = { text: `${open.piece.text},${period.piece.text}`, at: open.piece.at }
      notes.push(`${open.piece.text};${period.piece.text} is read as one period, ${piece.text}`)
      joined[joined.length - 1] = { startUs: open.startUs, durationUs: period.durationUs, piece }
      open = undefined
    } else {
      joined.push(period)
      open = period.durationUs === undefined ? period : undefined
    }
  }
  return joined
}

/** The pieces between separators; empty ones (a `;` at the end) say nothing. */
function split(piece: Piece, separator: string): Piece[] {
  let at = piece.at
  const pieces: Piece[] = []
  for (const text of piece.text.split(separator)) {
    const part = trimmed({ text, at })
    if (part.text !== '') pieces.push(part)
    at += text.length + separator.length
  }
  return pieces
}

function trimmed({ text, at }: Piece): Piece {
  return { text: text.trim(), at: at + text.length - text.trimStart().length }
}

function microseconds(ms: number): number {
  return Math.round(ms * 1000)
}

function bad({ text, param }: Source, place: Piece, problem: string, hint?: string): UserError {
  const excerpt = caretUnder(text, place.at, place.text.length).replaceAll('\n', '\n  ')
  return new UserError('BAD_SCHEDULE', `${param} ${quoted(text)}: ${quoted(place.text)} ${problem}\n  ${excerpt}`, { hint })
}
