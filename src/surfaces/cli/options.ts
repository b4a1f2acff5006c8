import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Given, OptionSpec } from '../../derive/option.ts'
import { quoted } from '../../kit/caret.ts'
import { EXIT, UserError } from '../../kit/errors.ts'
import { cutPort, joinHostPort, parsePort } from '../../kit/ip.ts'
import { formatBytes, formatDuration, tryBytes, tryDuration, tryHumanDuration } from '../../kit/units.ts'
import { parseUpstream } from '../../model/upstream.ts'
import { DEFAULT_SETTINGS, type RunSettings } from '../../runtime/settings.ts'
import { choices, flagged, refuse, texts, value, type Reading, type Setting, type Settings } from './declare.ts'
import { LEVELS, parseLogLevel } from './log.ts'
import type { UiOptions } from './run-command.ts'

const GLOBAL = 'Global options'
const UI = 'Output'
const PROXY = 'Proxy'
const LIMITS = 'Limits'
const TLS = 'TLS'

const text = (names: Omit<OptionSpec, 'kind' | 'choices'>): Setting<string | undefined> => value(names, { parse: (given) => given, expected: 'text', fallback: undefined })

/** Accepted before and after the subcommand. */
export const globalSettings: Settings<Pick<UiOptions, 'logFile' | 'logStdout' | 'logLevel' | 'color'>> = {
  logFile: text({ flag: '--log-file', env: 'FAULT_LOG_FILE', placeholder: 'file', group: GLOBAL, summary: 'Append logs to this file' }),
  logStdout: flagged({ flag: '--log-stdout', env: 'FAULT_WITH_STDOUT_LOGGING', group: GLOBAL, summary: 'Print logs to standard output' }),
  logLevel: value({ flag: '--log-level', env: 'FAULT_LOG_LEVEL', placeholder: 'level', choices: LEVELS, group: GLOBAL, default: 'info', summary: 'Least level that is logged; filter lists such as info,tower_http=debug are understood' },
    { parse: (given) => parseLogLevel(given) && given, expected: `a level out of ${LEVELS.join(', ')}`, fallback: 'info' }),
  color: choices({ flag: '--color', env: 'FAULT_COLOR', group: GLOBAL, summary: 'Colours; auto: on a terminal, and not with NO_COLOR' }, ['auto', 'always', 'never'], 'auto'),
}

export const uiSettings: Settings<Pick<UiOptions, 'noUi' | 'tail' | 'events'>> = {
  noUi: flagged({ flag: '--no-ui', env: 'FAULT_PROXY_NO_UI', group: UI, summary: 'Print nothing at all' }),
  tail: flagged({ flag: '--tail', env: 'FAULT_PROXY_TAILING', group: UI, summary: 'Print one line per exchange' }),
  events: text({ flag: '--events', env: 'FAULT_EVENTS', placeholder: 'file', group: UI, summary: 'Write events as JSON lines; - is standard output' }),
}

const port = (given: string): number | undefined => parsePort(given)

function address(given: string): { host: string; port: number } | undefined {
  const parts = /^:?\d+$/.test(given) ? { host: '127.0.0.1', port: given.replace(':', '') } : cutPort(given)
  const number = parts?.port === undefined ? undefined : parsePort(parts.port)
  return parts && number !== undefined && parts.host !== '' && /^[\w.:%-]+$/.test(parts.host) ? { host: parts.host, port: number } : undefined
}

const shownAddress = ({ host, port: number }: RunSettings['proxyAddress']): string => joinHostPort(host, number)

const proxyAddress: Setting<RunSettings['proxyAddress']> = {
  flag: '--proxy-address', env: 'FAULT_PROXY_ADDRESS', envAliases: ['FAULT_HTTP_PROXY_ADDRESS'], kind: 'value', placeholder: 'address', choices: [], group: PROXY,
  default: shownAddress(DEFAULT_SETTINGS.proxyAddress), summary: 'Where the HTTP forward proxy listens; port 0 picks a free one',
  read: (given) => ({ ...(given ? address(given.values[0]!) ?? refuse(given, given.values[0]!, 'an address with a port from 0 to 65535, such as 127.0.0.1:3180 or [::1]:3180')  : DEFAULT_SETTINGS.proxyAddress), explicit: given !== undefined }),
  show: shownAddress,
}

const duration: Reading<number | undefined> = {
  parse: (given) => tryHumanDuration(given) || undefined,
  expected: 'a duration above 0, such as 60s, 10m or "1 hour 30 min" (bare: seconds)',
  fallback: undefined,
  hint: 'leave it out to run until interrupted',
}

const limit = (fallback: number, least = 1): Reading<number> => ({
  parse(given) {
    const ms = tryDuration(given, 'ms')
    return ms !== undefined && ms >= least ? ms : undefined
  },
  expected: 'a duration, such as 500ms, 10s or 1m (bare: milliseconds)', fallback,
})

const size = (fallback: number): Reading<number> => ({
  parse: (given) => tryBytes(given) || undefined,
  expected: 'a size of at least 1 byte, such as 64KiB or 512MiB', fallback,
})

type Amounts = { [Key in keyof RunSettings]: RunSettings[Key] extends number ? Key : never }[keyof RunSettings]
type Flag = Pick<OptionSpec, 'env' | 'summary'> & { readonly flag: string }

const limitSetting = (key: Amounts, names: Flag, least?: number): Setting<number> => ({
  ...value({ ...names, placeholder: 'duration', group: LIMITS, isMore: true, default: formatDuration(DEFAULT_SETTINGS[key]) }, limit(DEFAULT_SETTINGS[key], least)), format: formatDuration,
})

const sizeSetting = (key: Amounts, names: Flag): Setting<number> => ({
  ...value({ ...names, placeholder: 'size', group: LIMITS, isMore: true, default: formatBytes(DEFAULT_SETTINGS[key]) }, size(DEFAULT_SETTINGS[key])), format: formatBytes,
})

const file = (flag: string, env: string, summary: string): Setting<string | undefined> => ({
  ...text({ flag, env, placeholder: 'file', group: TLS, summary }), show: (pem) => pem && 'given',
})

const seed: Reading<number | undefined> = {
  parse: (given) => (/^\d{1,10}$/.test(given.trim()) && Number(given) < 2 ** 32 ? Number(given) : undefined),
  expected: 'a whole number from 0 to 4294967295', fallback: undefined,
}

/** Every setting of a run; one that is forgotten here does not compile. PEM files are named here and read by `readPem`. */
export const runSettings: Settings<RunSettings> = {
  durationMs: {
    ...value({ flag: '--duration', env: 'FAULT_PROXY_DURATION', placeholder: 'duration', group: PROXY, summary: 'End after this time (default: run until interrupted)' }, duration),
    format: (ms) => (ms === undefined ? '–' : formatDuration(ms)),
  },
  proxyAddress,
  disableHttpProxy: flagged({ flag: '--disable-http-proxy', env: 'FAULT_DISABLE_HTTP_PROXY', group: PROXY, summary: 'No HTTP forward proxy, only mappings' }),
  proxy: texts({ flag: '--proxy', env: 'FAULT_PROXY', placeholder: 'mapping', group: PROXY, summary: 'Listen on a port and pass its traffic on: [NAME@]PORT=[SCHEME://]HOST[:PORT]' }),
  bind: value({ flag: '--bind', env: 'FAULT_BIND', placeholder: 'ip', group: PROXY, summary: 'Address for everything that names none: mappings with a bare port, and the forward proxy (default: loopback)' }, { parse: bindAddress, expected: 'an address to listen on, such as 0.0.0.0 or ::', fallback: undefined }),
  upstream: texts({ flag: '--upstream', short: '-u', env: 'FAULT_UPSTREAMS', splitsFlag: true, placeholder: 'host', group: PROXY, summary: 'Fault only forward-proxy traffic to these: host[:port], URL, *.domain, IP, CIDR or * (default: all)' }, (given) => { parseUpstream(given) }),
  seed: value({ flag: '--seed', env: 'FAULT_SEED', placeholder: 'number', group: PROXY, summary: 'Seed of every random decision (default: chosen and printed)' }, seed),
  transport: choices({ flag: '--transport', env: 'FAULT_TRANSPORT', group: PROXY, summary: 'Socket layer; epoll is Linux only' }, ['auto', 'epoll', 'node'], DEFAULT_SETTINGS.transport),
  upstreamCa: file('--upstream-ca', 'FAULT_UPSTREAM_CA', 'Certificates (PEM) that upstreams are checked against'),
  upstreamInsecure: flagged({ flag: '--upstream-insecure', env: 'FAULT_UPSTREAM_INSECURE', group: TLS, summary: 'Do not check the certificates of upstreams' }),
  tlsCert: file('--tls-cert', 'FAULT_TLS_CERT', 'Certificate (PEM) for mappings that end the TLS of clients'),
  tlsKey: file('--tls-key', 'FAULT_TLS_KEY', 'Its private key (PEM)'),
  via: flagged({ flag: '--via', env: 'FAULT_VIA', group: LIMITS, isMore: true, summary: 'Add a Via field to forwarded messages' }),
  connectTimeoutMs: limitSetting('connectTimeoutMs', { flag: '--connect-timeout', env: 'FAULT_CONNECT_TIMEOUT', summary: 'Longest time to connect to an upstream, over all its addresses' }),
  dnsTimeoutMs: limitSetting('dnsTimeoutMs', { flag: '--lookup-timeout', env: 'FAULT_LOOKUP_TIMEOUT', summary: 'Longest time to look up a name' }),
  drainTimeoutMs: limitSetting('drainTimeoutMs', { flag: '--drain-timeout', env: 'FAULT_DRAIN_TIMEOUT', summary: 'Time that open connections get to finish at the end' }, 0),
  headTimeoutMs: limitSetting('headTimeoutMs', { flag: '--head-timeout', env: 'FAULT_HEAD_TIMEOUT', summary: 'Longest time for a complete request head' }),
  idleTimeoutMs: limitSetting('idleTimeoutMs', { flag: '--idle-timeout', env: 'FAULT_IDLE_TIMEOUT', summary: 'Longest time a kept-alive connection stays idle' }),
  udpIdleTimeoutMs: limitSetting('udpIdleTimeoutMs', { flag: '--udp-idle-timeout', env: 'FAULT_UDP_IDLE_TIMEOUT', summary: 'Longest time a UDP session stays idle' }),
  bufferLimitBytes: sizeSetting('bufferLimitBytes', { flag: '--buffer-limit', env: 'FAULT_BUFFER_LIMIT', summary: 'Most bytes held anywhere; beyond it sources wait' }),
  maxHeadBytes: sizeSetting('maxHeadBytes', { flag: '--max-head', env: 'FAULT_MAX_HEAD', summary: 'Largest head of an HTTP message' }),
}

function bindAddress(given: string): string | undefined {
  const host = given.replace(/^\[(.*)\]$/, '$1')
  return /^[\w.:%-]+$/.test(host) ? host : undefined
}

/** The text of a file that an option names. UserError naming the option. */
export function readPem(path: string, cwd: string, { name }: Pick<Given, 'name'>): string {
  try {
    return readFileSync(resolve(cwd, path), 'utf8')
  } catch (error) {
    throw new UserError('UNREADABLE_FILE', `${name}: cannot read ${quoted(path)}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`, { hint: 'give the path of a PEM file', exitCode: EXIT.usage })
  }
}

const FAULTS = 'Faults'

export const faultOption: OptionSpec = {
  flag: '--fault', env: 'FAULT_FAULTS', kind: 'list', separator: '\n', placeholder: 'fault', choices: [], group: FAULTS,
  summary: 'Any fault, as \'TYPE [VALUE] [key=value]…\'; may be repeated (fault explain shows examples)',
}

/** `--explain-config` alone prints text. */
export const explainFormat: Setting<'text' | 'json'> = {
  ...choices({ flag: '--explain-config', env: 'FAULT_EXPLAIN_CONFIG', group: GLOBAL, summary: 'Print every setting and fault parameter with where it comes from, and start nothing' }, ['text', 'json'], 'text'),
  implied: 'text',
}

export interface DemoSettings {
  readonly address: string
  readonly port: number
  readonly pingUrl: string
}

const DEMO = 'Demo'

export const demoSettings: Settings<DemoSettings> = {
  address: value({ flag: '--address', env: 'FAULT_DEMO_ADDR', placeholder: 'address', group: DEMO, default: '127.0.0.1', summary: 'Address to listen on' }, { parse: bindAddress, expected: 'an address to listen on, such as 127.0.0.1 or 0.0.0.0', fallback: '127.0.0.1' }),
  port: value({ flag: '--port', env: 'FAULT_DEMO_PORT', placeholder: 'port', group: DEMO, default: '7070', summary: 'Port to listen on; 0 picks a free one' }, { parse: port, expected: 'a port from 0 to 65535', fallback: 7070 }),
  pingUrl: value({ flag: '--ping-url', env: 'FAULT_DEMO_PING_URL', placeholder: 'url', group: DEMO, default: 'https://postman-echo.com/get', summary: 'What /ping calls; self stays on this machine' }, { parse: (given) => (given === 'self' || /^https?:\/\/./.test(given) ? given : undefined), expected: 'an http or https URL, or self', fallback: 'https://postman-echo.com/get' }),
}

export const compatOption: Setting<boolean> = flagged({ flag: '--compat', env: 'FAULT_DOCTOR_COMPAT', group: 'Doctor', summary: 'List what is documented and not built yet' })
