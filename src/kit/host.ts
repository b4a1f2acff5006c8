import type { Clock } from './clock.ts'

export interface TextOutput {
  write(text: string, done?: () => void): boolean
  readonly isTTY?: boolean
  readonly columns?: number
}

/** What machine and runtime this is; platform branches ask here, never `process`. */
export interface Platform {
  readonly os: NodeJS.Platform
  readonly arch: string
  readonly nodeVersion: string
  /** Bun runs node programs on another event loop. */
  readonly bun: boolean
  /** Inside a container, where loopback is a world of its own. */
  readonly container: boolean
}

/** The outside world. `node-host.ts` makes the real one; tests make their own. Nothing else touches `process`. */
export interface Host {
  /** Without the program and script names. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly platform: Platform
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: TextOutput
  readonly stderr: TextOutput
  readonly clock: Clock
  /** Milliseconds since the Unix epoch, for time stamps only; durations come from `clock`. */
  wallTime(): number
  /** A fresh unsigned 32-bit number from the operating system; used once, for a seed nobody chose. */
  entropy(): number
  /** Calls `handle` for each SIGINT or SIGTERM until the returned function is called. */
  onInterrupt(handle: (signal: 'SIGINT' | 'SIGTERM') => void): () => void
  /** Ends the process at once: only for the second interrupt. */
  abort(exitCode: number): void
}
