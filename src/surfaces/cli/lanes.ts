import type { Schedule } from '../../model/schedule.ts'

export const SCHEDULE_CELLS = 55
export const PROGRESS_CELLS = 52

/** One cell for each 55th of the time: `█` where it is on. A window too short for any cell's middle still gets one. */
export function scheduleLane({ windows, activeAt }: Pick<Schedule, 'windows' | 'activeAt'>, endMs: number, cells: number = SCHEDULE_CELLS): string {
  if (!(endMs > 0)) return '.'.repeat(cells)
  const cellMs = endMs / cells
  const lane = Array.from({ length: cells }, (_, index) => activeAt((index + 0.5) * cellMs))
  for (const { startMs, endMs: windowEndMs } of windows) {
    const first = Math.floor(startMs / cellMs)
    const last = Math.min(cells, Math.ceil(windowEndMs / cellMs))
    if (startMs < endMs && !lane.slice(first, last).includes(true)) lane[first] = true
  }
  return lane.map((isOn) => (isOn ? '█' : '.')).join('')
}

/** The time that lanes are drawn up to: of the run, else of the last change; undefined when nothing ever changes. */
export function timelineEndMs(schedules: readonly Pick<Schedule, 'windows'>[], durationMs: number | undefined): number | undefined {
  if (durationMs !== undefined && durationMs > 0) return durationMs
  const windows = schedules.flatMap((schedule) => schedule.windows)
  const ends = windows.map(({ endMs }) => endMs).filter(Number.isFinite)
  const last = Math.max(0, ...ends, ...windows.filter(({ endMs }) => endMs === Infinity).map(({ startMs }) => startMs))
  const hasEndless = windows.some(({ startMs, endMs }) => endMs === Infinity && startMs === last)
  return last > 0 ? last * (hasEndless ? 2 : 1) : undefined
}

/** The way of a run of known length, on both sides of the turtle, which takes a cell of its own. */
export function progressLane(elapsedMs: number, durationMs: number, cells: number = PROGRESS_CELLS): { readonly done: string; readonly left: string } {
  const at = Math.min(cells - 1, Math.floor(shareOf(elapsedMs, durationMs) * cells))
  return { done: '-'.repeat(at), left: '-'.repeat(cells - 1 - at) }
}

/** How much of the run is over, 0 to 1; one of no length is over. */
export function shareOf(elapsedMs: number, durationMs: number): number {
  return durationMs > 0 ? Math.min(1, Math.max(0, elapsedMs / durationMs)) : 1
}
