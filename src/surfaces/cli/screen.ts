import type { TextOutput } from '../../kit/host.ts'
import { widthOf } from './text-width.ts'

/** More than this handed over and not taken, and lines that may be missed are. */
const UNREAD_MAX_CHARS = 1024 * 1024
const DEFAULT_COLUMNS = 80

/** DEC private mode 2026: a terminal that knows it shows everything in between at once. */
const BEGIN = '\x1b[?2026h'
const FINISH = '\x1b[?2026l'
const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'

/**
 * The one owner of an output. Lines stay and scroll; on a terminal a block is redrawn below them. Nothing is written
 * before `flush`.
 */
export class Screen {
  readonly #output: TextOutput
  readonly #isLive: boolean
  #waiting: string[] = []
  #waitingChars = 0
  #unreadChars = 0
  #missed = 0
  #block: readonly string[] = []
  #isHidden = false

  /** `isLive`: the output can move its cursor. */
  constructor(output: TextOutput, isLive: boolean) {
    this.#output = output
    this.#isLive = isLive
  }

  get width(): number { return this.#output.columns !== undefined && this.#output.columns > 0 ? this.#output.columns : DEFAULT_COLUMNS }
  get waitingChars(): number { return this.#waitingChars }

  print(lines: readonly string[]): void {
    for (const line of lines) this.#put(line)
  }

  /** A line of a stream without end: when the reader is too slow it is counted instead. */
  offer(line: string): void {
    if (this.#unreadChars + this.#waitingChars > UNREAD_MAX_CHARS) {
      this.#missed++
      return
    }
    this.#reportMissed()
    this.#put(line)
  }

  /** Writes what waits, and below it the block, each line of which fits the terminal. */
  flush(block: readonly string[] = []): void {
    const isBehind = this.#unreadChars > UNREAD_MAX_CHARS && block.length > 0
    if (this.#waiting.length === 0 && (isBehind || sameLines(block, this.#block))) return
    const lines = this.#waiting.map((line) => `${line}\n`).join('')
    this.#waiting = []
    this.#waitingChars = 0
    if (!this.#isLive) return this.#write(lines)
    const hide = block.length > 0 && !this.#isHidden ? HIDE_CURSOR : ''
    if (hide !== '') this.#isHidden = true
    const erase = this.#erase()
    this.#block = block
    this.#write(`${BEGIN}${hide}${erase}${lines}${block.join('\n')}${FINISH}`)
  }

  /** The block goes, what waits is written, and the cursor is as it was. */
  close(): void {
    this.#reportMissed()
    this.flush()
    if (this.#isHidden) this.#write(SHOW_CURSOR)
    this.#isHidden = false
  }

  #put(line: string): void {
    this.#waiting.push(line)
    this.#waitingChars += line.length + 1
  }

  #reportMissed(): void {
    if (this.#missed === 0) return
    const missed = this.#missed
    this.#missed = 0
    this.#put(`    … ${missed} ${missed === 1 ? 'line is' : 'lines are'} missing: the reader is slower than the traffic`)
  }

  /** From the end of the block to its beginning; a terminal that became narrower shows its lines as several rows each. */
  #erase(): string {
    if (this.#block.length === 0) return ''
    const rows = this.#block.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / this.width)), 0)
    return `\r${rows > 1 ? `\x1b[${rows - 1}A` : ''}\x1b[J`
  }

  #write(text: string): void {
    if (text === '') return
    this.#unreadChars += text.length
    this.#output.write(text, () => { this.#unreadChars -= text.length })
  }
}

const sameLines = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((line, index) => line === b[index])
