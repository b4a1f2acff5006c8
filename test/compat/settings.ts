import type { BuiltOption, CommandRow } from './rows.ts'

const run = ['run'] as const

export const builtCommands: readonly CommandRow[] = [
  { source: 'docs', path: ['run'], built: true },
  { source: '0.16', path: ['run', 'proxy'], built: true, note: 'hidden in the program since 0.13: the same as `run`' },
  { source: 'docs', path: ['demo'], built: true },
  { source: 'docs', path: ['demo', 'run'], built: true },
]

export const globalOptions: readonly BuiltOption[] = [
  { source: 'docs', command: [], flag: '--log-file', env: 'FAULT_LOG_FILE', place: { setting: 'logFile' }, samples: [['fault.log', 'fault.log'], ['other.log', 'other.log']], default: null },
  { source: 'docs', command: [], flag: '--log-stdout', env: 'FAULT_WITH_STDOUT_LOGGING', place: { setting: 'logStdout' }, default: false },
  {
    source: 'docs', command: [], flag: '--log-level', env: 'FAULT_LOG_LEVEL', place: { setting: 'logLevel' },
    samples: [['debug', 'debug'], ['error', 'error']], values: [['warning'], ['info,tower_http=debug'], ['trace'], ['warn'], ['info'], ['debug,tower_http=debug']], default: 'info',
    note: 'the reference pages say `info,tower_http=debug`, the install tutorial and the program `info`; unknown targets are ignored, so both mean `info`',
  },
  { source: '1.x', command: [], flag: '--color', place: { setting: 'color' }, samples: [['always', 'always'], ['never', 'never']], values: [['auto', 'auto'], ['always', 'always'], ['never', 'never']], default: 'auto', bad: ['pink'] },
]

/** Mappings of the documented grammar (the right side decides), and the left-hand protocols that the program added. */
const mappings: readonly string[] = [
  '9090=https://www.google.com', '9098=https://www.google.com:443', '35432=psql://my-db.default.svc:5432', '35432=localhost:5432', '9098=psql://192.168.1.45:5432',
  '34000=https://jsonplaceholder.typicode.com', '9090=http://example.com', '9090=psql://db.example.com', '9090=psqls://db.example.com', '9090=tls://example.com:443',
]
const programMappings: readonly string[] = [
  '127.0.0.1:9090=example.com:80', ':9090=example.com:80', 'tcp:9090=example.com:80', 'http:9090=example.com:80', 'https:9090=example.com:443',
  'psql:9090=db.example.com:5432', 'psqls:9090=db.example.com:5432', 'HTTP:9090=example.com:80', 'tcp://127.0.0.1:9090=example.com:80', 'http://:9090=example.com:80',
  '9090=tcp://example.com:80', '9091=http://127.0.0.1:8080',
]
const as = (texts: readonly string[]) => texts.map((text) => [text, [text]] as const)

export const runOptions: readonly BuiltOption[] = [
  { source: 'docs', command: run, flag: '--no-ui', env: 'FAULT_PROXY_NO_UI', place: { setting: 'noUi' }, default: false },
  { source: 'docs', command: run, flag: '--tail', env: 'FAULT_PROXY_TAILING', place: { setting: 'tail' }, default: false },
  {
    source: 'docs', command: run, flag: '--duration', env: 'FAULT_PROXY_DURATION', place: { setting: 'duration' }, default: null,
    samples: [['60s', 60_000], ['10m', 600_000]], bad: ['soon'],
    values: [['45s', 45_000], ['5m', 300_000], ['90s', 90_000], ['1m30s', 90_000], ['1 hour 30 min', 5_400_000], ['2d', 172_800_000], ['1w', 604_800_000], ['1.5h', 5_400_000], ['250ms', 250], ['30', 30_000]],
    note: 'milliseconds in the explained settings; a bare number is seconds',
  },
  {
    source: 'docs', command: run, flag: '--proxy-address', env: 'FAULT_PROXY_ADDRESS', envAliases: ['FAULT_HTTP_PROXY_ADDRESS'], place: { setting: 'proxyAddress' }, default: '127.0.0.1:3180',
    samples: [['192.168.12.45:8090', '192.168.12.45:8090'], ['127.0.0.1:3181', '127.0.0.1:3181']], values: [['127.0.0.1:3180', '127.0.0.1:3180'], ['0.0.0.0:3180', '0.0.0.0:3180']],
    bad: ['127.0.0.1:99999'], note: 'the documentation and the program name different variables: both are read',
  },
  { source: 'docs', command: run, flag: '--disable-http-proxy', env: 'FAULT_DISABLE_HTTP_PROXY', place: { setting: 'disableHttpProxy' }, default: false, note: 'documented as a variable, the flag is the program\'s' },
  {
    source: 'docs', command: run, flag: '--proxy', place: { setting: 'proxy' }, default: [], repeatable: 'repeat',
    samples: [['9090=example.com:80', ['9090=example.com:80']], ['35432=psql://db.example.com:5432', ['35432=psql://db.example.com:5432']]], values: as(mappings), bad: ['9090'],
  },
  { source: 'program', command: run, flag: '--proxy', place: { setting: 'proxy' }, values: as(programMappings), note: 'the protocol on the left' },
  { source: '0.16', command: run, flag: '--proxy', place: { setting: 'proxy' }, values: as(['udp:5353=127.0.0.1:53', 'udp://127.0.0.1:5353=127.0.0.1:53']) },
  {
    source: 'docs', command: run, flag: '--upstream', short: '-u', env: 'FAULT_UPSTREAMS', place: { setting: 'upstream' }, default: [], repeatable: 'commas',
    samples: [['example.com', ['example.com']], ['api.example.com', ['api.example.com']]], values: as(['*', 'http://localhost:7070', 'http://192.168.1.3:7070', 'example.com:8080']),
  },
]

const demo = ['demo', 'run'] as const

/** Documented as flags, positional in the program: both. */
export const demoOptions: readonly BuiltOption[] = [
  { source: 'docs', command: demo, flag: '--address', positional: 0, env: 'FAULT_DEMO_ADDR', place: { setting: 'address' }, samples: [['192.168.2.34', '192.168.2.34'], ['0.0.0.0', '0.0.0.0']], default: '127.0.0.1' },
  { source: 'docs', command: demo, flag: '--port', positional: 1, env: 'FAULT_DEMO_PORT', place: { setting: 'port' }, samples: [['8989', 8989], ['7071', 7071]], default: 7070, bad: ['abc', '99999'], base: ['0.0.0.0'] },
]
