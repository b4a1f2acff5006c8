/**
 * Glob for paths, matched against the whole text: `*` is any run inside a segment, `**` any run, `?` one character
 * that is not `/`. A `/*` at the end means everything below: `/api/*` matches `/api/`, `/api/a` and `/api/a/b`, not `/api`;
 * `*` alone is every path.
 * Matching takes one pass over the text, whatever text and pattern are.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  return compile(pattern === '*' || pattern.endsWith('/*') ? `${pattern}*` : pattern, '/')
}

/**
 * Glob for host names, without case and trailing dot: `*` alone is every host, `*.example.com` every name below
 * example.com at any depth (not example.com itself), any other `*` a run inside a label.
 */
export function compileHostGlob(pattern: string): (host: string) => boolean {
  const bare = plainHost(pattern)
  const matches = compile(bare === '*' ? '**' : bare.startsWith('*.') ? `*${bare}` : bare, '.')
  return (host) => matches(plainHost(host))
}

function plainHost(text: string): string {
  return (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase()
}

function compile(pattern: string, separator: '/' | '.'): (text: string) => boolean {
  const wild = pattern.search(/[*?]/)
  if (wild < 0) return (text) => text === pattern
  const prefix = pattern.slice(0, wild)
  const rest = pattern.slice(wild)
  // What everybody writes needs no automaton.
  if (/^\*{2,}$/.test(rest)) return (text) => text.startsWith(prefix)
  const automaton = build(tokens(rest), separator)
  return (text) => text.startsWith(prefix) && run(automaton, text, wild)
}

type Token = '**' | '*' | '?' | number

/** Stars side by side are one star: the widest of them. */
function tokens(pattern: string): Token[] {
  const list: Token[] = []
  for (const [text] of pattern.matchAll(/\*+|[^*]/g)) {
    if (text === '?') list.push('?')
    else if (text.startsWith('*')) list.push(text.length > 1 ? '**' : '*')
    else list.push(text.charCodeAt(0))
  }
  return list
}

/**
 * A set of positions in the pattern as bits, 32 to a word, moved over the text all at once. Each table has one word
 * per 32 positions: where a character may step on, where it may stay (stars), which positions an empty star skips.
 */
interface Automaton {
  readonly words: number
  readonly separator: number
  readonly last: number
  readonly start: Int32Array
  /** Positions that step on any character but the separator (`?`). */
  readonly any: Int32Array
  readonly steps: ReadonlyMap<number, Int32Array>
  readonly none: Int32Array
  /** Positions that stay on any character (`**`), and on any but the separator (both stars). */
  readonly stays: Int32Array
  readonly staysInside: Int32Array
}

function build(list: readonly Token[], separator: string): Automaton {
  const words = (list.length >> 5) + 1
  const table = (): Int32Array => new Int32Array(words)
  const start = table()
  const any = table()
  const stays = table()
  const staysInside = table()
  const steps = new Map<number, Int32Array>()
  const separatorCode = separator.charCodeAt(0)
  for (const [position, token] of list.entries()) {
    if (typeof token === 'number') {
      const step = steps.get(token) ?? table()
      setBit(step, position)
      steps.set(token, step)
    } else if (token === '?') setBit(any, position)
    else {
      setBit(staysInside, position)
      if (token === '**') setBit(stays, position)
    }
  }
  for (const [code, step] of steps) if (code !== separatorCode) any.forEach((bits, word) => { step[word]! |= bits })
  setBit(start, 0)
  skipStars(start, staysInside)
  return { words, separator: separatorCode, last: list.length, start, any, steps, none: table(), stays, staysInside }
}

function run(automaton: Automaton, text: string, from: number): boolean {
  const { words, separator, steps, none, any, stays, staysInside } = automaton
  const state = automaton.start.slice()
  for (let index = from; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    const inside = code !== separator
    const step = steps.get(code) ?? (inside ? any : none)
    const stay = inside ? staysInside : stays
    let carry = 0
    let alive = 0
    for (let word = 0; word < words; word += 1) {
      const bits = state[word]!
      const stepped = bits & step[word]!
      state[word] = (stepped << 1) | carry | (bits & stay[word]!)
      carry = stepped >>> 31
      alive |= state[word]!
    }
    if (alive === 0) return false
    skipStars(state, staysInside)
  }
  return (state[automaton.last >> 5]! & (1 << (automaton.last & 31))) !== 0
}

/** A star may match nothing. No two stand side by side, so one move is enough. */
function skipStars(state: Int32Array, stars: Int32Array): void {
  let carry = 0
  for (let word = 0; word < state.length; word += 1) {
    const skipped = state[word]! & stars[word]!
    state[word] = state[word]! | (skipped << 1) | carry
    carry = skipped >>> 31
  }
}

function setBit(table: Int32Array, position: number): void {
  table[position >> 5]! |= 1 << (position & 31)
}
