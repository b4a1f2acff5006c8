import { faultCommand, helpCommand } from './command.ts'
import { untilListening } from './children.ts'
import { addTrouble, put, reasonOf, type PartResult } from './measure.ts'
import { shuffled } from './stats.ts'
import type { Bench } from './subjects.ts'

export const STARTUP = { row: 'ms', node: 'node -e 0', nodeAgain: 'node -e 0 again', help: 'fault --help', listening: 'fault run, listening' } as const
const RUN_LIMIT_MS = 20_000
const POLL_MS = 1

/** Milliseconds from spawning a process to its end, or to its port accepting. */
export async function measureStartup(bench: Bench): Promise<PartResult> {
  const node = () => bench.children.run([process.execPath, '-e', '0'], RUN_LIMIT_MS)
  const actions: readonly (readonly [string, () => Promise<unknown>])[] = [
    [STARTUP.node, timed(node)],
    [STARTUP.nodeAgain, timed(node)],
    [STARTUP.help, timed(() => bench.children.run(helpCommand(bench.program), RUN_LIMIT_MS))],
    [STARTUP.listening, () => listening(bench)],
  ]
  const result: PartResult = { name: 'startup', subjects: actions.map(([name]) => name), rows: {}, troubles: [] }
  for (let round = -1; round < bench.rounds; round++) {
    for (const [name, action] of shuffled(actions, round + 1)) {
      if (bench.signal.aborted) return result
      bench.progress(`startup: round ${round + 1}, ${name}`)
      try {
        const value = Number(await action())
        if (round >= 0) put(result.rows, { row: STARTUP.row, subject: name, round, value })
      } catch (error) {
        if (!bench.signal.aborted) addTrouble(result, `${name}: ${reasonOf(error)}`)
      }
    }
  }
  return result
}

function timed(run: () => Promise<unknown>): () => Promise<number> {
  return async () => {
    const startedAt = performance.now()
    await run()
    return performance.now() - startedAt
  }
}

async function listening(bench: Bench): Promise<number> {
  const listen = await bench.freePort()
  const startedAt = performance.now()
  const child = bench.children.start(faultCommand(bench.program, { transport: 'epoll', listen }))
  try {
    await untilListening(child, listen, POLL_MS)
    return performance.now() - startedAt
  } finally {
    await child.stop()
  }
}
