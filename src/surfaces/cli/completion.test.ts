import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { builtins } from '../../builtins.ts'
import { testHost } from '../../../test/helpers/host.ts'
import { main } from './main.ts'

async function script(shell: string): Promise<string> {
  const world = testHost({ argv: ['completion', shell] })
  assert.equal(await main(world.host, builtins), 0)
  return world.stdout()
}

/** Runs a shell on its standard input, or skips the test where there is none. */
function runShell(t: TestContext, shell: string, args: readonly string[], input: string): string | undefined {
  const result = spawnSync(shell, args, { input, encoding: 'utf8' })
  if (result.error) {
    t.skip(`${shell} is not installed`)
    return undefined
  }
  assert.equal(result.status, 0, result.stderr)
  return result.stdout
}

for (const [shell, check] of [['bash', ['-n']], ['zsh', ['-n']], ['fish', ['-n']]] as const) {
  test(`the completion for ${shell} is a script it can read`, async (t) => { runShell(t, shell, check, await script(shell)) })
}

test('the completion for powershell is a script it can read', async (t) => {
  runShell(t, 'pwsh', ['-NoProfile', '-Command', '-'], await script('powershell'))
})

test('bash completes commands, flags, choices and arguments', async (t) => {
  const cases: readonly (readonly [line: string, expected: string])[] = [
    ['r', 'run'], ['demo ru', 'run'], ['run --latency-distribution u', 'uniform'], ['run --latency-distribution = u', 'uniform'], ['run --bandwidth-un', '--bandwidth-unit'],
    ['demo run --ping', '--ping-url'], ['demo run --tai', ''], ['explain jit', 'jitter'], ['completion po', 'powershell'], ['run --seed ', ''], ['--color n', 'never'],
  ]
  const asks = cases.map(([line]) => `COMP_WORDS=(fault ${line}${line.endsWith(' ') ? '""' : ''}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _fault; echo "\${COMPREPLY[*]}"`)
  const output = runShell(t, 'bash', [], `${await script('bash')}\n${asks.join('\n')}\n`)
  if (output !== undefined) assert.deepEqual(output.split('\n').slice(0, -1), cases.map(([, expected]) => expected))
})

test('every shell offers every flag of run', async () => {
  const world = testHost({ argv: ['run', '--help-all'] })
  await main(world.host, builtins)
  const flags = [...new Set(world.stdout().match(/(?<=^ {2}.{0,4})--[\w-]+/gm))]
  assert.ok(flags.length > 100, String(flags.length))
  for (const shell of ['bash', 'zsh', 'powershell']) {
    const text = await script(shell)
    assert.deepEqual(flags.filter((flag) => !text.includes(flag)), [], shell)
  }
  const fish = await script('fish')
  assert.deepEqual(flags.filter((flag) => !fish.includes(` -l ${flag.slice(2)}`)), [])
})
