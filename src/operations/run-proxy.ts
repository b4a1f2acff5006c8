import type { Clock } from '../kit/clock.ts'
import type { Host } from '../kit/host.ts'
import type { FaultEntry } from '../model/entry.ts'
import type { Event } from '../model/events.ts'
import type { ProtocolPlugins } from '../runtime/builtins.ts'
import { startRuntime, type Runtime } from '../runtime/runtime.ts'
import type { RunSettings } from '../runtime/settings.ts'
import type { OperationContext } from './operation.ts'

export interface RunProxyInput {
  readonly settings: RunSettings
  readonly faults: readonly FaultEntry[]
  readonly host: Host
  readonly plugins: ProtocolPlugins
  /** Worth a word at start; told as notices with those of the runtime. */
  readonly notes: readonly string[]
  /** The listeners are open. */
  readonly started: (runtime: Runtime) => void
}

/** How often sums are told to whoever listens. */
const SAMPLE_EVERY_MS = 1000

/** Opens the proxies and keeps them until the signal or the end of the duration; resolves when everything is drained. */
export async function runProxy(input: RunProxyInput, { signal, emit }: OperationContext<Event>): Promise<Runtime> {
  const { settings, faults, host, plugins } = input
  const runtime = await startRuntime({ settings, faults, host, builtins: plugins, listen: (bus) => { if (emit) bus.subscribe(emit) } })
  input.started(runtime)
  for (const message of [...input.notes, ...runtime.notes]) runtime.bus.emit('notice', { level: 'warning', code: 'NOTE', message })
  const sampler = every(host.clock, SAMPLE_EVERY_MS, () => runtime.bus.emit('traffic.sampled', runtime.sample()))
  try {
    await runtime.stop(await ending(host.clock, signal, settings.durationMs))
  } finally {
    sampler.cancel()
  }
  return runtime
}

/** The reason: of the signal, or that the time is up. */
function ending(clock: Clock, signal: AbortSignal, durationMs: number | undefined): Promise<string> {
  return new Promise((resolve) => {
    const timer = durationMs === undefined ? undefined : clock.setTimer(durationMs, () => resolve('duration'))
    const aborted = (): void => {
      timer?.cancel()
      resolve(String(signal.reason))
    }
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
  })
}

function every(clock: Clock, ms: number, act: () => void): { cancel(): void } {
  let timer = clock.setTimer(ms, again)
  function again(): void {
    act()
    timer = clock.setTimer(ms, again)
  }
  return { cancel: () => timer.cancel() }
}
