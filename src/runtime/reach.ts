import type { ProtocolSpec } from '../engine/protocol.ts'
import type { CapabilityName } from '../engine/wire/capabilities.ts'
import type { Transport } from '../engine/wire/wire.ts'
import { closest } from '../kit/did-you-mean.ts'
import { UserError } from '../kit/errors.ts'
import type { FaultEntry } from '../model/entry.ts'
import { hooksOf, type HookName } from '../model/fault.ts'

/** What faults may act on: one listener that is there or will be. */
export interface Reachable {
  readonly name: string
  readonly protocol: ProtocolSpec
  /** Its targets are given as addresses, which are not looked up. */
  readonly isNumeric: boolean
}

/** A fault that the transport cannot do is a UserError with the reason. */
export function checkNeeds(transport: Transport, faults: readonly FaultEntry[]): void {
  for (const { spec, params } of faults) {
    for (const need of spec.needs?.(params) ?? []) {
      const can = transport.can(need as CapabilityName)
      if (can === true) continue
      const hint = transport.name === 'node' ? '--transport epoll, where it works (Linux; fault doctor says why not)' : '--transport node'
      throw new UserError('TRANSPORT_CANNOT', `${spec.name} cannot act on the ${transport.name} transport: ${can}`, { hint })
    }
  }
}

/** Match fields that only a parsed request can answer. */
const REQUEST_FIELDS = ['method', 'path', 'header'] as const

/**
 * A fault that no listener can carry is a UserError (NO_SUCH_PROXY, FAULT_CANNOT_ACT); one that only some can, or only
 * in part, is a note for each of the others.
 */
export function checkReach(listeners: readonly Reachable[], faults: readonly FaultEntry[]): string[] {
  const notes = new Set<string>()
  for (const fault of faults) for (const note of notesOn(fault, listenersFor(fault, listeners))) notes.add(note)
  for (const { name, protocol } of listeners) if (protocol.limits) notes.add(`'${name}': ${protocol.limits}`)
  return [...notes]
}

function listenersFor({ spec, envelope }: FaultEntry, listeners: readonly Reachable[]): readonly Reachable[] {
  if (envelope.proxy === undefined) return listeners
  const names = listeners.map(({ name }) => name)
  const wanted = [envelope.proxy].flat()
  const missing = wanted.find((name) => !names.includes(name))
  if (missing === undefined) return listeners.filter(({ name }) => wanted.includes(name))
  const meant = closest(missing, names)
  const hint = meant === undefined ? `the proxies are ${names.map((name) => `'${name}'`).join(', ')}` : `did you mean '${meant}'?`
  throw new UserError('NO_SUCH_PROXY', `${spec.name} is for proxy '${missing}', which is not there`, { hint })
}

function notesOn({ spec, envelope }: FaultEntry, meant: readonly Reachable[]): string[] {
  const hooks = hooksOf(spec)
  const fields = REQUEST_FIELDS.filter((field) => envelope[field] !== undefined)
  const what = fields.length === 0 ? spec.name : `${spec.name} with ${fields.join(' and ')}`
  const canAct = (carries: readonly HookName[]): boolean =>
    hooks.some((hook) => carries.includes(hook)) && (fields.length === 0 || carries.includes('request'))
  const cannot = meant.filter(({ protocol }) => !canAct(protocol.carries))
  const [first] = cannot
  if (first && cannot.length === meant.length) {
    const { name, protocol } = first
    const lack = `${spec.name} acts on ${hooks.join(', ')}; ${protocol.name} carries ${protocol.carries.join(', ') || 'no faults yet'}`
    const hint = fields.length > 0 && hooks.some((hook) => protocol.carries.includes(hook)) ? 'only a proxy that parses HTTP can tell: map to http:// or https://, or use the forward proxy' : lack
    throw new UserError('FAULT_CANNOT_ACT', `${what} cannot act on '${name}', which speaks ${protocol.name}`, { hint })
  }
  const blind = meant.filter(({ protocol }) => canAct(protocol.carries) && protocol.blind && !canAct(protocol.blind.carries))
  const isIdle = hooks.every((hook) => hook === 'resolve') && meant.every(({ isNumeric }) => isNumeric)
  return [
    ...cannot.map(({ name, protocol }) => `${what} cannot act on '${name}', which speaks ${protocol.name}`),
    ...blind.map(({ name, protocol }) => `${what} acts on '${name}' but not ${protocol.blind!.where}`),
    ...(isIdle ? [`${what} has nothing to act on: every target is an address, which needs no look-up`] : []),
  ]
}
