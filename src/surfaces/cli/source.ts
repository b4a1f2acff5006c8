import type { Given } from '../../derive/option.ts'
import type { ParsedFault } from '../../derive/text-form.ts'

/** A checked fault that knows who asked for it, and for each parameter that was given. */
export interface TracedFault extends ParsedFault {
  /** Of a key that was given, or of `type`. */
  sourceOf(key: string): string
}

/** Where a value comes from: `flag --seed`, `env FAULT_SEED` or `default`. */
export function sourceOf(given: Pick<Given, 'name' | 'source'> | undefined): string {
  return given ? `${given.source === 'flag' ? 'flag' : 'env'} ${given.name}` : 'default'
}
