import type { Catalogue, CatalogueFault, FaultOption } from './catalogue.ts'
import type { Given, GivenOptions } from './option.ts'

/** A fault that flags or variables ask for, not yet checked: finding these loads no declaration. */
export interface FaultRequest {
  readonly fault: string
  /** The switch or parameter that asks for it. */
  readonly cause: string
  readonly by: Given['source']
  readonly given: Readonly<Record<string, Given>>
}

/**
 * The faults asked for by flags and variables, documented ones first in their order. A parameter given as a flag asks for
 * its fault, with a note; given by variable it does not. A flag wins over a variable, one by one.
 */
export function requestedFaults(catalogue: Catalogue, options: GivenOptions): { requests: FaultRequest[]; notes: string[] } {
  const requests: FaultRequest[] = []
  const notes: string[] = []
  for (const fault of catalogue) {
    const { cause, note } = causeOf(fault, options)
    if (note !== undefined) notes.push(note)
    if (cause === undefined) continue
    const given = Object.fromEntries(parametersOf(fault).flatMap(({ key, flag }) => {
      const value = options.get(flag)
      return value ? [[key, value]] : []
    }))
    requests.push({ fault: fault.name, cause: cause.name, by: cause.source, given })
  }
  return { requests, notes }
}

const switchOf = ({ options }: CatalogueFault): FaultOption => options.find(({ key }) => key === undefined)!

const parametersOf = ({ options }: CatalogueFault): (FaultOption & { key: string })[] =>
  options.filter((option): option is FaultOption & { key: string } => option.key !== undefined)

function causeOf(fault: CatalogueFault, options: GivenOptions): { cause?: Given; note?: string } {
  const main = options.get(switchOf(fault).flag)
  const isOn = main?.values[0] === 'true'
  if (isOn) return { cause: main }
  const parameter = parametersOf(fault).map(({ flag }) => options.get(flag)).find((given) => given?.source === 'flag')
  if (!parameter) return {}
  if (main?.source === 'flag') return { note: `${parameter.name} does nothing: ${fault.name} is switched off` }
  return { cause: parameter, note: `${parameter.name} switches ${fault.name} on, as ${switchOf(fault).flag} does` }
}
