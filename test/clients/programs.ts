import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'

export { closedPort as freePort } from '../helpers/ports.ts'

export interface Ran { readonly code: number | null; readonly stdout: string; readonly stderr: string; readonly ms: number }

/** Runs a program to its end, at most 30 s. */
export async function run(program: string, args: readonly string[], options: { env?: Record<string, string>; input?: string | Buffer } = {}): Promise<Ran> {
  const startedAt = performance.now()
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: 30_000, env: { PATH: process.env['PATH'], HOME: '/nonexistent', LC_ALL: 'C.UTF-8', ...options.env } })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text) => { stdout += String(text) })
  child.stderr.on('data', (text) => { stderr += String(text) })
  child.stdin.on('error', () => {})
  child.stdin.end(options.input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr, ms: performance.now() - startedAt }
}

/** Real programs are a must where the checks decide, and a line that says so elsewhere. */
export function missing(...programs: string[]): string | false {
  const absent = programs.filter((program) => find(program) === undefined)
  if (absent.length === 0) return false
  if (process.env['CI'] === 'true') throw new Error(`not installed, but the checks need them: ${absent.join(', ')}`)
  return `skipped: ${absent.join(', ')} not installed`
}

export function find(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), ...postgresFolders()]
  return folders.map((folder) => path.join(folder, program)).find(existsSync)
}

function postgresFolders(): string[] {
  const root = '/usr/lib/postgresql'
  return existsSync(root) ? readdirSync(root).map((version) => path.join(root, version, 'bin')) : []
}

/** A folder that goes with the test. */
export function temporaryFolder(t: TestContext, owner?: { uid: number; gid: number }): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'fault-clients-'))
  if (owner) chownSync(folder, owner.uid, owner.gid)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Ends a server with the test, and waits until it has ended. */
export function endWith(t: TestContext, child: ChildProcess, signal: NodeJS.Signals): void {
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  })
}

/** Resolves when something accepts on `port`. */
export async function listening(port: number, child: ChildProcess, ms = 20_000): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    const socket = net.connect(port, '127.0.0.1')
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing listens on ${port} after ${ms} ms`)
}

/** PostgreSQL does not run as root: who it runs as then. */
export function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: id('-u'), gid: id('-g') }
}
