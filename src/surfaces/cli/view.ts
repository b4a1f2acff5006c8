import type { FaultEntry } from '../../model/entry.ts'
import type { Event } from '../../model/events.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { RunSettings } from '../../runtime/settings.ts'

/** What a person sees of a run. */
export interface View {
  tell(event: Event): void
  /** The proxies listen: the start-up summary. */
  started(runtime: Runtime): void
  /** Everything is over: the final summary. */
  finished(runtime: Runtime): void
  /** Gives the terminal back as it was, however the run ended. */
  dispose(): void
}

export interface ViewInput {
  readonly settings: RunSettings
  readonly faults: readonly FaultEntry[]
  readonly notes: readonly string[]
}
