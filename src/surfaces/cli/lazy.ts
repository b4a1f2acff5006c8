import type { FaultRegistry } from '../../model/entry.ts'
import type { Builtins, ProtocolPlugins } from '../../runtime/builtins.ts'

/** The plug-ins, loaded in parts and only when needed: `--help` needs none of them, and a run without faults not the faults. */
export interface LazyBuiltins {
  faults(): Promise<FaultRegistry>
  protocols(): Promise<ProtocolPlugins>
  all(): Promise<Builtins>
}

/** Plug-ins that are loaded already count as well. */
export function lazily(builtins: Builtins | LazyBuiltins): LazyBuiltins {
  if ('all' in builtins) return builtins
  return { faults: () => Promise.resolve(builtins.faults), protocols: () => Promise.resolve(builtins), all: () => Promise.resolve(builtins) }
}
