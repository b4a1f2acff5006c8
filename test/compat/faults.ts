import type { BuiltOption, FaultType, Sample, Source } from './rows.ts'

/** The flag and variable that switch a fault on. */
export const switches: Readonly<Record<FaultType, { readonly flag: string; readonly env: string }>> = {
  latency: { flag: '--with-latency', env: 'FAULT_WITH_LATENCY' },
  bandwidth: { flag: '--with-bandwidth', env: 'FAULT_WITH_BANDWIDTH' },
  dns: { flag: '--with-dns', env: 'FAULT_WITH_DNS' },
  jitter: { flag: '--with-jitter', env: 'FAULT_WITH_JITTER' },
  'packet-loss': { flag: '--with-packet-loss', env: 'FAULT_WITH_PACKET_LOSS' },
  'http-response': { flag: '--with-http-response', env: 'FAULT_WITH_HTTP_FAULT' },
  blackhole: { flag: '--with-blackhole', env: 'FAULT_WITH_BLACKHOLE' },
}

const command = ['run'] as const
const sides: readonly Sample[] = [['client', 'client'], ['server', 'server']]
const directions: readonly Sample[] = [['ingress', 'ingress'], ['egress', 'egress'], ['both', 'both']]

const on = (fault: FaultType, source: Source = 'docs', note?: string): BuiltOption =>
  ({ source, command, ...switches[fault], place: { fault }, default: false, ...(note ? { note } : {}) })

const side = (fault: FaultType, flag: string, env: string, source: Source = 'docs'): BuiltOption =>
  ({ source, command, flag, env, place: { fault, param: 'side' }, samples: [['client', 'client'], ['server', 'server']], values: sides, default: 'server', bad: ['upstream'] })

const direction = (fault: FaultType, flag: string, env: string | undefined, note?: string): BuiltOption => ({
  source: 'docs', command, flag, place: { fault, param: 'direction' }, samples: [['egress', 'egress'], ['both', 'both']], values: directions, default: 'ingress', bad: ['sideways'],
  ...(env ? { env } : {}), ...(note ? { note } : {}),
})

const schedules: readonly string[] = ['start:30s,duration:60s', 'start:30s', 'duration:50s', 'start:30s,duration:3m;start:4m,duration:45s', 'start:5%,duration:40%', 'start:90%,duration:5%']
/** As the documentation writes them: a `start` period followed by a lone `duration` is one period. Only accepted here; what they mean is tested with schedules. */
const loneDurations: readonly string[] = [
  'start:30s;duration:3m', 'start:2m;duration:25s', 'start:30s;duration:3m;start:4m,duration:45s', 'start:30s;duration:3m;start:4m',
  'start:30s;duration:3m;start:90%,duration:5%', 'start:5%;duration:30%;start:90%,duration:5%',
]

const sched = (fault: FaultType, flag: string, env: string): BuiltOption => ({
  source: 'docs', command, flag, env, place: { fault, param: 'sched' }, default: null, bad: ['tomorrow'], base: ['--duration', '10m'],
  samples: [['start:30s,duration:60s', 'start:30s,duration:60s'], ['start:20s,duration:40s', 'start:20s,duration:40s']],
  values: fault === 'latency' ? [...schedules.map((text) => [text, text] as const), ...loneDurations.map((text) => [text] as const)] : [['start:5%,duration:40%', 'start:5%,duration:40%']],
})

const uniform = ['--latency-distribution', 'uniform'] as const
const pareto = ['--latency-distribution', 'pareto'] as const

const latency: readonly BuiltOption[] = [
  on('latency'),
  { source: 'docs', command, flag: '--latency-per-read-write', env: 'FAULT_LATENCY_PER_READ_WRITE', place: { fault: 'latency', param: 'perReadWrite' }, default: false },
  side('latency', '--latency-side', 'FAULT_LATENCY_SIDE'),
  direction('latency', '--latency-direction', 'FAULT_LATENCY_DIRECTION', 'one reference page says `both`, the other and the program `ingress`'),
  {
    source: 'docs', command, flag: '--latency-distribution', env: 'FAULT_LATENCY_DISTRIBUTION', place: { fault: 'latency', param: 'distribution' }, default: 'normal', bad: ['gaussian'],
    base: ['--latency-mean', '50', '--latency-min', '10', '--latency-max', '90', '--latency-shape', '1.5', '--latency-scale', '20'],
    samples: [['uniform', 'uniform'], ['pareto', 'pareto']],
    values: [['uniform', 'uniform'], ['normal', 'normal'], ['pareto', 'pareto'], ['pareto_normal', 'pareto-normal'], ['paretonormal', 'pareto-normal'], ['pareto-normal', 'pareto-normal']],
    note: '`pareto_normal` and `paretonormal` are documented, the program knows only `pareto-normal`: all three',
  },
  { source: 'docs', command, flag: '--latency-mean', env: 'FAULT_LATENCY_MEAN', place: { fault: 'latency', param: 'mean' }, samples: [['300', 300], ['120.5', 120.5]], default: null, bad: ['fast', '-1'] },
  { source: 'docs', command, flag: '--latency-stddev', env: 'FAULT_LATENCY_STANDARD_DEVIATION', place: { fault: 'latency', param: 'stddev' }, base: ['--latency-mean', '300'], samples: [['20', 20], ['40.5', 40.5]], default: null, bad: ['wide', '-1'] },
  { source: 'docs', command, flag: '--latency-shape', env: 'FAULT_LATENCY_SHAPE', place: { fault: 'latency', param: 'shape' }, base: [...pareto, '--latency-scale', '20'], samples: [['20', 20], ['1.5', 1.5]], default: null, bad: ['round', '-1'] },
  { source: 'docs', command, flag: '--latency-scale', env: 'FAULT_LATENCY_SCALE', place: { fault: 'latency', param: 'scale' }, base: [...pareto, '--latency-shape', '1.5'], samples: [['20', 20], ['35.5', 35.5]], default: null, bad: ['large', '-1'] },
  { source: 'docs', command, flag: '--latency-min', env: 'FAULT_LATENCY_MIN', place: { fault: 'latency', param: 'min' }, base: [...uniform, '--latency-max', '500'], samples: [['20', 20], ['300', 300]], default: null, bad: ['low', '-1'] },
  { source: 'docs', command, flag: '--latency-max', env: 'FAULT_LATENCY_MAX', place: { fault: 'latency', param: 'max' }, base: [...uniform, '--latency-min', '10'], samples: [['50', 50], ['500', 500]], default: null, bad: ['high', '-1'] },
  sched('latency', '--latency-sched', 'FAULT_LATENCY_SCHED'),
]

const bandwidth: readonly BuiltOption[] = [
  on('bandwidth'),
  side('bandwidth', '--bandwidth-side', 'FAULT_BANDWIDTH_SIDE'),
  direction('bandwidth', '--bandwidth-direction', 'FAULT_BANDWIDTH_DIRECTION'),
  { source: 'docs', command, flag: '--bandwidth-rate', env: 'FAULT_BANDWIDTH_RATE', place: { fault: 'bandwidth', param: 'rate' }, samples: [['2000', 2000], ['384', 384]], default: 1000, bad: ['slow', '0'] },
  {
    source: 'docs', command, flag: '--bandwidth-unit', env: 'FAULT_BANDWIDTH_UNIT', place: { fault: 'bandwidth', param: 'unit' }, default: 'Bps', bad: ['parsecs'],
    samples: [['KBps', 'KBps'], ['MBps', 'MBps']],
    values: [['Bps', 'Bps'], ['KBps', 'KBps'], ['MBps', 'MBps'], ['GBps', 'GBps'], ['bps', 'Bps'], ['kbps', 'KBps'], ['mbps', 'MBps'], ['gbps', 'GBps']],
    note: 'documented in both cases, the program knows only the first four: all mean bytes per second',
  },
  sched('bandwidth', '--bandwidth-sched', 'FAULT_BANDWIDTH_SCHED'),
]

const jitter: readonly BuiltOption[] = [
  on('jitter'),
  side('jitter', '--jitter-side', 'FAULT_JITTER_SIDE', 'program'),
  direction('jitter', '--jitter-direction', 'FAULT_JITTER_DIRECTION'),
  { source: 'docs', command, flag: '--jitter-amplitude', env: 'FAULT_JITTER_AMPLITUDE', place: { fault: 'jitter', param: 'amplitude' }, samples: [['30', 30], ['50.5', 50.5]], default: 20, bad: ['loud', '-1'] },
  { source: 'docs', command, flag: '--jitter-frequency', env: 'FAULT_JITTER_FREQ', place: { fault: 'jitter', param: 'frequency' }, samples: [['8', 8], ['10.5', 10.5]], default: 5, bad: ['often', '-1'] },
  sched('jitter', '--jitter-sched', 'FAULT_JITTER_SCHED'),
]

const dns: readonly BuiltOption[] = [
  on('dns', 'docs', 'gone from the program in 0.16, documented'),
  {
    source: 'docs', command, flag: '--dns-rate', env: 'FAULT_DNS_PROBABILITY', place: { fault: 'dns', param: 'probability' }, samples: [['0.25', 0.25], ['1', 1]], default: 0.5, bad: ['often', '50', '-0.1'],
    note: 'the environment page says 0–100 with a default of 0.5; it is a probability from 0 to 1',
  },
  sched('dns', '--dns-sched', 'FAULT_DNS_SCHED'),
]

const loss = 'packet-loss'
const packetLoss: readonly BuiltOption[] = [
  on(loss),
  side(loss, '--packet-loss-side', 'FAULT_PACKET_LOSS_SIDE'),
  direction(loss, '--packet-loss-direction', 'FAULT_PACKET_LOSS_DIRECTION'),
  { source: 'program', command, flag: '--packet-loss-probability', place: { fault: loss, param: 'probability' }, samples: [['0.5', 0.5], ['1', 1]], bad: ['2'], note: 'named in the program\'s prompts, never existed there; the share of exchanges struck' },
  sched(loss, '--packet-loss-sched', 'FAULT_PACKET_LOSS_SCHED'),
]

const http = 'http-response'
const httpResponse: readonly BuiltOption[] = [
  on(http),
  direction(http, '--http-response-direction', undefined, 'documented, never existed in the program'),
  { source: 'docs', command, flag: '--http-response-status', env: 'FAULT_HTTP_FAULT_STATUS', place: { fault: http, param: 'status' }, samples: [['503', 503], ['404', 404]], default: 500, bad: ['broken', '99', '600'] },
  { source: 'docs', command, flag: '--http-response-body', env: 'FAULT_HTTP_FAULT_BODY', place: { fault: http, param: 'body' }, samples: [['{"error": "true"}', '{"error": "true"}'], ['gone', 'gone']], default: null, note: 'the variable is the program\'s' },
  { source: 'docs', command, flag: '--http-response-trigger-probability', env: 'FAULT_HTTP_FAULT_PROBABILITY', place: { fault: http, param: 'probability' }, samples: [['0.5', 0.5], ['0.25', 0.25]], default: 1, bad: ['always', '1.5', '-0.1'] },
  sched(http, '--http-response-sched', 'FAULT_HTTP_FAULT_SCHED'),
]

const blackhole: readonly BuiltOption[] = [
  on('blackhole'),
  side('blackhole', '--blackhole-side', 'FAULT_BLACKHOLE_SIDE', 'program'),
  direction('blackhole', '--blackhole-direction', 'FAULT_BLACKHOLE_DIRECTION'),
  sched('blackhole', '--blackhole-sched', 'FAULT_BLACKHOLE_SCHED'),
]

export const faultOptions: readonly BuiltOption[] = [...latency, ...bandwidth, ...dns, ...jitter, ...packetLoss, ...httpResponse, ...blackhole]
