import { UserError } from '../kit/errors.ts'
import { SELF, type Problem } from './entries.ts'

/** How the user knows what was given: the words for the fault itself and for each key, and an excerpt that shows the place. */
export interface Place {
  /** `--fault "latency mean=x"`, `faults.yaml:3:5`, `--with-latency`. */
  readonly where: string
  label?(key: string): string
  /** Lines that show where in the text the problem is. */
  excerpt?(problem: Pick<Problem, 'key' | 'isAboutKey'>): string | undefined
}

/** All problems of one fault as one error; the first hint is the one shown. UserError BAD_FAULT, exit 2. */
export function refusal(problems: readonly Problem[], place: Place): UserError {
  const lines = problems.map((problem) => describe(problem, place, problems.length === 1))
  const [only = ''] = lines
  const message = lines.length === 1 ? only : [`${place.where}: ${lines.length} problems`, ...lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}`)].join('\n')
  return new UserError('BAD_FAULT', message, { hint: problems.find(({ hint }) => hint)?.hint ?? 'fault explain shows what each fault takes' })
}

function describe(problem: Problem, place: Place, alone: boolean): string {
  const { message, key } = problem
  const label = key === undefined ? (alone ? place.where : '') : (place.label?.(key) ?? (alone ? `${place.where}: ${key}` : key))
  if (message.startsWith(SELF)) return label + message.slice(SELF.length)
  const excerpt = place.excerpt?.(problem)
  return `${label === '' ? '' : `${label}: `}${message}${excerpt === undefined ? '' : `\n  ${excerpt.replaceAll('\n', '\n  ')}`}`
}
