import { formatNumber } from '../../kit/units.ts'
import type { FaultTotals } from '../../model/events.ts'
import { appliedFaults, type RunState } from '../../model/run-state.ts'
import type { Titles } from './fault-words.ts'
import { humanTime, meanMs, shownMs } from './figures.ts'
import { COLORS, type Style } from './style.ts'
import { progressLine, timeLine } from './terminal-status.ts'
import { printable } from './text-width.ts'

const INDENT = '     '
const SHOWN_CAUSES = 5

interface EndContext {
  readonly style: Style
  readonly titles: Titles
  readonly elapsedMs: number
  readonly width: number
  readonly isTail: boolean
}

/** The documented last line and, after it, what was measured. */
export function endLines(state: RunState, { style, titles, elapsedMs, width, isTail }: EndContext): string[] {
  const progress = progressLine(state, { elapsedMs, frame: 0, width }, style)
  const total = isTail ? ` - Total Time ${humanTime(elapsedMs)}` : ''
  const completed = state.completed + state.answered
  return [
    '',
    ...(progress === '' ? [] : [progress]),
    timeLine(state, elapsedMs),
    `All done! ${completed} completed, ${appliedFaults(state)} applied faults, ${state.passthrough} passthrough, ${state.errors} errors${total}`,
    '',
    ...exchangeLines(state),
    ...state.faults.map((totals) => faultLine(totals, titles)),
    ...state.faults.flatMap((totals) => hintsOf(totals, state)).map((hint) => `${style.color('hint:', COLORS.cyan)} ${hint}`),
  ].map((line) => (line === '' ? '' : `${INDENT}${line}`))
}

function exchangeLines(state: RunState): string[] {
  const { started, completed, answered, failed, cancelled, reset, durations, statuses, causes } = state
  const open = started - durations.count
  const ends = Object.entries({ completed, answered, failed, cancelled, reset, open }).filter(([, count]) => count > 0)
  const lines = [`Exchanges: ${started}${ends.length > 0 ? ` (${ends.map(([how, count]) => `${count} ${how}`).join(', ')})` : ''}`]
  if (statuses.size > 0) lines.push(`Statuses: ${[...statuses].sort().map(([name, count]) => `${name} ${count}`).join(', ')}`)
  if (causes.size > 0) lines.push(`Causes: ${frequent(causes)}`)
  if (durations.count > 0) lines.push(`Duration: ${[50, 95, 99].map((percent) => `p${percent} ${shownMs(durations.percentile(percent / 100))}`).join(', ')}`)
  return [...lines, `Bytes: sent ${formatNumber(state.bytesUp)}, received ${formatNumber(state.bytesDown)}`]
}

function frequent(counts: ReadonlyMap<string, number>): string {
  const ordered = [...counts].sort(([, a], [, b]) => b - a)
  const more = ordered.length - SHOWN_CAUSES
  return `${ordered.slice(0, SHOWN_CAUSES).map(([name, count]) => `${printable(name)} ${count}`).join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}

function faultLine(totals: FaultTotals, titles: Titles): string {
  const { matched, evaluated, drawn, applied, applications, askedMs, measuredMs, unable } = totals
  const asked = meanMs(askedMs, applications)
  const measured = meanMs(measuredMs, applications)
  const times = [
    ...(asked === undefined ? [] : [`asked ~${shownMs(asked)}`]),
    ...(measured === undefined ? [] : [`measured ~${shownMs(measured)}`]),
    ...(unable > 0 ? [`unable ${unable}`] : []),
  ]
  return `${titles(totals)}: ${[`matched ${matched}`, `evaluated ${evaluated}`, `drawn ${drawn}`, `applied ${applied}`, ...times].join(', ')}`
}

/** Why a fault struck nothing. */
function hintsOf({ fault, matched, evaluated, drawn, applied, unable }: FaultTotals, { started }: RunState): string[] {
  if (applied > 0) return []
  if (started === 0) return [`${fault} was never reached: no traffic came`]
  if (matched === 0) return [`${fault} was never reached: no traffic matched it`]
  if (evaluated === 0) return [`${fault} was never reached: ${unable > 0 ? 'it could not act on the traffic that matched it' : 'no traffic that matched it came by while it was on'}`]
  return drawn === 0 ? [`${fault} struck nothing: 0 of ${evaluated} drawn`] : [`${fault} was drawn ${drawn} times and found nothing to change`]
}
