import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { BIN_FOLDER } from './children.ts'
import { outputOf, SEARCH_PATH } from './proc.ts'

const SOURCE_FOLDER = path.join(import.meta.dirname, 'c')
const PACKAGES: Readonly<Record<string, readonly string[]>> = { haproxy: ['haproxy'], cc: ['gcc', 'libc6-dev'] }

/** Makes the tools of c/ where they are older than their sources; installs what is missing only when asked to. */
export function setUp(install: boolean): void {
  if (process.platform !== 'linux') throw new Error('the bench needs Linux: epoll, /proc and prctl')
  const missing = missingPrograms()
  if (missing.length > 0) {
    const rights = process.getuid?.() === 0 ? [] : ['sudo']
    const update = [...rights, 'apt-get', 'update']
    const add = [...rights, 'apt-get', 'install', '-y', ...missing.flatMap((program) => PACKAGES[program] ?? [])]
    if (!install) throw new Error(`missing: ${missing.join(', ')}\nhint: npm run bench -- --setup, which runs: ${update.join(' ')} && ${add.join(' ')}`)
    runVisibly(update)
    runVisibly(add)
    if (missingPrograms().length > 0) throw new Error(`still missing: ${missingPrograms().join(', ')}`)
  }
  compileTools()
}

function missingPrograms(): string[] {
  const folders = SEARCH_PATH.split(':')
  return Object.keys(PACKAGES).filter((program) => !folders.some((folder) => existsSync(path.join(folder, program))))
}

function runVisibly(words: readonly string[]): void {
  const [program = '', ...rest] = words
  console.error(words.join(' '))
  const { status } = spawnSync(program, rest, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`"${words.join(' ')}" failed`)
}

function compileTools(): void {
  mkdirSync(BIN_FOLDER, { recursive: true })
  const headerAt = changedAt(path.join(SOURCE_FOLDER, 'bench.h'))
  for (const file of readdirSync(SOURCE_FOLDER).filter((name) => name.endsWith('.c'))) {
    const source = path.join(SOURCE_FOLDER, file)
    const output = path.join(BIN_FOLDER, path.basename(file, '.c'))
    if (changedAt(output) > Math.max(changedAt(source), headerAt)) continue
    outputOf(['cc', '-O2', '-Wall', '-Wextra', '-pthread', '-o', output, source])
  }
}

function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
