import { closeSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { EXIT, UserError } from '../../kit/errors.ts'
import type { Host } from '../../kit/host.ts'
import type { Event } from '../../model/events.ts'

export interface LogOptions {
  /** Appended to. */
  readonly logFile: string | undefined
  readonly logStdout: boolean
  /** A level, or a list of filters such as `info,tower_http=debug`; filters for targets that do not exist are ignored. */
  readonly logLevel: string
}

export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'off'] as const
type Level = (typeof LEVELS)[number]

const levelNamed = (text: string): Level | undefined => {
  const name = text.trim().toLowerCase()
  return name === 'warning' ? 'warn' : LEVELS.find((level) => level === name)
}

/** The level that holds for this program: the last one without a target, or the one for `fault`. Undefined: none is valid. */
export function parseLogLevel(text: string): Level | undefined {
  let chosen: Level | undefined
  for (const part of text.split(',')) {
    const [target, level] = part.includes('=') ? part.split('=', 2) : [undefined, part]
    const found = levelNamed(level!)
    if (found === undefined) return undefined
    if (target === undefined || target.trim() === 'fault') chosen = found
  }
  return chosen ?? 'info'
}

/** Writes events as lines: time, level, what happened. A full disk or a lost reader costs the log, never the run. */
export function createLogger(host: Host, options: LogOptions): { tell(event: Event): void; close(): void } {
  const least = LEVELS.indexOf(parseLogLevel(options.logLevel) ?? 'info')
  const file = options.logFile === undefined ? undefined : openLog(host, options.logFile)
  let broken = false
  return {
    tell(event) {
      const [level, text] = describe(event)
      if (LEVELS.indexOf(level) < least) return
      const line = `${new Date(host.wallTime()).toISOString()} ${level.toUpperCase().padEnd(5)} ${text}\n`
      if (options.logStdout) host.stdout.write(line)
      if (file === undefined || broken) return
      try {
        writeSync(file, line)
      } catch (error) {
        broken = true
        host.stderr.write(`warning: cannot write to the log '${options.logFile}' any more (${(error as Error).message}); the run goes on\n`)
      }
    },
    close: () => { if (file !== undefined) closeSync(file) },
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
