import type { TestContext } from 'node:test'
import { builtins } from '../../src/builtins.ts'
import { checkFault, findFault } from '../../src/derive/entries.ts'
import type { FaultEntry } from '../../src/model/entry.ts'
import { startRuntime, type Runtime } from '../../src/runtime/runtime.ts'
import type { RunSettings } from '../../src/runtime/settings.ts'
import { readAll } from '../../src/surfaces/cli/declare.ts'
import { runSettings } from '../../src/surfaces/cli/options.ts'
import type { ViewInput } from '../../src/surfaces/cli/view.ts'
import { testHost } from './host.ts'

/** A checked fault of the registry. */
export function entryOf(type: string, given: Readonly<Record<string, unknown>> = {}, totalMs?: number): FaultEntry {
  const checked = checkFault(findFault(builtins.faults, type)!, given, { totalMs })
  if (!('entry' in checked)) throw new Error(checked.problems.map(({ message }) => message).join('; '))
  return checked.entry
}

export interface ViewRun { readonly runtime: Runtime; readonly input: ViewInput }

/** A real run with a seed of 7, a free port for the forward proxy, and otherwise the defaults. */
export async function openRun(t: TestContext, faults: readonly FaultEntry[] = [], settings: Partial<RunSettings> = {}): Promise<ViewRun> {
  const all: RunSettings = {
    ...readAll(runSettings, new Map()), proxyAddress: { host: '127.0.0.1', port: 0, explicit: true }, seed: 7, transport: 'node', ...settings,
  }
  const runtime = await startRuntime({ settings: all, faults, builtins, host: testHost().host })
  t.after(() => runtime.stopNow())
  return { runtime, input: { settings: all, faults, notes: [] } }
}
