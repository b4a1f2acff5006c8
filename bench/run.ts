import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { faultProgram } from './command.ts'
import { createChildren, createPorts, type Children } from './children.ts'
import { measurePart, type PartResult } from './measure.ts'
import { parseOptions, USAGE, type Options } from './options.ts'
import { LOAD_PARTS } from './parts.ts'
import { loadAverage } from './proc.ts'
import { describeMachine, machineLine, partTable, targetTable, writeReport } from './report.ts'
import { measureRss } from './rss.ts'
import { setUp } from './setup.ts'
import { measureStartup } from './startup.ts'
import { startServers, type Bench } from './subjects.ts'
import { outcomes } from './targets.ts'

/** `npm run bench`: see `--help` and README.md beside this file. */
async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv, new Date())
  if (options === undefined) {
    console.log(USAGE)
    return 0
  }
  const program = faultProgram(options)
  setUp(options.setup)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fault-bench-'))
  const children = createChildren(folder)
  const interrupt = onInterrupt(children)
  try {
    return await benchWith(options, { program, folder, children, signal: interrupt.signal })
  } finally {
    interrupt.forget()
    children.killAll()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function benchWith(options: Options, base: Pick<Bench, 'program' | 'folder' | 'children' | 'signal'>): Promise<number> {
  const startedAt = new Date().toISOString()
  const machine = describeMachine(loadAverage())
  console.log(`${machineLine(machine)}\nmedians of ${options.rounds} interleaved rounds of ${options.seconds} s, all on 127.0.0.1; about ${minutes(options)} min\n`)
  const freePort = createPorts()
  const servers = await startServers(base.children, freePort)
  const bench: Bench = { ...base, freePort, servers, rounds: options.rounds, seconds: options.seconds, quick: options.quick, progress }
  const parts: PartResult[] = []
  for (const measure of plan(bench, options)) {
    if (base.signal.aborted) break
    const result = await measure()
    progress('')
    parts.push(result)
    console.log(partTable(result))
  }
  const found = outcomes(parts)
  if (found.length > 0) console.log(targetTable(found))
  writeReport(options.jsonFile, { machine, options, startedAt, interrupted: base.signal.aborted, parts, outcomes: found })
  console.log(`every reading: ${path.relative('.', options.jsonFile)}`)
  if (base.signal.aborted) return 130
  const failed = parts.some(({ troubles }) => troubles.length > 0) || found.some((each) => each.verdict === 'not measured')
  return failed || !options.quick && found.some((each) => each.verdict === 'MISSED') ? 1 : 0
}

function plan(bench: Bench, { parts }: Options): (() => Promise<PartResult>)[] {
  return parts.flatMap((name) => {
    if (name === 'rss') return [() => measureRss(bench)]
    if (name === 'startup') return [() => measureStartup(bench)]
    return (LOAD_PARTS[name] ?? []).map((part) => () => measurePart(bench, part))
  })
}

/** Roughly: start-up takes next to nothing, memory about one. */
function minutes({ parts, rounds, seconds }: Options): number {
  const loads = parts.flatMap((name) => LOAD_PARTS[name] ?? []).reduce((sum, { subjects, steps }) => sum + subjects.length * steps.length, 0)
  return Math.ceil(loads * (rounds + 1) * (seconds + 0.1) / 60) + (parts.includes('rss') ? 1 : 0)
}

/** One line that is written over, and only for somebody who watches. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

/** The first signal ends the measurement and reports what there is; a second one ends everything at once. */
function onInterrupt(children: Children): { readonly signal: AbortSignal; forget(): void } {
  const controller = new AbortController()
  const handle = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
    children.killAll()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of signals) process.on(name, handle)
  return { signal: controller.signal, forget: () => { for (const name of signals) process.off(name, handle) } }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
