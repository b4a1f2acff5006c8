import type { Envelope } from '../../model/entry.ts'
import type { AnyFault } from '../../model/fault.ts'

export type SpeakingFault = Pick<AnyFault, 'name' | 'directional' | 'explain' | 'describe' | 'compat'>

interface ConfiguredFault {
  readonly spec: SpeakingFault
  readonly params: Readonly<Record<string, unknown>>
  readonly envelope: Envelope
}

/** Of the lanes, in the documented order of the faults they belong to. */
const LANE_COLORS = [39, 210, 2, 129, 220, 154, 101] as const

/** `Latency: side: Server, direction: Ingress, …`: the documented words, then what else the envelope says. */
export function faultWords({ spec, params, envelope }: ConfiguredFault): string {
  const { probability = 1, side = 'server', direction = 'ingress' } = envelope
  const described = spec.describe?.(params, probability) ?? (['flow'] as const)
  const flow = spec.directional ? [`side: ${capitalized(side)}`, `direction: ${capitalized(direction)}`] : []
  const words = described.flatMap((part) => (part === 'flow' ? flow : [`${part[0]}: ${part[1]}`]))
  if (!spec.describe) words.push(spec.explain(params))
  const saysProbability = described.some((part) => part !== 'flow' && part[0].includes('probability'))
  return `${summaryTitle(spec)}: ${[...words, ...restOf(envelope, saysProbability)].join(', ')}`
}

function restOf({ id, probability = 1, sched, scope, proxy, host, method, path, header }: Envelope, saysProbability: boolean): string[] {
  const rest = { ...(!saysProbability && probability !== 1 && { probability }), sched, scope, proxy, host, method, path, header, id }
  return Object.entries(rest).flatMap(([label, value]) => (value === undefined ? [] : [`${label}: ${[value].flat().join(' ')}`]))
}

const summaryTitle = (spec: SpeakingFault): string => spec.compat?.summaryTitle ?? laneTitle(spec)

export const laneTitle = ({ compat, name }: Pick<SpeakingFault, 'compat' | 'name'>): string => compat?.title ?? titled(name)

export function laneColor({ compat }: Pick<SpeakingFault, 'compat'>, index: number): number {
  return LANE_COLORS[((compat?.order ?? index + 1) - 1 + LANE_COLORS.length) % LANE_COLORS.length]!
}

/** How a fault is called where what it did is told. */
export type Titles = (fault: { readonly fault: string; readonly type: string }) => string

/** By type; an instance that is not called after its type is named too. */
export function titlesOf(specs: () => Iterable<SpeakingFault>): Titles {
  const known = new Map<string, string>()
  return ({ fault, type }) => {
    if (!known.has(type)) for (const spec of specs()) known.set(spec.name, spec.compat?.tailTitle ?? laneTitle(spec))
    const title = known.get(type) ?? titled(type)
    return fault === type ? title : `${title} (${fault})`
  }
}

/** `Packet Loss` for `packet-loss`. */
const titled = (name: string): string => name.split(/[-_ ]/).map(capitalized).join(' ')
const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
