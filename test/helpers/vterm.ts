/** What a person would see: rows of text, the cursor, and whether it is shown. Knows the escapes that the terminal view uses, and fails on others. */
export class VirtualTerminal {
  readonly #rows: string[][] = [[]]
  #row = 0
  #column = 0
  columns: number
  readonly isTTY = true
  isCursorShown = true
  /** Everything that was written. */
  written = ''
  writes = 0

  constructor(columns: number) {
    this.columns = columns
  }

  write(text: string, done?: () => void): boolean {
    this.written += text
    this.writes++
    for (const [token] of text.matchAll(/\x1b\[[?\d;]*[A-Za-z]|[\s\S]/gu)) this.#take(token)
    if (done) queueMicrotask(done)
    return true
  }

  /** Rows without blanks at their ends, empty ones at the end left out. */
  text(): string {
    return this.#rows.map((row) => row.join('').trimEnd()).join('\n').trimEnd()
  }

  /** As a terminal that lets its lines flow does it. */
  resize(columns: number): void {
    this.columns = columns
    const flowed = this.#rows.slice(0, this.#row + 1).flatMap((row) => (row.length === 0 ? [[]] : Array.from({ length: Math.ceil(row.length / columns) }, (_, index) => row.slice(index * columns, (index + 1) * columns))))
    this.#rows.splice(0, this.#rows.length, ...flowed)
    this.#row = flowed.length - 1
    this.#column = flowed.at(-1)!.length
  }

  #take(token: string): void {
    if (token === '\n') this.#to(this.#row + 1, 0)
    else if (token === '\r') this.#column = 0
    else if (token === '\x1b[?25l') this.isCursorShown = false
    else if (token === '\x1b[?25h') this.isCursorShown = true
    else if (token === '\x1b[J') this.#clearBelow()
    else if (/^\x1b\[\d+A$/.test(token)) this.#to(Math.max(0, this.#row - Number(token.slice(2, -1))), this.#column)
    else if (/^\x1b\[(?:[\d;]*m|\?2026[hl])$/.test(token)) return
    else if (token.startsWith('\x1b')) throw new Error(`the terminal does not know ${JSON.stringify(token)}`)
    else this.#draw(token)
  }

  #draw(char: string): void {
    const cells = /\p{Emoji_Presentation}/u.test(char) ? [char, ''] : [char]
    if (this.#column + cells.length > this.columns) this.#to(this.#row + 1, 0)
    for (const cell of cells) this.#rows[this.#row]![this.#column++] = cell
  }

  #to(row: number, column: number): void {
    this.#row = row
    this.#column = column
    while (this.#rows.length <= row) this.#rows.push([])
  }

  #clearBelow(): void {
    this.#rows.length = this.#row + 1
    this.#rows[this.#row]!.length = this.#column
  }
}
