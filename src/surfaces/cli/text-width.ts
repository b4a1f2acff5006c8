/** Escapes that colour text: no width of their own. */
const SGR = /^\x1b\[[\d;]*m/

/** Unicode UAX #11: ranges that are wide or full-width, and pictures that are drawn as two cells. */
const WIDE = new RegExp([
  '[\\u1100-\\u115f\\u2329\\u232a\\u2e80-\\u303e\\u3041-\\u33ff\\u3400-\\u4dbf\\u4e00-\\ua4cf\\ua960-\\ua97f\\uac00-\\ud7a3',
  '\\uf900-\\ufaff\\ufe10-\\ufe19\\ufe30-\\ufe6f\\uff01-\\uff60\\uffe0-\\uffe6\\u{1b000}-\\u{1b2ff}\\u{20000}-\\u{3fffd}]|\\p{Emoji_Presentation}',
].join(''), 'u')
const ZERO = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]/u
const JOINER = 0x200d
const PICTURE = 0xfe0f

interface Token { readonly text: string; readonly width: number }

/** Cells that `text` takes on a terminal; escapes that colour take none. */
export function widthOf(text: string): number {
  let width = 0
  for (const token of tokens(text)) width += token.width
  return width
}

/** `text` in at most `width` cells; what does not fit gives way to `…`. */
export function fit(text: string, width: number): string {
  if (text.length <= width && isPlain(text)) return text
  let used = 0
  let kept = ''
  let spare: string | undefined
  let isColored = false
  for (const token of tokens(text)) {
    if (token.text.startsWith('\x1b')) isColored = true
    if (used + token.width > width) return width < 1 ? '' : `${spare ?? kept}…${isColored ? '\x1b[0m' : ''}`
    if (used + token.width > width - 1) spare ??= kept
    used += token.width
    kept += token.text
  }
  return kept
}

/** Nothing in it can move the cursor, hide text or turn its direction: such characters are written as their numbers. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
}

const isPlain = (text: string): boolean => /^[ -~]*$/.test(text)

function* tokens(text: string): Generator<Token> {
  let at = 0
  let isJoined = false
  while (at < text.length) {
    const escape = text[at] === '\x1b' ? SGR.exec(text.slice(at, at + 32)) : null
    const token = escape ? escape[0] : String.fromCodePoint(text.codePointAt(at)!)
    at += token.length
    if (escape) {
      yield { text: token, width: 0 }
      continue
    }
    const code = token.codePointAt(0)!
    yield { text: token, width: isJoined ? 0 : widthOfChar(token, code, text.codePointAt(at)) }
    isJoined = code === JOINER
  }
}

/** A narrow sign that is followed by the selector for its picture is drawn as wide as one. */
function widthOfChar(char: string, code: number, next: number | undefined): number {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 0
  if (code < 0x7f) return next === PICTURE ? 2 : 1
  if (code >= 0x1f3fb && code <= 0x1f3ff) return 0
  if (code >= 0x1f1e6 && code <= 0x1f1ff) return 1
  if (ZERO.test(char)) return 0
  return next === PICTURE || WIDE.test(char) ? 2 : 1
}
