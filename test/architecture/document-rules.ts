import path from 'node:path'
import { FOLDERS, type FolderRule } from './folders.ts'
import type { TextFile } from './source.ts'

/** Where the table of ARCHITECTURE.md differs from the one that is enforced. */
export function tableComplaints(architecture: TextFile, folders: Readonly<Record<string, FolderRule>> = FOLDERS): string[] {
  const rows = new Map(architecture.text.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    const name = /^`([\w/*]+)`$/.exec(cells[1] ?? '')?.[1]
    return name === undefined || cells.length < 6 ? [] : [[name, cells] as const]
  }))
  const complaints: string[] = []
  for (const [name, rule] of Object.entries(folders)) {
    const cells = rows.get(name)
    if (!cells) complaints.push(`${architecture.path} has no row for \`${name}\` in its table of folders: add one`)
    else {
      const wanted = [rule.imports, rule.modules]
      for (const [index, column] of ['may import', 'from outside'].entries()) {
        const shown = wanted[index]!.map((word) => `\`${word}\``).join(', ') || '–'
        if (cells[index + 2] !== shown) complaints.push(`${architecture.path}: "${column}" of \`${name}\` is "${cells[index + 2]}", but FOLDERS in test/architecture/folders.ts says "${shown}": make them agree`)
      }
      if (cells[4] === '') complaints.push(`${architecture.path}: the row of \`${name}\` does not say what it may not do`)
    }
  }
  for (const name of rows.keys()) if (!(name in folders)) complaints.push(`${architecture.path} has a row for \`${name}\`, which has no rule: remove it, or add it to FOLDERS in test/architecture/folders.ts`)
  return complaints
}

/** Links and paths in the documents that lead nowhere. `exists` gets paths from the root of the repository. */
export function linkComplaints(documents: readonly TextFile[], exists: (path: string) => boolean): string[] {
  return documents.flatMap(({ path: name, text }) => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!).filter((link) => !/^[a-z]+:/.test(link))
    const linked = links.map((link) => path.posix.join(path.posix.dirname(name), link))
    const quoted = [...text.matchAll(/`((?:src|test|scripts|bench)\/[\w./-]*)`/g)].map((match) => match[1]!)
    return [...new Set([...linked, ...quoted])].filter((target) => !exists(target)).map((target) => `${name} points to ${target}, which is not there: correct it`)
  })
}
