import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtins } from '../../builtins.ts'
import { testHost } from '../../../test/helpers/host.ts'
import { main } from './main.ts'

interface Row {
  readonly what: string
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What the `error:` line must name. */
  readonly says: string | RegExp
  readonly hint?: RegExp
}

const words = (line: string): string[] => line.split(' ')
const run = (line: string, says: Row['says'], hint?: RegExp): Row => ({ what: line, argv: ['run', ...words(line)], says, ...(hint && { hint }) })
const variable = (name: string, value: string, line = ''): Row => ({ what: `${name}=${value}`, argv: ['run', ...words(line).filter(Boolean)], env: { [name]: value }, says: name })

const unknown: readonly Row[] = [
  run('--wiht-latency', '--wiht-latency', /did you mean --with-latency\?/),
  run('--latency-maen 5', '--latency-maen', /did you mean --latency-mean\?/),
  run('--zzzzzzzzzzzzz', '--zzzzzzzzzzzzz', /fault run --help/),
  { what: 'a flag of another command', argv: ['demo', 'run', '--tail'], says: /--tail is no flag of fault demo run/, hint: /fault run/ },
  { what: 'an unknown command', argv: ['rnu'], says: 'rnu', hint: /did you mean fault run\?/ },
  { what: 'an unknown command below another', argv: ['demo', 'rn'], says: 'demo rn', hint: /did you mean fault demo run\?/ },
  { what: 'an unknown command that is like nothing', argv: ['zzzzzz'], says: 'zzzzzz', hint: /fault --help/ },
  { what: 'a fault flag without a command', argv: words('--with-latency --latency-mean 300'), says: 'a command is missing', hint: /^hint: fault run --with-latency --latency-mean 300$/m },
  { what: 'an argument too many', argv: ['run', 'now'], says: 'now' },
  { what: 'an unknown fault to explain', argv: ['explain', 'letency'], says: 'letency', hint: /did you mean latency\?/ },
  { what: 'an unknown shell', argv: ['completion', 'tcsh'], says: 'tcsh', hint: /bash, zsh, fish, powershell/ },
  { what: 'no shell', argv: ['completion'], says: 'shell' },
  { what: 'an unknown fault', argv: ['run', '--fault', 'latancy 5'], says: 'latancy', hint: /did you mean latency\?/ },
  { what: 'an unknown parameter', argv: ['run', '--fault', 'latency maen=5'], says: 'maen', hint: /did you mean mean\?/ },
]

const values: readonly Row[] = [
  run('--duration soon', '--duration'), run('--duration -5s', '--duration'), run('--duration 5parsecs', '--duration'), run('--duration', /--duration: a value is missing/),
  { ...run('--duration 0', '--duration'), what: 'D-36: --duration 0' },
  { ...run('--duration 0s --tail', '--duration'), what: 'D-36: --duration 0s --tail' },
  run('--seed -1', '--seed'), run('--seed 1.5', '--seed'), run('--seed 4294967296', '--seed'), run('--seed NaN', '--seed'),
  run('--transport carrier-pigeon', '--transport', /./), run('--color pink', '--color'), run('--log-level loud', '--log-level'), run('--log-level info,x=loud', '--log-level'),
  run('--proxy-address 127.0.0.1:99999', '--proxy-address'), run('--proxy-address 127.0.0.1:http', '--proxy-address'), run('--proxy-address somewhere', '--proxy-address'),
  run('--proxy-address ::1:3180:x', '--proxy-address'), run('--bind a/b', '--bind'),
  run('--connect-timeout 0', '--connect-timeout'), run('--idle-timeout never', '--idle-timeout'), run('--buffer-limit 0', '--buffer-limit'), run('--max-head lots', '--max-head'),
  run('--tail=maybe', '--tail'), run('--no-ui=2', '--no-ui'), run('--explain-config=yaml', '--explain-config'),
  run('--upstream a:99999', '--upstream'), run('--upstream http://', '--upstream'), run('--upstream 10.0.0.0/99', '--upstream'),
  run('--tls-cert no-such.pem --tls-key no-such.pem', '--tls-cert'), run('--tls-cert a.pem', '--tls-cert', /--tls-key/), run('--upstream-ca no-such.pem', '--upstream-ca'),
  { what: 'nothing to listen on', argv: ['run', '--disable-http-proxy'], says: 'nothing to listen on', hint: /--proxy/ },
  { what: 'a demo port out of range', argv: words('demo run 127.0.0.1 99999'), says: '--port' },
  { what: 'a demo port twice', argv: words('demo run 127.0.0.1 7070 --port 7071'), says: 'PORT' },
  { what: 'a ping url', argv: words('demo run --ping-url ftp://x'), says: '--ping-url' },
]

const mappings: readonly Row[] = [
  run('--proxy 9090', '--proxy'), run('--proxy =example.com:80', '--proxy'), run('--proxy 9090=', '--proxy'), run('--proxy 99999=example.com:80', '--proxy'),
  run('--proxy 9090=example.com:99999', '--proxy'), run('--proxy 9090=example.com', '--proxy'), run('--proxy 9090=htpt://example.com', '--proxy', /http/), run('--proxy tcp:psql:9090=example.com:80', '--proxy'),
]

const parameters: readonly Row[] = [
  run('--with-latency --latency-distribution pareto', 'pareto'), run('--with-latency --latency-distribution pareto --latency-shape 1.5', 'scale'),
  run('--with-latency --latency-distribution uniform --latency-min 50 --latency-max 20', /min .*max/), run('--with-latency --latency-distribution gaussian --latency-mean 5', '--latency-distribution'),
  run('--with-latency --latency-mean NaN', '--latency-mean'), run('--with-latency --latency-mean=-5', '--latency-mean'), run('--with-latency --latency-mean 2h', '--latency-mean'), run('--latency-mean Infinity', '--latency-mean'),
  run('--with-latency --latency-mean 5 --latency-side upstream', '--latency-side'), run('--with-latency --latency-mean 5 --latency-direction sideways', '--latency-direction'),
  run('--with-bandwidth --bandwidth-rate 0', '--bandwidth-rate'), run('--with-bandwidth --bandwidth-rate NaN', '--bandwidth-rate'), run('--with-bandwidth --bandwidth-unit parsecs', '--bandwidth-unit'),
  run('--with-dns --dns-rate 1.5', '--dns-rate'), run('--with-dns --dns-rate 50', '--dns-rate'), run('--with-http-response --http-response-trigger-probability=-0.1', '--http-response-trigger-probability'),
  run('--with-http-response --http-response-status 99', '--http-response-status'), run('--with-http-response --http-response-status NaN', '--http-response-status'), run('--with-packet-loss --packet-loss-probability 2', '--packet-loss-probability'),
  run('--latency-mean 5 --latency-host a:99999', '--latency-host'),
  { what: 'several wrong parameters at once', argv: ['run', ...words('--latency-mean x --latency-stddev y')], says: '2 problems' },
  { what: 'a side for a fault that sits on no stream', argv: ['run', '--fault', 'dns side=client'], says: 'side' },
  { what: 'a schedule under both names', argv: ['run', '--fault', 'latency 5 sched=duration:1s period=duration:1s'], says: 'period' },
  { what: 'two faults with one id, of which one is its type', argv: ['run', '--fault', 'latency 1', '--fault', 'latency 1 id=latency'], says: /--fault 'latency 1 id=latency': the id 'latency' .* --fault 'latency 1'/, hint: /id/ },
  { what: 'two faults with one id that was given', argv: ['run', ...words('--latency-mean 5 --latency-id a --fault'), 'jitter id=a'], says: '\'a\'', hint: /id/ },
  { what: 'an id that is the rank of another fault', argv: ['run', '--fault', 'latency 1 id=latency#2', '--fault', 'latency 2'], says: '\'latency#2\'', hint: /id/ },
  run('--latency-min 5 --latency-max 9', 'add --latency-distribution uniform'),
  { what: 'a quote that does not end', argv: ['run', '--fault', 'http-response 503 body="x'], says: 'quote' },
  { what: 'a word without a key', argv: ['run', '--fault', 'latency 5 6'], says: '\'6\'' },
]

const schedules: readonly Row[] = [
  run('--latency-mean 5 --latency-sched tomorrow', '--latency-sched'), run('--latency-mean 5 --latency-sched start:5%,duration:40%', '--latency-sched', /--duration/),
  run('--latency-mean 5 --latency-sched start:5s,length:3s', '--latency-sched'), run('--latency-mean 5 --duration 1m --latency-sched start:150%', '--latency-sched'),
]

const variables: readonly Row[] = [
  ...['FAULT_WITH_LATENCY', 'FAULT_PROXY_NO_UI', 'FAULT_PROXY_TAILING', 'FAULT_DISABLE_HTTP_PROXY', 'FAULT_WITH_STDOUT_LOGGING', 'FAULT_VIA', 'FAULT_LATENCY_PER_READ_WRITE'].map((name) => variable(name, 'maybe')),
  variable('FAULT_PROXY_DURATION', 'soon'), { ...variable('FAULT_PROXY_DURATION', '0'), what: 'D-36: FAULT_PROXY_DURATION=0' }, variable('FAULT_PROXY_ADDRESS', 'nowhere'), variable('FAULT_HTTP_PROXY_ADDRESS', '1.2.3.4:70000'),
  variable('FAULT_SEED', 'x'), variable('FAULT_TRANSPORT', 'x'), variable('FAULT_LOG_LEVEL', 'loud'), variable('FAULT_UPSTREAMS', 'a.com,b:0x'), variable('FAULT_PROXY', '9090'), variable('FAULT_FAULTS', 'latency 5\nlatancy 5'),
  variable('FAULT_LATENCY_MEAN', 'fast', '--with-latency'), variable('FAULT_BANDWIDTH_RATE', '0', '--with-bandwidth'), variable('FAULT_DNS_PROBABILITY', '50', '--with-dns'),
  variable('FAULT_HTTP_FAULT_STATUS', 'x', '--with-http-response'), variable('FAULT_JITTER_FREQ', 'often', '--with-jitter'),
  { what: 'FAULT_DEMO_PORT=abc', argv: ['demo', 'run'], env: { FAULT_DEMO_PORT: 'abc' }, says: 'FAULT_DEMO_PORT' },
  { what: 'fault_WITH_LATENCY=maybe', argv: ['run'], env: { fault_WITH_LATENCY: 'maybe' }, says: 'fault_WITH_LATENCY' },
]

const unbuilt: readonly Row[] = [
  run('--grpc-plugin http://x', /^error: --grpc-plugin is not built yet$/m, /doctor --compat/), run('-g x', '--grpc-plugin'), run('--stealth', '--stealth'),
  { what: 'an unbuilt command', argv: words('scenario run --scenario x.yaml'), says: 'fault scenario run is not built yet' }, { what: 'an unbuilt document', argv: words('run x.yaml'), says: 'is not built yet' },
  variable('FAULT_ENABLE_STEALTH', 'true'),
]

for (const { what, argv, env = {}, says, hint = /./ } of [...unknown, ...values, ...mappings, ...parameters, ...schedules, ...variables, ...unbuilt]) {
  test(`exit 2 with error and hint, nothing started: ${what}`, { timeout: 10_000 }, async () => {
    const world = testHost({ argv, env })
    assert.equal(await main(world.host, builtins), 2, world.stderr())
    const [, error] = /^(error: .*)$/m.exec(world.stderr()) ?? assert.fail(world.stderr())
    const [said] = /^hint: .+$/m.exec(world.stderr()) ?? assert.fail(`no hint: ${world.stderr()}`)
    assert.ok(typeof says === 'string' ? error!.includes(says) : says.test(error!), `${error!} should say ${String(says)}`)
    assert.match(said, hint)
    assert.doesNotMatch(world.stderr(), /^\s+at /m)
    assert.equal(world.stdout(), '')
    assert.equal(world.interruptHandlers, 0)
  })
}

test('a bad schedule is shown with a caret under the place', async () => {
  const world = testHost({ argv: ['run', '--latency-mean', '5', '--latency-sched', 'start:5s,duration:x'] })
  await main(world.host, builtins)
  assert.match(world.stderr(), /^ {2}start:5s,duration:x\n {20}\^$/m)
})

test('control characters in what was given do not reach the terminal', async () => {
  const world = testHost({ argv: ['run', '--fault', 'latency \u001b[31m5'] })
  await main(world.host, builtins)
  assert.doesNotMatch(world.stderr(), /\u001b/)
})
