import { closeSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { EXIT, UserError } from '../../kit/errors.ts'
import type { Host } from '../../kit/host.ts'
import type { Event } from '../../model/events.ts'
import { printable } from './text-width.ts'

export interface LogOptions {
  /** Appended to. */
  readonly logFile: string | undefined
  readonly logStdout: boolean
  /** A level, or a list of filters such as `info,tower_http=debug`; filters for targets that do not exist are ignored. */
  readonly logLevel: string
}

/** From the most to the least that is logged. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'off'] as const
type Level = (typeof LEVELS)[number]

function levelNamed(text: string): Level | undefined {
  const name = text.trim().toLowerCase()
  return name === 'warning' ? 'warn' : LEVELS.find((level) => level === name)
}

/**
 * The level that holds for this program in `info,tower_http=debug`: that of the target `fault`, else the one without a
 * target, else `info`. Other targets are ignored; `warning` is `warn`. Undefined: one of the levels is none.
 */
export function parseLogLevel(text: string): Level | undefined {
  const parts = text.split(',').map((part) => part.trim()).filter((part) => part !== '')
  let general: Level = 'info'
  let own: Level | undefined
  for (const part of parts) {
    const equals = part.indexOf('=')
    const level = levelNamed(part.slice(equals + 1))
    if (level === undefined) return undefined
    if (equals < 0) general = level
    else if (/^fault(?:$|[_:])/.test(part.slice(0, equals).trim())) own = level
  }
  return parts.length === 0 ? undefined : own ?? general
}

/** Writes events as lines: time, level, what happened. A full disk or a lost reader costs the log, never the run. */
export function createLogger(host: Host, options: LogOptions): { tell(event: Event): void; close(): void } {
  const least = LEVELS.indexOf(parseLogLevel(options.logLevel) ?? 'info')
  const file = options.logFile === undefined ? undefined : openLog(host, options.logFile)
  let broken = false
  let isClosed = false
  return {
    tell(event) {
      const [level, text] = describe(event)
      if (isClosed || LEVELS.indexOf(level) < least) return
      const line = `${new Date(host.wallTime()).toISOString()} ${level.toUpperCase().padEnd(5)} ${printable(text)}\n`
      if (options.logStdout) host.stdout.write(line)
      if (file === undefined || broken) return
      try {
        writeSync(file, line)
      } catch (error) {
        broken = true
        host.stderr.write(`warning: cannot write to the log '${options.logFile}' any more (${(error as Error).message}); the run goes on\n`)
      }
    },
    close() {
      if (isClosed) return
      isClosed = true
      // What a network disk has to say here came too late for the lines it lost.
      try { if (file !== undefined) closeSync(file) } catch {}
    },
  }
}

function openLog(host: Host, name: string): number {
  try {
    return openSync(path.resolve(host.cwd, name), 'a')
  } catch (error) {
    throw new UserError('CANNOT_WRITE', `cannot write to the log '${name}': ${(error as Error).message}`, { exitCode: EXIT.failed, hint: 'give --log-file a path in a folder that exists and may be written to' })
  }
}

const ms = (value: number): string => `${value.toFixed(3)}ms`

function describe(event: Event): readonly [Level, string] {
  switch (event.event) {
    case 'run.started': return ['info', `run started, seed ${event.seed}, transport ${event.transport}`]
    case 'run.finished': return ['info', `run finished (${event.reason}) after ${ms(event.durationMs)}`]
    case 'listener.opened': return ['info', `'${event.proxy}' listens on ${event.addresses.join(', ')} (${event.protocol})`]
    case 'listener.closed': return ['info', `'${event.proxy}' no longer listens on ${event.addresses.join(', ')}`]
    case 'connection.opened': return ['debug', `connection ${event.connection} from ${event.client} to '${event.proxy}'`]
    case 'connection.closed': return ['debug', `connection ${event.connection} closed (${event.reason}), ${event.bytesUp} bytes up, ${event.bytesDown} down`]
    case 'exchange.started': return ['debug', `exchange ${event.exchange}: ${event.method ?? event.kind} ${event.target}${event.path ?? ''}`]
    case 'exchange.finished': {
      const faults = event.faults.filter(({ applications }) => applications > 0).map(({ fault, measuredMs }) => ` ${fault} ${ms(measuredMs)}`).join('')
      return ['info', `exchange ${event.exchange}: ${event.method ?? event.kind} ${event.target}${event.path ?? ''} ${event.status ?? event.cause ?? event.outcome} in ${ms(event.durationMs)}${faults}`]
    }
    case 'faults.changed': return ['info', `fault set ${event.generation}: on [${event.on.join(', ')}], off [${event.off.join(', ')}]`]
    case 'traffic.sampled': return ['trace', `${event.openConnections} connections, ${event.bytesUp} bytes up, ${event.bytesDown} down`]
    case 'notice': return [event.level === 'warning' ? 'warn' : event.level, event.message]
    default: return event satisfies never
  }
}
