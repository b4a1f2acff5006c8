import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import type { Clock } from '../../src/kit/clock.ts'
import { systemClock } from '../../src/kit/clock.ts'
import type { Host, Platform, TextOutput } from '../../src/kit/host.ts'

export interface TestHostOptions {
  readonly argv?: readonly string[]
  /** Nothing of the real environment is seen. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly stdin?: string
  readonly tty?: boolean
  readonly columns?: number
  readonly clock?: Clock
  readonly entropy?: number
  readonly platform?: Partial<Platform>
}

export interface TestHost {
  readonly host: Host
  /** Everything written so far. */
  stdout(): string
  stderr(): string
  /** Resolves with the match as soon as either output has it; with nothing, only the test's own time limit ends it. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  /** What a SIGINT or SIGTERM would do. */
  interrupt(signal?: 'SIGINT' | 'SIGTERM'): void
  /** How many handlers wait for a signal: 0 means an interrupt would be lost. */
  readonly interruptHandlers: number
  /** The code of the first `abort`, if there was one. */
  readonly abortedWith: number | undefined
}

/** A world of its own for one command: arguments and environment go in, text comes out, signals are given by hand. */
export function testHost(options: TestHostOptions = {}): TestHost {
  const waiting = new Set<() => void>()
  const handlers = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>()
  const stdout = collector(options, waiting)
  const stderr = collector(options, waiting)
  let abortedWith: number | undefined
  const host: Host = {
    argv: options.argv ?? [],
    env: options.env ?? {},
    cwd: options.cwd ?? tmpdir(),
    platform: { os: process.platform, arch: process.arch, nodeVersion: process.versions.node, bun: false, container: false, ...options.platform },
    stdin: Object.assign(Readable.from(options.stdin === undefined ? [] : [options.stdin]), { isTTY: options.tty ?? false }),
    stdout: stdout.output,
    stderr: stderr.output,
    clock: options.clock ?? systemClock,
    wallTime: () => Date.now(),
    entropy: () => options.entropy ?? 0x5eed,
    onInterrupt(handle) {
      handlers.add(handle)
      return () => { handlers.delete(handle) }
    },
    abort(exitCode) { abortedWith ??= exitCode },
  }
  return {
    host,
    stdout: stdout.text,
    stderr: stderr.text,
    until: (pattern) => until(pattern, [stdout.text, stderr.text], waiting),
    interrupt(signal = 'SIGINT') { for (const handle of [...handlers]) handle(signal) },
    get interruptHandlers() { return handlers.size },
    get abortedWith() { return abortedWith },
  }
}

function collector(options: TestHostOptions, waiting: ReadonlySet<() => void>) {
  let collected = ''
  const output: TextOutput = {
    isTTY: options.tty ?? false,
    columns: options.columns ?? 100,
    write(text, done) {
      collected += text
      for (const look of [...waiting]) look()
      if (done) queueMicrotask(done)
      return true
    },
  }
  return { output, text: () => collected }
}

function until(pattern: RegExp, texts: readonly (() => string)[], waiting: Set<() => void>): Promise<RegExpExecArray> {
  const find = () => texts.map((text) => new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, '')).exec(text())).find((match) => match !== null)
  const found = find()
  if (found) return Promise.resolve(found)
  return new Promise((resolve) => {
    const look = () => {
      const match = find()
      if (!match) return
      waiting.delete(look)
      resolve(match)
    }
    waiting.add(look)
  })
}
