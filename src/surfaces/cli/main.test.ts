import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { builtins } from '../../builtins.ts'
import { testHost, type TestHostOptions } from '../../../test/helpers/host.ts'
import { main } from './main.ts'

async function fault(line: string, options: TestHostOptions = {}) {
  const world = testHost({ argv: line.split(' ').filter(Boolean), ...options })
  const exitCode = await main(world.host, builtins)
  return { exitCode, stdout: world.stdout(), stderr: world.stderr() }
}

interface Explained {
  readonly settings: Record<string, { readonly value?: unknown; readonly source: string }>
  readonly faults: readonly Record<string, unknown>[]
  readonly faultSources: readonly Record<string, string>[]
  readonly stderr: string
}

async function explain(line: string, options: TestHostOptions = {}): Promise<Explained> {
  const answer = await fault(`${line} --explain-config=json`, options)
  assert.equal(answer.exitCode, 0, answer.stderr)
  return { ...(JSON.parse(answer.stdout) as Omit<Explained, 'stderr'>), stderr: answer.stderr }
}

const types = ({ faults }: Explained) => faults.map(({ type }) => type)

test('fault alone is help and wrong usage; asked for, help is a success', async () => {
  const alone = await fault('')
  assert.deepEqual([alone.exitCode, alone.stdout], [2, ''])
  for (const line of ['--help', '-h', 'help']) assert.deepEqual(await fault(line), { exitCode: 0, stdout: alone.stderr, stderr: '' })
  assert.deepEqual((await fault('demo')).exitCode, 2)
})

test('help is found wherever it stands', async () => {
  const { stdout } = await fault('run --help')
  for (const line of ['--help run', 'help run', 'run --tail --help', 'run proxy --help']) assert.equal((await fault(line)).stdout, stdout, line)
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../../package.json'), 'utf8')) as { version: string }
  for (const line of ['--version', '-V', 'run --version']) assert.equal((await fault(line)).stdout, `fault ${version}\n`)
})

test('--help shows the documented options, --help-all every one with its variable', async () => {
  const [some, all] = [(await fault('run --help')).stdout, (await fault('run --help-all')).stdout]
  for (const word of ['--with-latency', '--latency-sched', '--dns-rate', '--upstream']) assert.ok(some.includes(word), word)
  for (const word of ['--latency-header', '--max-head', 'FAULT_LATENCY_STANDARD_DEVIATION']) assert.deepEqual([some.includes(word), all.includes(word)], [false, true], word)
})

test('help keeps to the width of the terminal', async () => {
  const { stdout } = await fault('run --help', { columns: 80 })
  const long = stdout.split('\n').filter((line) => line.length > 80 && !line.includes('<') && !line.startsWith('  fault'))
  assert.deepEqual(long, [])
})

test('every help has examples, and every example is accepted', async () => {
  for (const command of ['', 'run', 'demo', 'demo run', 'tour', 'explain', 'doctor', 'completion']) {
    const { stdout } = await fault(`${command} --help`)
    const examples = stdout.slice(stdout.indexOf('\nExamples\n')).split('\n').filter((line) => line.startsWith('  fault run '))
    assert.match(stdout, /\nExamples\n {2}\S/)
    for (const example of examples) {
      const argv = [...example.trim().matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)
      const world = testHost({ argv: [...argv.slice(1), '--explain-config'] })
      assert.equal(await main(world.host, builtins), 0, `${example}: ${world.stderr()}`)
    }
  }
})

test('documented faults come first in their order, those of --fault behind in theirs', async () => {
  const world = testHost({ argv: ['run', '--fault', 'jitter', '--with-blackhole', '--fault', 'latency 5', '--with-bandwidth', '--explain-config=json'] })
  assert.equal(await main(world.host, builtins), 0)
  assert.deepEqual(types(JSON.parse(world.stdout()) as Explained), ['bandwidth', 'blackhole', 'jitter', 'latency'])
})

test('a parameter alone switches its fault on as a flag, with a note, and does not as a variable', async () => {
  const byFlag = await explain('run --jitter-amplitude 5')
  assert.deepEqual(types(byFlag), ['jitter'])
  assert.match(byFlag.stderr, /^note: --jitter-amplitude switches jitter on, as --with-jitter does$/m)
  assert.deepEqual(types(await explain('run', { env: { FAULT_JITTER_AMPLITUDE: '5' } })), [])
  assert.deepEqual(types(await explain('run', { env: { FAULT_WITH_JITTER: 'true', FAULT_JITTER_AMPLITUDE: '5' } })), ['jitter'])
})

test('a switch given as a flag wins over its variable, either way', async () => {
  assert.deepEqual(types(await explain('run --with-jitter', { env: { FAULT_WITH_JITTER: 'false' } })), ['jitter'])
  const off = await explain('run --with-jitter=false --jitter-amplitude 5', { env: { FAULT_WITH_JITTER: 'true' } })
  assert.deepEqual(types(off), [])
  assert.match(off.stderr, /jitter is switched off/)
})

test('a flag wins over its variable one by one, and a variable that loses is not even looked at', async () => {
  const { faults, settings } = await explain('run --with-jitter --jitter-amplitude 5 --seed 7', { env: { FAULT_JITTER_FREQ: '9', FAULT_JITTER_AMPLITUDE: 'nonsense', FAULT_SEED: 'nonsense' } })
  assert.deepEqual([faults[0]!['amplitude'], faults[0]!['frequency']], [5, 9])
  assert.deepEqual(settings['seed'], { value: 7, source: 'flag --seed' })
})

test('every parameter of a fault is explained with its source', async () => {
  const env = { FAULT_LATENCY_STANDARD_DEVIATION: '2', FAULT_WITH_DNS: 'yes' }
  const { faults, faultSources } = await explain('run --latency-mean 5 --fault jitter', { env })
  assert.deepEqual(faultSources.map((sources) => Object.keys(sources)), faults.map((fault) => Object.keys(fault)))
  const [latency, dns, jitter] = faultSources
  assert.deepEqual([latency!['type'], latency!['mean'], latency!['stddev'], latency!['distribution']], ['flag --latency-mean', 'flag --latency-mean', 'env FAULT_LATENCY_STANDARD_DEVIATION', 'default'])
  assert.deepEqual([dns!['type'], dns!['probability'], jitter!['type'], jitter!['amplitude']], ['env FAULT_WITH_DNS', 'default', '--fault', 'default'])
  const { faultSources: [byText] } = await explain('run', { env: { FAULT_FAULTS: 'latency 5 stddev=2' } })
  assert.deepEqual([byText!['mean'], byText!['stddev'], byText!['side']], ['env FAULT_FAULTS', 'env FAULT_FAULTS', 'default'])
})

test('for people too', async () => {
  const { stdout } = await fault('run --latency-mean 5 --explain-config')
  assert.match(stdout, /^latency +latency 5ms +flag --latency-mean$/m)
  assert.match(stdout, /^ {2}mean +5ms +flag --latency-mean$/m)
  assert.match(stdout, /^ {2}direction +ingress +default$/m)
})

test('a fault that has a default of its own shows that one only', async () => {
  const { stdout } = await fault('run --help', { columns: 200 })
  const line = stdout.split('\n').find((one) => one.includes('--dns-rate'))!
  assert.deepEqual([line.includes('default 0.5'), line.includes('default 1')], [true, false], line)
})

test('FAULT_FAULTS holds one fault on each line, FAULT_UPSTREAMS and FAULT_PROXY lists with commas', async () => {
  const { faults, settings } = await explain('run', { env: { FAULT_FAULTS: 'jitter\n# not this\nblackhole\n', FAULT_UPSTREAMS: 'a.com, b.com', FAULT_PROXY: '1=a:1,2=b:2' } })
  assert.deepEqual(faults.map(({ type }) => type), ['jitter', 'blackhole'])
  assert.deepEqual([settings['upstream']!.value, settings['proxy']!.value], [['a.com', 'b.com'], ['1=a:1', '2=b:2']])
})

test('a variable of a Kubernetes service is not taken for ours', async () => {
  const { settings, stderr } = await explain('demo run', { env: { FAULT_DEMO_PORT: 'tcp://10.1.2.3:7070', FAULT_PROXY_PORT: 'tcp://10.1.2.3:3180' } })
  assert.deepEqual(settings['port'], { value: 7070, source: 'default' })
  assert.match(stderr, /^note: FAULT_DEMO_PORT is ignored: .*Kubernetes/m)
})

test('a variable that looks like a misspelling is noted', async () => {
  assert.match((await explain('run', { env: { FAULT_LATENCY_MAEN: '5' } })).stderr, /note: FAULT_LATENCY_MAEN is no variable of fault; did you mean FAULT_LATENCY_MEAN\?/)
  assert.equal((await explain('run', { env: { FAULT_AGENT_CLIENT: 'ollama', FAULT_LINES: '5', FAULT_SEED: '' } })).stderr, '')
})

test('a bug prints its stack and asks for a report', async () => {
  const world = testHost({ argv: ['explain', 'latency'] })
  const broken = { faults: () => Promise.reject(new Error('boom')), protocols: () => Promise.reject(new Error('boom')), all: () => Promise.reject(new Error('boom')) }
  assert.equal(await main(world.host, broken), 1)
  assert.match(world.stderr(), /^error: this is a bug[\s\S]*boom[\s\S]*\n\s+at [\s\S]*^hint: please report it/m)
})

test('colours are used on a terminal, and not with NO_COLOR or --color never', async () => {
  const colored = async (line: string, env = {}) => (await fault(line, { tty: true, env })).stderr.includes('\u001b[')
  assert.deepEqual([await colored('nope'), await colored('nope', { NO_COLOR: '1' }), await colored('nope --color never'), await colored('nope --color=always', { NO_COLOR: '1' })], [true, false, false, true])
})

test('explain lists the faults and tells everything about one', async () => {
  const { stdout } = await fault('explain')
  for (const { name, summary } of builtins.faults.list) assert.ok(stdout.includes(name) && stdout.replaceAll(/\s+/g, ' ').includes(summary), name)
  for (const spec of builtins.faults.list) {
    const page = (await fault(`explain ${spec.name}`)).stdout.replaceAll(/\s+/g, ' ')
    for (const words of [spec.summary, spec.faithful, `FAULT_WITH_`, 'fault run --fault']) assert.ok(page.includes(words), `${spec.name}: ${words}`)
  }
})

test('doctor says what runs here and what each transport can do', async () => {
  const { stdout, exitCode } = await fault('doctor')
  assert.equal(exitCode, 0)
  assert.match(stdout, /^transport +(epoll|node)/m)
  assert.match(stdout, /setTimeout counts whole milliseconds/)
})

test('the demo serves until it is interrupted', { timeout: 10_000 }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fault-demo-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const world = testHost({ argv: ['demo', 'run', '--port', '0', '--ping-url', 'self', '--log-file', 'demo.log'], cwd: folder })
  const done = main(world.host, builtins)
  const [, base] = await world.until(/ (http:\/\/localhost:\d+)\/$/m)
  assert.equal((await fetch(base!.replace('localhost', '127.0.0.1'))).status, 200)
  await world.until(/GET \/ 200/)
  world.interrupt()
  assert.equal(await done, 0)
  assert.match(readFileSync(path.join(folder, 'demo.log'), 'utf8'), /^GET \/ 200/)
})
