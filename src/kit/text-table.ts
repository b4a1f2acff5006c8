/** Columns aligned by spaces, the last one wrapped at `width` and continued under itself. */
export function twoColumns(rows: readonly (readonly [left: string, right: string])[], { indent = 2, width = 100, leftMax = 38 } = {}): string {
  const left = Math.min(leftMax, Math.max(0, ...rows.map(([text]) => text.length)))
  const at = indent + left + 2
  const room = Math.max(24, width - at)
  return rows.map(([name, text]) => {
    const [first = '', ...more] = wrap(text, room)
    const head = ' '.repeat(indent) + name
    const lines = name.length > left && first !== '' ? [head, ' '.repeat(at) + first] : [first === '' ? head : head.padEnd(at) + first]
    return [...lines, ...more.map((line) => ' '.repeat(at) + line)].join('\n')
  }).join('\n')
}

/** Rows of cells under a header, each column as wide as its widest cell. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string => cells.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n')
}

/** Lines of at most `width` characters, broken at blanks; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
