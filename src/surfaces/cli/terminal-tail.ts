import type { EventOf, ExchangeRecord, FaultEffect } from '../../model/events.ts'
import { isError } from '../../model/run-state.ts'
import type { Titles } from './fault-words.ts'
import { meanMs, shownMs } from './figures.ts'
import { COLORS, type Style } from './style.ts'
import { spinner, type Moment } from './terminal-status.ts'
import { fit, printable } from './text-width.ts'

export interface TailContext {
  readonly style: Style
  readonly titles: Titles
  /** Whether the mapping of that name speaks TLS to its upstream. */
  readonly isTls: (proxy: string) => boolean
}

type Start = EventOf<'exchange.started'>
const INDENT = '    '
const URL_CELLS = 500
const SHOWN_IN_FLIGHT = 5
const DEFAULT_PORTS = { http: ':80', https: ':443' } as const

/** The documented line of an exchange that is over; how it ended when it did not end well stands where the status would. */
export function tailLine(record: ExchangeRecord, { style, titles, isTls }: TailContext): string {
  const { matched, faults, dnsMs, status, durationMs, firstByteMs, bytesUp, bytesDown } = record
  const failure = failureOf(record)
  const parts = [
    `URL: ${urlOf(record, isTls)}`,
    `DNS: ${shownMs(dnsMs)}`,
    matched ? faultParts(faults, { style, titles }) : 'Passthrough',
    ...(failure === undefined ? [] : [style.color(failure, COLORS.red)]),
    ...(failure === undefined || status !== undefined ? [`Status: ${statusWord(status, style)}`] : []),
    `Duration: ${shownMs(durationMs)}`,
    ...(failure === undefined ? [`TTFB ${shownMs(firstByteMs)}`] : []),
    `Sent/Received: ⭫${bytesUp}/b ⭭${bytesDown}/b`,
  ]
  return `${INDENT}${parts.join(' | ')} |`
}

function failureOf(record: ExchangeRecord): string | undefined {
  const { outcome, cause = outcome } = record
  if (isError(record)) return `Failed: ${printable(cause)}`
  if (outcome === 'cancelled') return `Cancelled: ${printable(cause)}`
  return outcome === 'reset' ? `Reset: ${printable(cause)}` : undefined
}

/** What each fault did, both directions together: the mean of its delays, and what was asked for. */
function faultParts(effects: readonly FaultEffect[], { style, titles }: Pick<TailContext, 'style' | 'titles'>): string {
  const sums = new Map<string, { type: string; applications: number; askedMs: number; measuredMs: number }>()
  for (const { fault, type, applications, askedMs, measuredMs } of effects) {
    if (applications === 0) continue
    const sum = sums.get(fault) ?? { type, applications: 0, askedMs: 0, measuredMs: 0 }
    sums.set(fault, { type, applications: sum.applications + applications, askedMs: sum.askedMs + askedMs, measuredMs: sum.measuredMs + measuredMs })
  }
  if (sums.size === 0) return style.dim('No Faults Applied')
  return [...sums].map(([fault, { type, applications, askedMs, measuredMs }]) => {
    const title = titles({ fault, type })
    const measured = meanMs(measuredMs, applications)
    const asked = meanMs(askedMs, applications)
    return `${style.color(title, COLORS.yellow)}${measured === undefined ? '' : ` ~${shownMs(measured)}`}${asked === undefined ? '' : ` asked ${shownMs(asked)}`}`
  }).join(' - ')
}

function statusWord(status: number | undefined, style: Style): string {
  if (status === undefined) return style.dim('-')
  const color = status < 300 ? COLORS.green : status >= 400 && status < 500 ? COLORS.yellow : COLORS.red
  return style.color(String(status), color)
}

/** A URL for HTTP, else the target; printable whatever the client sent. */
function urlOf({ kind, proxy, target, path }: Pick<ExchangeRecord, 'kind' | 'proxy' | 'target' | 'path'>, isTls: (proxy: string) => boolean): string {
  if (kind !== 'http') return printable(target)
  const scheme = isTls(proxy) ? 'https' : 'http'
  const port = DEFAULT_PORTS[scheme]
  const host = target.endsWith(port) ? target.slice(0, -port.length) : target
  return fit(printable(`${scheme}://${host}${path === undefined || path.startsWith('/') ? path ?? '' : ` ${path}`}`), URL_CELLS)
}

/** Exchanges that go on: the oldest of the last few, and how many more there are. */
export function flightLines(starts: readonly Start[], inFlight: number, moment: Moment, { style, isTls }: TailContext): string[] {
  const shown = starts.slice(-SHOWN_IN_FLIGHT)
  const lines = shown.map((start) => {
    const since = `${(Math.max(0, moment.elapsedMs - start.atMs) / 1000).toFixed(1)}s`
    const room = Math.max(1, moment.width - INDENT.length - ` | ... | ${since}`.length - 2)
    return `${INDENT}${style.color(spinner(moment.frame), COLORS.green)} ${fit(`URL: ${urlOf(start, isTls)}`, room)} | ... | ${since}`
  })
  const more = inFlight - shown.length
  if (more > 0) lines.push(`${INDENT}${style.dim(`… and ${more} more in flight`)}`)
  return lines.map((line) => fit(line, moment.width))
}
