import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SEARCH_PATH } from './proc.ts'

export const BIN_FOLDER = path.join(import.meta.dirname, 'bin')
const LISTEN_DEADLINE_MS = 15_000
const STOP_GRACE_MS = 1000
const TEXT_MAX = 4000

/** A process that was started and not yet waited for. */
export interface Child {
  readonly pid: number
  readonly process: ChildProcess
  /** With the exit code, or the signal's name. */
  readonly ended: Promise<number | string>
  /** What it said on standard error, the beginning. */
  complaint(): string
  /** SIGTERM, and SIGKILL to whoever is still there after a second. */
  stop(): Promise<void>
}

/** Every process of the bench. Each dies with the bench, also when that is killed: see c/tether.c. */
export interface Children {
  start(words: readonly string[], stdio?: StdioOptions): Child
  /** Runs a tool to its end and gives what it printed; throws its complaint when it failed or took too long. */
  run(words: readonly string[], limitMs: number): Promise<string>
  killAll(): void
}

/** `folder` is where they run: what a subject writes beside itself goes there. */
export function createChildren(folder: string): Children {
  const living = new Set<ChildProcess>()
  const env = cleanEnvironment(process.env)
  const start = (words: readonly string[], stdio: StdioOptions = ['ignore', 'ignore', 'pipe']): Child => {
    const child = spawn(path.join(BIN_FOLDER, 'tether'), [String(process.pid), ...words], { cwd: folder, env, stdio })
    living.add(child)
    let complaint = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => { if (complaint.length < TEXT_MAX) complaint += text })
    const ended = new Promise<number | string>((resolve) => {
      child.once('error', (error) => { living.delete(child); resolve(error.message) })
      child.once('close', (code, signal) => { living.delete(child); resolve(code ?? signal ?? 'unknown') })
    })
    const stop = async () => {
      child.kill('SIGTERM')
      const grace = new AbortController()
      void sleep(STOP_GRACE_MS, undefined, { signal: grace.signal }).then(() => child.kill('SIGKILL'), () => undefined)
      await ended
      grace.abort()
    }
    return { pid: child.pid ?? 0, process: child, ended, complaint: () => fromFirstError(complaint.trim()), stop }
  }
  const run = async (words: readonly string[], limitMs: number) => {
    const child = start(words, ['ignore', 'pipe', 'pipe'])
    let output = ''
    child.process.stdout?.setEncoding('utf8').on('data', (text: string) => { output += text })
    const limit = new AbortController()
    const tooLate = sleep(limitMs, 'too late' as const, { signal: limit.signal }).catch(() => 'cancelled' as const)
    const code = await Promise.race([child.ended, tooLate])
    limit.abort()
    if (code === 'too late') {
      child.process.kill('SIGKILL')
      throw new Error(`${path.basename(words[0] ?? '')} did not end within ${limitMs / 1000} s`)
    }
    if (code !== 0) throw new Error(`${path.basename(words[0] ?? '')} ended with ${code}: ${child.complaint() || 'it said nothing'}`)
    return output
  }
  return { start, run, killAll: () => { for (const child of living) child.kill('SIGKILL') } }
}

/** Without the source lines that node prints before the error itself. */
function fromFirstError(text: string): string {
  return text.slice(Math.max(0, text.search(/^\w*error\b/im)))
}

/** Path of a compiled tool. */
export const tool = (name: string): string => path.join(BIN_FOLDER, name)

/** Below the ports the kernel gives to outgoing connections, so that none of ten thousand of those takes it in between. */
const FIRST_PORT = 12_000
const LAST_PORT = 29_000

/** Free ports, each given once. */
export function createPorts(): () => Promise<number> {
  let next = FIRST_PORT + process.pid % 16_000
  return async () => {
    for (let tries = 0; tries < 2000; tries++) {
      next = next >= LAST_PORT ? FIRST_PORT : next + 1
      if (await isFree(next)) return next
    }
    throw new Error(`no free port between ${FIRST_PORT} and ${LAST_PORT}`)
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** Resolves when the port accepts; throws the child's complaint when it ends before, or after 15 s. */
export async function untilListening(child: Child, port: number, pollMs = 10): Promise<void> {
  const state: { ended?: number | string } = {}
  void child.ended.then((code) => { state.ended = code })
  const deadline = performance.now() + LISTEN_DEADLINE_MS
  while (!await accepts(port)) {
    if (state.ended !== undefined) throw new Error(`ended with ${state.ended} before it listened: ${child.complaint() || 'it said nothing'}`)
    if (performance.now() > deadline) throw new Error(`does not listen on port ${port} after ${LISTEN_DEADLINE_MS / 1000} s: ${child.complaint()}`)
    await sleep(pollMs)
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => { socket.destroy(); resolve(true) })
    socket.once('error', () => { socket.destroy(); resolve(false) })
  })
}

/** A user's own settings and proxies must not steer what is measured. */
function cleanEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^(FAULT_.*|NODE_.*|(http|https|all|no)_proxy)$/i.test(name))
  return { ...Object.fromEntries(kept), PATH: SEARCH_PATH }
}
