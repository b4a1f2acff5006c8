import { closeSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { EXIT, UserError } from '../../kit/errors.ts'
import type { Host } from '../../kit/host.ts'
import type { FaultEntry } from '../../model/entry.ts'
import type { Event } from '../../model/events.ts'
import type { ProtocolPlugins } from '../../runtime/builtins.ts'
import { runProxy } from '../../operations/run-proxy.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { RunSettings } from '../../runtime/settings.ts'
import { createLogger } from './log.ts'
import { createView } from './terminal.ts'

export interface UiOptions {
  readonly noUi: boolean
  readonly tail: boolean
  readonly color: 'auto' | 'always' | 'never'
  /** NDJSON of every event. */
  readonly events: string | undefined
  readonly logFile: string | undefined
  readonly logStdout: boolean
  readonly logLevel: string
}

export interface RunRequest {
  readonly settings: RunSettings
  readonly faults: readonly FaultEntry[]
  readonly notes: readonly string[]
  readonly ui: UiOptions
}

/** `fault run`: opens the proxies, shows what happens, and ends on a signal or when the time is up. */
export async function runCommand(host: Host, plugins: ProtocolPlugins, request: RunRequest): Promise<number> {
  const { settings, faults, notes, ui } = request
  const isSilent = ui.noUi || ui.events === '-'
  const sinks = openSinks(host, ui)
  const view = createView(host, ui, { settings, faults, notes })
  if (!isSilent) sinks.push({ tell: (event) => view.tell(event), close: () => view.dispose() })
  const { signal, release, runs } = interruptible(host)
  try {
    const runtime = await runProxy({
      settings, faults, host, plugins, notes,
      started: (started) => {
        runs(started)
        if (!isSilent) view.started(started)
      },
    }, { signal, emit: sinks.length > 0 ? (event) => { for (const sink of sinks) sink.tell(event) } : undefined })
    if (!isSilent) view.finished(runtime)
    return EXIT.ok
  } finally {
    release()
    for (const sink of sinks) sink.close()
  }
}

/** The first interrupt asks for the end, a second one cuts everything. */
function interruptible(host: Host): { readonly signal: AbortSignal; release(): void; runs(runtime: Runtime): void } {
  const controller = new AbortController()
  let runtime: Runtime | undefined
  const release = host.onInterrupt((name) => {
    if (!controller.signal.aborted) return controller.abort(name)
    runtime?.stopNow()
    host.abort(name === 'SIGINT' ? EXIT.interrupted : EXIT.failed)
  })
  return { signal: controller.signal, release, runs: (started) => { runtime = started } }
}

interface EventSink { tell(event: Event): void; close(): void }

/** Opened before anything starts, so that a bad path fails at once. */
function openSinks(host: Host, { events, logFile, logStdout, logLevel }: UiOptions): EventSink[] {
  const sinks: EventSink[] = []
  if (events !== undefined) sinks.push(eventFile(host, events))
  if (logFile !== undefined || logStdout) sinks.push(createLogger(host, { logFile, logStdout, logLevel }))
  return sinks
}

function eventFile(host: Host, name: string): EventSink {
  const out = name === '-' ? undefined : openForWriting(host, name)
  let broken = false
  return {
    tell(event) {
      const line = `${JSON.stringify(event, rounded)}\n`
      if (out === undefined) {
        host.stdout.write(line)
        return
      }
      if (broken) return
      try {
        writeSync(out, line)
      } catch (error) {
        broken = true
        host.stderr.write(`warning: cannot write to '${name}' any more (${(error as Error).message}); the run goes on\n`)
      }
    },
    close: () => { if (out !== undefined) closeSync(out) },
  }
}

/** Milliseconds to the microsecond: what lies below is noise. */
const rounded = (key: string, value: unknown): unknown => (typeof value === 'number' && key.endsWith('Ms') ? Math.round(value * 1000) / 1000 : value)

function openForWriting(host: Host, name: string): number {
  try {
    return openSync(path.resolve(host.cwd, name), 'w')
  } catch (error) {
    throw new UserError('CANNOT_WRITE', `cannot write to '${name}': ${(error as Error).message}`, { exitCode: EXIT.failed, hint: 'give a path in a folder that exists and may be written to' })
  }
}
