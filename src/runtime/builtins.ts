import type { ProtocolSpec } from '../engine/protocol.ts'
import type { FaultRegistry } from '../model/entry.ts'
import type { SchemeSpec } from '../model/protocol.ts'
import type { Registry } from '../model/registry.ts'

/** What listeners can speak. */
export interface ProtocolPlugins {
  readonly protocols: Registry<ProtocolSpec>
  readonly schemes: ReadonlyMap<string, SchemeSpec>
}

/** Every plug-in there is. Passed in, so that a third party's fault is one more element of an array. */
export interface Builtins extends ProtocolPlugins {
  readonly faults: FaultRegistry
}
