import type { TestContext } from 'node:test'
import { builtins } from '../../src/builtins.ts'
import { checkFault, findFault } from '../../src/derive/entries.ts'
import type { FaultEntry } from '../../src/model/entry.ts'
import type { ExchangeRecord, FaultEffect, FaultTotals } from '../../src/model/events.ts'
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

export function recordOf(given: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    exchange: 1, connection: 1, proxy: 'http', kind: 'http', generation: 1, client: '127.0.0.1:5000', target: 'localhost:7070', method: 'GET', path: '/ping',
    status: 200, matched: true, outcome: 'completed', cause: 'end', dnsMs: 0.019, firstByteMs: 302.5, durationMs: 303.25, bytesUp: 78, bytesDown: 120, faults: [], ...given,
  }
}

export function effectOf(given: Partial<FaultEffect> = {}): FaultEffect {
  return { fault: 'latency', type: 'latency', side: 'server', direction: 'ingress', drawn: true, applications: 1, askedMs: 300, measuredMs: 300.123, bytes: 120, ...given }
}

export function totalsOf(given: Partial<FaultTotals> = {}): FaultTotals {
  return { fault: 'latency', type: 'latency', on: true, matched: 0, evaluated: 0, drawn: 0, applied: 0, applications: 0, askedMs: 0, measuredMs: 0, bytes: 0, unable: 0, ...given }
}
