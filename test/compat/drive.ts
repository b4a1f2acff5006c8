import assert from 'node:assert/strict'
import { builtins } from '../../src/builtins.ts'
import { main } from '../../src/surfaces/cli/main.ts'
import { testHost } from '../helpers/host.ts'

type Env = Readonly<Record<string, string>>

export interface Answer {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** What `--explain-config=json` prints. */
export interface Explained {
  readonly settings: Readonly<Record<string, { readonly value?: unknown; readonly source: string }>>
  readonly faults: readonly (Readonly<Record<string, unknown>> & { readonly type: string })[]
  readonly stderr: string
}

/** Runs the command line in this process to its end. */
export async function fault(argv: readonly string[], env: Env = {}, tty = false): Promise<Answer> {
  const world = testHost({ argv, env, tty })
  const exitCode = await main(world.host, builtins)
  return { exitCode, stdout: world.stdout(), stderr: world.stderr() }
}

export const EXPLAIN = '--explain-config=json'

/** Runs a command with `--explain-config=json` at its end, which starts nothing, and reads the answer. */
export async function explain(argv: readonly string[], env: Env = {}): Promise<Explained> {
  const answer = await fault([...argv, EXPLAIN], env)
  assert.equal(answer.exitCode, 0, `fault ${argv.join(' ')} should be accepted, said: ${answer.stderr}`)
  return { ...(JSON.parse(answer.stdout) as Omit<Explained, 'stderr'>), stderr: answer.stderr }
}

/** Wrong usage: exit 2, an `error:` that names one of `names`, no stack, nothing on standard output. */
export async function refused(argv: readonly string[], names: readonly string[], env: Env = {}): Promise<Answer> {
  const answer = await fault([...argv, EXPLAIN], env)
  const line = /^error: .*$/m.exec(answer.stderr)?.[0]
  assert.equal(answer.exitCode, 2, `fault ${argv.join(' ')} should be refused, said: ${answer.stderr}${answer.stdout}`)
  assert.ok(line, `an error: line is missing in: ${answer.stderr}`)
  assert.ok(names.some((name) => line.includes(name)), `"${line}" should name ${names.join(' or ')}`)
  assert.doesNotMatch(answer.stderr, /^\s+at /m)
  assert.equal(answer.stdout, '')
  return answer
}

/** Refused because it does not exist yet; the wording is the contract that goes red when the feature comes. */
export async function notBuilt(argv: readonly string[], names: readonly string[], env: Env = {}): Promise<void> {
  const { stderr } = await refused(argv, names, env)
  assert.match(stderr, /^error: .+ is not built yet$/m)
  assert.match(stderr, /^hint: .+$/m)
}
