import { formatDuration } from '../../kit/units.ts'

/** As documented: `300.123ms`; `-` for what was not measured. */
export const shownMs = (ms: number | undefined): string => (ms !== undefined && Number.isFinite(ms) ? `${ms.toFixed(3)}ms` : '-')

/** Time each application took; undefined for nothing, and for a fault that takes no time. */
export function meanMs(sumMs: number, applications: number): number | undefined {
  return applications > 0 && sumMs > 0 ? sumMs / applications : undefined
}

const UNITS = [['week', 604_800], ['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]] as const

/** `1 hour, 30 minutes and 5 seconds`; below a second milliseconds. */
export function humanTime(ms: number): string {
  if (ms < 1000) return ms > 0 ? formatDuration(Math.round(ms)) : '0 seconds'
  const parts: string[] = []
  let left = Math.round(ms / 1000)
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size)
    left %= size
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? '' : 's'}`)
  }
  const last = parts.pop()!
  return parts.length > 0 ? `${parts.join(', ')} and ${last}` : last
}
