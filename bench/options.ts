import path from 'node:path'
import { parseArgs } from 'node:util'

const PART_NAMES = ['tcp', 'conns', 'bulk', 'http', 'faults', 'rss', 'startup'] as const
export type PartName = (typeof PART_NAMES)[number]

export interface Options {
  readonly rounds: number
  /** Of one measurement. */
  readonly seconds: number
  readonly quick: boolean
  readonly parts: readonly PartName[]
  readonly jsonFile: string
  readonly dist: boolean
  readonly bin: string | undefined
  readonly setup: boolean
}

export const USAGE = `usage: npm run bench -- [options]

  --only LIST      some of ${PART_NAMES.join(',')}
  --rounds N       rounds of every measurement, at least 2 (15)
  --seconds S      length of one measurement (0.8)
  --quick          3 rounds of 0.25 s: does it run at all; verdicts do not count
  --dist           measure the built package, not the sources
  --bin FILE       measure another build of fault
  --name NAME      results go to bench/results/NAME.json (the time)
  --json FILE      or to FILE
  --setup          install what is missing with apt-get, then measure
  --help           this text

Ends with 0, with 1 when a must was missed or something could not be measured, with 130 when interrupted.`

/** Undefined when only the usage was asked for. */
export function parseOptions(argv: readonly string[], now: Date): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string' }, rounds: { type: 'string' }, seconds: { type: 'string' }, quick: { type: 'boolean', default: false },
      dist: { type: 'boolean', default: false }, bin: { type: 'string' }, name: { type: 'string' }, json: { type: 'string' },
      setup: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const name = values.name ?? now.toISOString().slice(0, 19).replaceAll(':', '-')
  return {
    rounds: numberIn('--rounds', values.rounds, values.quick ? 3 : 15, 2, 1000),
    seconds: numberIn('--seconds', values.seconds, values.quick ? 0.25 : 0.8, 0.05, 60),
    quick: values.quick,
    parts: partsOf(values.only),
    jsonFile: path.resolve(values.json ?? path.join(import.meta.dirname, 'results', `${name}.json`)),
    dist: values.dist,
    bin: values.bin,
    setup: values.setup,
  }
}

function numberIn(name: string, text: string | undefined, standard: number, least: number, most: number): number {
  const value = text === undefined ? standard : Number(text)
  if (!(value >= least && value <= most)) throw new Error(`${name} "${text}" is not a number from ${least} to ${most}`)
  return value
}

function partsOf(list: string | undefined): readonly PartName[] {
  if (list === undefined) return PART_NAMES
  const words = list.split(',')
  const unknown = words.find((word) => !PART_NAMES.some((name) => name === word))
  if (unknown !== undefined) throw new Error(`--only "${unknown}" is none of ${PART_NAMES.join(', ')}`)
  return PART_NAMES.filter((name) => words.includes(name))
}
