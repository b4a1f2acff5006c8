import assert from 'node:assert/strict'
import { checksOf, commandChecks, type Check } from './built-checks.ts'
import { explain, fault, notBuilt } from './drive.ts'
import { examples } from './examples.ts'
import { faultOptions } from './faults.ts'
import type { Example } from './rows.ts'
import { builtCommands, demoOptions, globalOptions, runOptions } from './settings.ts'
import { completenessChecks, platformFaultChecks, unbuiltChecks, unbuiltCommandChecks } from './unbuilt-checks.ts'
import { unbuiltAgentOptions, unbuiltCommands, unbuiltModeOptions, unbuiltPlatformOptions, unbuiltRunOptions, unbuiltScenarioOptions, unbuiltVariables } from './unbuilt.ts'

const unbuiltOptions = [...unbuiltRunOptions, ...unbuiltModeOptions, ...unbuiltPlatformOptions, ...unbuiltScenarioOptions, ...unbuiltAgentOptions, ...unbuiltVariables]

const exampleChecks = (example: Example): Check => ({
  id: `${example.page}: fault ${example.argv.join(' ')}`,
  async run() {
    if (example.unbuilt !== undefined) return notBuilt(example.argv, example.unbuilt, example.env)
    const explained = await explain(example.argv, example.env)
    for (const [name, value] of Object.entries(example.settings ?? {})) assert.deepEqual(explained.settings[name]?.value, value)
    if (example.faults === undefined) return
    assert.deepEqual(explained.faults.map(({ type }) => type), example.faults.map(({ type }) => type))
    for (const [index, expected] of example.faults.entries()) assert.deepEqual({ ...explained.faults[index], ...expected }, explained.faults[index])
  },
})

const version: Check['run'] = async () => {
  for (const flag of ['--version', '-V']) {
    const { exitCode, stdout } = await fault([flag])
    assert.equal(exitCode, 0)
    assert.match(stdout, /\d+\.\d+\.\d+/)
  }
}

const help: Check['run'] = async () => {
  const asked = await fault(['--help'])
  assert.equal(asked.exitCode, 0)
  for (const argv of [['-h'], ['help']]) assert.deepEqual(await fault(argv), asked)
  for (const word of ['run', 'demo', '--log-file', '--log-stdout', '--log-level']) assert.ok(asked.stdout.includes(word), word)
  assert.deepEqual(await fault(['help', 'run']), await fault(['run', '--help']))
}

/** Rows that are about the command line as a whole. */
const general: readonly Check[] = [
  { id: '--version and -V print the version', run: version },
  { id: '--help, -h and help print the help, help COMMAND that of a command', run: help },
  {
    id: 'fault alone prints the help and exits 2',
    async run() {
      const { exitCode, stdout, stderr } = await fault([])
      assert.equal(exitCode, 2)
      assert.ok((stdout + stderr).includes('run'))
    },
  },
  {
    id: 'how-to/proxy/faults/configure-http-error: a fault flag without a subcommand points to run',
    async run() {
      const { exitCode, stderr } = await fault(['--with-http-response', '--http-response-status', '404', '--http-response-trigger-probability', '0.5', '--http-response-body', '{"error": "true"}'])
      assert.equal(exitCode, 2)
      assert.match(stderr, /^hint: .*fault run/m)
      assert.deepEqual((await explain(['run', '--with-http-response', '--http-response-status', '404', '--http-response-trigger-probability', '0.5', '--http-response-body', '{"error": "true"}'])).faults.map(({ status, probability, body }) => ({ status, probability, body })), [{ status: 404, probability: 0.5, body: '{"error": "true"}' }])
    },
  },
  {
    id: 'run proxy means run',
    async run() {
      const [plain, proxy] = await Promise.all([explain(['run', '--with-latency', '--latency-mean', '300']), explain(['run', '--with-latency', '--latency-mean', '300', 'proxy'])])
      assert.deepEqual(proxy.faults, plain.faults)
    },
  },
  {
    id: 'NO_COLOR leaves a terminal without colours',
    async run() {
      const { stdout, stderr } = await fault(['run', '--help'], { NO_COLOR: '1' }, true)
      assert.doesNotMatch(stdout + stderr, /\u001b\[/)
    },
  },
  {
    id: 'the documented order of faults does not depend on the order of flags',
    async run() {
      const argv = ['--with-blackhole', '--with-http-response', '--with-packet-loss', '--with-jitter', '--with-dns', '--with-bandwidth', '--with-latency']
      const { faults } = await explain(['run', ...argv])
      assert.deepEqual(faults.map(({ type }) => type), ['latency', 'bandwidth', 'dns', 'jitter', 'packet-loss', 'http-response', 'blackhole'])
    },
  },
]

/** One entry per command, flag, short flag, positional argument, variable, default, alias, value and documented command line. */
export const table: readonly Check[] = [
  ...general,
  ...builtCommands.flatMap(commandChecks),
  ...[...globalOptions, ...runOptions, ...faultOptions, ...demoOptions].flatMap(checksOf),
  ...unbuiltCommands.flatMap(unbuiltCommandChecks),
  ...unbuiltOptions.flatMap(unbuiltChecks),
  ...platformFaultChecks(faultOptions),
  ...examples.map(exampleChecks),
  ...completenessChecks(unbuiltCommands, unbuiltOptions),
]
