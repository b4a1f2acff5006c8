import { closeSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { EXIT, UserError } from '../../kit/errors.ts'
import type { Host } from '../../kit/host.ts'
import type { FaultEntry } from '../../model/entry.ts'
import type { Event, EventBus } from '../../model/events.ts'
import type { ProtocolPlugins } from '../../runtime/builtins.ts'
import { startRuntime, type Runtime } from '../../runtime/runtime.ts'
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

/** How often sums are told to whoever listens. */
const SAMPLE_EVERY_MS = 1000

/** `fault run`: opens the proxies, shows what happens, and ends on a signal or when the time is up. */
export async function runCommand(host: Host, builtins: ProtocolPlugins, request: RunRequest): Promise<number> {
  const { settings, faults, ui } = request
  const sinks = openSinks(host, ui)
  const view = createView(host, ui, { settings, faults, notes: request.notes })
  let bus: EventBus | undefined
  const listen = (opened: EventBus): void => {
    bus = opened
    for (const sink of sinks) bus.subscribe(sink.tell)
    if (!ui.noUi) bus.subscribe((event) => view.tell(event))
  }
  try {
    const runtime = await startRuntime({ settings, faults, builtins, host, listen })
    if (!ui.noUi) view.started(runtime)
    for (const message of [...request.notes, ...runtime.notes]) bus!.emit('notice', { level: 'warning', code: 'NOTE', message })
    await untilOver(host, runtime, settings.durationMs)
    if (!ui.noUi) view.finished(runtime)
    return EXIT.ok
  } finally {
    view.dispose()
    for (const sink of sinks) sink.close()
  }
}

/** Resolves when the run has ended and everything is drained; a second signal ends it at once. */
async function untilOver(host: Host, runtime: Runtime, durationMs: number | undefined): Promise<void> {
  const { clock } = host
  const sampler = every(host, SAMPLE_EVERY_MS, () => runtime.bus.emit('traffic.sampled', runtime.sample()))
  const over = Promise.withResolvers<string>()
  let ending = false
  const off = host.onInterrupt((signal) => {
    if (ending) {
      runtime.stopNow()
      host.abort(signal === 'SIGINT' ? EXIT.interrupted : EXIT.failed)
    }
    ending = true
    over.resolve(signal)
  })
  const timer = durationMs === undefined ? undefined : clock.setTimer(durationMs, () => {
    ending = true
    over.resolve('duration')
  })
  try {
    await runtime.stop(await over.promise)
  } finally {
    timer?.cancel()
    sampler.cancel()
    off()
  }
}

function every({ clock }: Host, ms: number, act: () => void): { cancel(): void } {
  let timer = clock.setTimer(ms, again)
  function again(): void {
    act()
    timer = clock.setTimer(ms, again)
  }
  return { cancel: () => timer.cancel() }
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
      const line = `${JSON.stringify(event)}\n`
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

function openForWriting(host: Host, name: string): number {
  try {
    return openSync(path.resolve(host.cwd, name), 'w')
  } catch (error) {
    throw new UserError('CANNOT_WRITE', `cannot write to '${name}': ${(error as Error).message}`, { exitCode: EXIT.failed, hint: 'give a path in a folder that exists and may be written to' })
  }
}
