import { quoted } from '../kit/caret.ts'
import { UserError } from '../kit/errors.ts'
import type { FaultEntry } from '../model/entry.ts'

/** What each fault is called in events and decisions: the `id` it was given, else its type with its rank among its type. */
export function idsOf(entries: readonly FaultEntry[]): string[] {
  const ranks = new Map<string, number>()
  return entries.map(({ spec, envelope }) => {
    const rank = (ranks.get(spec.name) ?? 0) + 1
    ranks.set(spec.name, rank)
    return envelope.id ?? (rank === 1 ? spec.name : `${spec.name}#${rank}`)
  })
}

/** UserError when two faults have one id. `nameOf`: how the user knows the fault of that index. */
export function checkIds(entries: readonly FaultEntry[], nameOf: (index: number) => string): void {
  const owners = new Map<string, number>()
  for (const [index, id] of idsOf(entries).entries()) {
    const owner = owners.get(id)
    owners.set(id, index)
    if (owner === undefined) continue
    throw new UserError('DUPLICATE_ID', `${nameOf(index)}: the id ${quoted(id)} is that of ${nameOf(owner)} too`, { hint: 'give each fault an id of its own; without one it is called after its type' })
  }
}
