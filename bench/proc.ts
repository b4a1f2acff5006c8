import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** HAProxy lies in /usr/sbin, which is not on everybody's path. */
export const SEARCH_PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`

/** Runs a short command and gives what it printed; its complaints go to ours. */
export function outputOf(words: readonly string[]): string {
  const [program = '', ...rest] = words
  return execFileSync(program, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PATH: SEARCH_PATH } })
}

let tickUs: number | undefined

/** User and system time of a process and all its threads, in microseconds; the kernel counts in steps of 10 ms. */
export function cpuUs(pid: number): number {
  tickUs ??= 1e6 / Number(outputOf(['getconf', 'CLK_TCK']))
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickUs
}

/** Resident memory in MB of a million bytes. */
export function rssMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024 / 1e6
}

/** How many descriptors a process may have here. */
export function descriptorLimit(): number {
  const hard = /Max open files\s+\S+\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return hard === 'unlimited' ? 1e6 : Number(hard)
}

/** Busy processes over the last minute. */
export function loadAverage(): number {
  return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0])
}
