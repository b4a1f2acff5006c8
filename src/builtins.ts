import { faults } from './faults/index.ts'
import { protocols, schemes } from './protocols/index.ts'
import type { Builtins } from './runtime/builtins.ts'

/** The one list of plug-ins. */
export const builtins: Builtins = { faults, protocols, schemes }
