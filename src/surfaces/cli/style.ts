import type { TextOutput } from '../../kit/host.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Text with or without escapes around it; without colours every function gives back what it was given. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  /** `code`: of the 256 colours. */
  color(text: string, code: number): string
  /** The colours one after the other, spread over the text. */
  gradient(text: string, codes: readonly number[]): string
}

export const COLORS = { red: 203, green: 78, yellow: 221, cyan: 80, orange: 208 } as const

export function createStyle(isColored: boolean): Style {
  const wrap = (text: string, on: string, off: string): string => (isColored && text !== '' ? `\x1b[${on}m${text}\x1b[${off}m` : text)
  const color = (text: string, code: number): string => wrap(text, `38;5;${code}`, '39')
  return {
    bold: (text) => wrap(text, '1', '22'),
    dim: (text) => wrap(text, '2', '22'),
    color,
    gradient(text, codes) {
      if (!isColored || codes.length === 0) return text
      const letters = [...text]
      const share = Math.ceil(letters.length / codes.length)
      return codes.map((code, index) => color(letters.slice(index * share, (index + 1) * share).join(''), code)).join('')
    },
  }
}

/** `--color`, then NO_COLOR, then FORCE_COLOR, then whether a person looks at it. */
export function wantsColor(choice: 'auto' | 'always' | 'never', output: Pick<TextOutput, 'isTTY'>, env: Env): boolean {
  if (choice !== 'auto') return choice === 'always'
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return canRedraw(output, env)
}

/** True for a terminal that can move its cursor and that somebody watches. */
export function canRedraw({ isTTY }: Pick<TextOutput, 'isTTY'>, env: Env): boolean {
  const ci = env['CI'] ?? ''
  return isTTY === true && env['TERM'] !== 'dumb' && (ci === '' || ci === 'false' || ci === '0')
}
