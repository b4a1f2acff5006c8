import { CR, HTAB, SP } from './grammar.ts'

/**
 * The field lines of one message. What came from the wire is cut into names and values only when somebody asks,
 * and goes out as it came, odd whitespace included, unless it was edited.
 */
export class FieldLines {
  #list: string[] | undefined
  #asRead: readonly string[] | undefined
  readonly #text: string
  readonly #at: number

  /** `text` from `at` on: validated field lines and the empty line. Without a text, the list is all there is. */
  constructor(list: string[] | undefined, text = '', at = 0) {
    this.#list = list
    this.#text = text
    this.#at = at
  }

  /** Flat: name, value, name, value. */
  get list(): string[] {
    if (this.#list === undefined) {
      this.#list = cutFields(this.#text, this.#at)
      this.#asRead = this.#list.slice()
    }
    return this.#list
  }

  set list(list: string[]) {
    // Cut first, so that a list equal to what was read still goes out as it came.
    if (this.list !== list) this.#list = list
  }

  /** The lines and the empty line behind them. */
  get block(): string {
    const list = this.#list
    if (list === undefined) return this.#text.substring(this.#at)
    if (this.#asRead !== undefined && equal(list, this.#asRead)) return this.#text.substring(this.#at)
    let out = ''
    for (let index = 0; index + 1 < list.length; index += 2) out += list[index]! + ': ' + list[index + 1]! + '\r\n'
    return out + '\r\n'
  }
}

function equal(list: readonly string[], other: readonly string[]): boolean {
  if (list.length !== other.length) return false
  for (let index = 0; index < list.length; index++) if (list[index] !== other[index]) return false
  return true
}

function cutFields(text: string, start: number): string[] {
  const list: string[] = []
  for (let at = start; at < text.length && text.charCodeAt(at) !== CR;) {
    const colon = text.indexOf(':', at)
    const end = text.indexOf('\r', colon)
    list.push(text.substring(at, colon), trimmed(text, colon + 1, end))
    at = end + 2
  }
  return list
}

/** A slice without the whitespace around it (OWS, RFC 9110 §5.6.3). */
export function trimmed(text: string, start: number, end: number): string {
  let first = start
  let last = end
  while (first < last && isSpace(text.charCodeAt(first))) first++
  while (last > first && isSpace(text.charCodeAt(last - 1))) last--
  return text.substring(first, last)
}

const isSpace = (code: number): boolean => code === SP || code === HTAB

/** Calls `take` with each non-empty element of a comma-separated list. */
export function eachElement(value: string, take: (element: string) => void): void {
  for (let start = 0; start <= value.length;) {
    const comma = value.indexOf(',', start)
    const end = comma < 0 ? value.length : comma
    const element = trimmed(value, start, end)
    if (element !== '') take(element)
    start = end + 1
  }
}
