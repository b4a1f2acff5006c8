import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { outputOf } from './proc.ts'
import { median, type Interval } from './stats.ts'
import type { PartResult } from './measure.ts'
import type { Options } from './options.ts'
import type { Outcome } from './targets.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly kernel: string
  readonly node: string
  readonly haproxy: string
  /** Of the minute before the run. */
  readonly load: number
}

export function describeMachine(load: number): Machine {
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, kernel: os.release(), node: process.version, load,
    haproxy: /version (\S+)/.exec(outputOf(['haproxy', '-v']))?.[1] ?? 'unknown',
  }
}

export function machineLine(machine: Machine): string {
  const busy = machine.load > machine.cores / 4 ? `; the machine is busy (load ${machine.load}), believe the ratios less` : ''
  return `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}, HAProxy ${machine.haproxy}${busy}`
}

/** Medians of the rounds, figures down and subjects across. */
export function partTable({ name, subjects, rows, troubles }: PartResult): string {
  const present = subjects.filter((subject) => Object.values(rows).some((row) => row[subject]))
  const cells = Object.entries(rows).map(([row, series]) => [row, ...present.map((subject) => figure(median(series[subject] ?? [])))])
  const lines = cells.length === 0 ? ['nothing was measured'] : table([['', ...present], ...cells])
  return [`## ${name}`, '', ...lines, ...troubles.map((trouble) => `not measured: ${trouble}`), ''].join('\n')
}

/** The targets, with how far equals differ from each other beside them. */
export function targetTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ name, bound, interval, verdict, equals }) => {
    const sign = bound.better === 'more' ? '>=' : '<='
    const equal = equals.map((each) => range(each.interval, false)).join(' · ')
    return [name, interval ? figure(interval.estimate) : '', range(interval, true), `${sign} ${bound.must}`, bound.goal === undefined ? '' : `${sign} ${bound.goal}`, verdict, equal]
  })
  const lines = table([['middle of the ratios of each round', 'is', '95 %', 'must', 'goal', 'verdict', 'A/A: equals differ by'], ...rows])
  return ['## targets', '', ...lines, '', 'A must is missed only if the whole interval is on the wrong side; "unclear" is on the wrong side with the interval reaching over.',
    'A/A: haproxy / haproxy · fault / fault, or the one pair there is. An interval that leaves out 1 says how far not to trust the row.', ''].join('\n')
}

export interface Report {
  readonly machine: Machine
  readonly options: Options
  readonly startedAt: string
  readonly interrupted: boolean
  readonly parts: readonly PartResult[]
  readonly outcomes: readonly Outcome[]
}

/** Every reading of every round, for other programs. */
export function writeReport(file: string, report: Report): void {
  const { rounds, seconds, quick, parts, dist } = report.options
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ format: 1, ...report, options: { rounds, seconds, quick, parts, dist } }, null, 1)}\n`)
}

function figure(value: number | undefined): string {
  if (value === undefined) return '-'
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}

function range(interval: Interval | undefined, alone: boolean): string {
  if (interval === undefined) return '-'
  const ends = `${figure(interval.low)} to ${figure(interval.high)}`
  return alone ? ends : `${figure(interval.estimate)} (${ends})`
}

/** Markdown that also lines up in a terminal. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => `| ${row.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join(' | ')} |`)
  const rule = `|${widths.map((width, column) => column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`).join('|')}|`
  return [lines[0] ?? '', rule, ...lines.slice(1)]
}
