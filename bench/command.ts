import { existsSync } from 'node:fs'
import path from 'node:path'

/** What one `fault run` of the bench does. Ports are on 127.0.0.1. */
export interface FaultUse {
  readonly transport: 'epoll' | 'node'
  /** A raw TCP mapping; without it, the forward proxy listens on `listen`. */
  readonly target?: number
  readonly listen: number
  /** Arguments of `--fault`. */
  readonly faults?: readonly string[]
}

/** In the chain of a raw mapping without an effect. */
export const RAW_NEUTRAL_FAULTS: Readonly<Record<string, string>> = {
  'latency': 'latency distribution=uniform min=0 max=0',
  'jitter': 'jitter amplitude=0',
  'packet-loss': 'packet-loss rate=0',
  'bandwidth': 'bandwidth rate=100GB/s',
  'blackhole': 'blackhole probability=0',
  'dns': 'dns probability=0',
}

/** In the chain of the forward proxy; the last one has no business on raw bytes and is refused there. */
export const NEUTRAL_FAULTS: Readonly<Record<string, string>> = {
  ...RAW_NEUTRAL_FAULTS,
  'http-response': 'http-response probability=0',
}

/** The words that start `fault`: the sources, the built package with `dist`, or any file with `bin`. */
export function faultProgram(options: { readonly dist: boolean; readonly bin?: string | undefined }): string[] {
  const root = path.resolve(import.meta.dirname, '..')
  const file = options.bin ? path.resolve(options.bin) : path.join(root, options.dist ? 'bin/fault.cjs' : 'src/bin.ts')
  const built = options.bin || !options.dist || existsSync(path.join(root, 'dist'))
  if (!existsSync(file) || !built) throw new Error(`nothing to measure: ${existsSync(file) ? path.join(root, 'dist') : file} is missing${options.dist ? '; npm run build makes it' : ''}`)
  return [process.execPath, file]
}

/** The one place that knows the command line of `fault run`. */
export function faultCommand(program: readonly string[], use: FaultUse): string[] {
  const where = use.target === undefined
    ? ['--proxy-address', `127.0.0.1:${use.listen}`]
    : ['--disable-http-proxy', '--proxy', `${use.listen}=127.0.0.1:${use.target}`]
  const faults = (use.faults ?? []).flatMap((fault) => ['--fault', fault])
  return [...program, 'run', '--no-ui', '--transport', use.transport, ...where, ...faults]
}

export function helpCommand(program: readonly string[]): string[] {
  return [...program, '--help']
}
