import { cpuUs } from './proc.ts'
import { shuffled, type Series } from './stats.ts'
import type { Step } from './load.ts'
import type { Bench, Running, Subject } from './subjects.ts'

/** Figure → subject → one reading per round. */
export type Rows = Record<string, Record<string, (number | null)[]>>

export interface PartResult {
  readonly name: string
  readonly subjects: readonly string[]
  readonly rows: Rows
  /** What could not be measured, and why. */
  readonly troubles: string[]
}

export interface Part {
  readonly name: string
  readonly subjects: readonly Subject[]
  readonly steps: readonly Step[]
}

/** Figure by figure and round by round, in an order drawn anew each time; one round before the first is not counted. */
export async function measurePart(bench: Bench, part: Part): Promise<PartResult> {
  const result: PartResult = { name: part.name, subjects: part.subjects.map(({ name }) => name), rows: {}, troubles: [] }
  const running = await startAll(bench, part, result)
  try {
    for (let round = -1; round < bench.rounds; round++) {
      for (const [index, step] of part.steps.entries()) {
        for (const [name, subject] of shuffled([...running], (round + 1) * part.steps.length + index)) {
          if (bench.signal.aborted) return result
          bench.progress(`${part.name}: ${round < 0 ? 'warm-up' : `round ${round + 1} of ${bench.rounds}`}, ${step.name}, ${name}`)
          await measureOnce(bench, result, { round, step, name, subject })
        }
      }
    }
  } finally {
    await Promise.all([...running.values()].map(async ({ child }) => { await child?.stop() }))
  }
  return result
}

async function startAll(bench: Bench, part: Part, result: PartResult): Promise<Map<string, Running>> {
  const running = new Map<string, Running>()
  for (const subject of part.subjects) {
    if (bench.signal.aborted) break
    try {
      running.set(subject.name, await subject.start(bench))
    } catch (error) {
      if (!bench.signal.aborted) addTrouble(result, `${subject.name}: ${reasonOf(error)}`)
    }
  }
  return running
}

interface Measurement {
  readonly round: number
  readonly step: Step
  readonly name: string
  readonly subject: Running
}

async function measureOnce(bench: Bench, result: PartResult, { round, step, name, subject }: Measurement): Promise<void> {
  const pid = subject.child?.pid
  try {
    const before = pid === undefined ? 0 : cpuUs(pid)
    const { units, figures } = await step.run(bench, subject)
    if (round < 0) return
    for (const [row, value] of Object.entries(figures)) put(result.rows, { row, subject: name, round, value })
    if (pid !== undefined) put(result.rows, { row: step.cpu.row, subject: name, round, value: (cpuUs(pid) - before) / units * step.cpu.scale })
  } catch (error) {
    if (!bench.signal.aborted) addTrouble(result, `${name}, ${step.name}: ${reasonOf(error)}`)
  }
}

/** Rounds without a reading before this one stay null. */
export function put(rows: Rows, at: { readonly row: string; readonly subject: string; readonly round: number; readonly value: number }): void {
  const series = (rows[at.row] ??= {})[at.subject] ??= []
  while (series.length < at.round) series.push(null)
  series[at.round] = at.value
}

export function seriesOf(result: PartResult | undefined, row: string, subject: string): Series {
  return result?.rows[row]?.[subject] ?? []
}

/** The same trouble is told once, however many rounds it happens in. */
export function addTrouble(result: PartResult, text: string): void {
  if (!result.troubles.includes(text)) result.troubles.push(text)
}

export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n').slice(0, 4).join(' / ')
}
