/** Leaves room for an indent on a terminal of 80 columns. */
const WIDTH = 76
const CUT = '…'
const LENGTH_MAX = 400

/**
 * Two lines: `text` and, under the `length` characters from `index`, carets. What is not printable becomes a blank,
 * and of long text only the surroundings are shown.
 */
export function caretUnder(text: string, index: number, length = 1): string {
  const at = Math.max(0, Math.min(index, text.length))
  const from = at < WIDTH - 10 ? 0 : at - WIDTH / 2
  const lead = from > 0 ? CUT : ''
  const until = text.length - from + lead.length > WIDTH ? from + WIDTH - lead.length - CUT.length : text.length
  const marked = Math.max(1, Math.min(length, until - at))
  const shown = `${lead}${printable(text.slice(from, until))}${until < text.length ? CUT : ''}`
  return `${shown}\n${' '.repeat(columns(lead + text.slice(from, at)))}${'^'.repeat(Math.max(1, columns(text.slice(at, at + marked))))}`
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, ' ')
}

function columns(text: string): number {
  return [...text].length
}

/** `text` in single quotes for a message, cut when long; control characters are shown as escapes, so that none reaches a terminal. */
export function quoted(text: string): string {
  const short = text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}${CUT}` : text
  return `'${short.replace(/[\p{Cc}\u2028\u2029]/gu, (char) => JSON.stringify(char).slice(1, -1))}'`
}
