import { NEUTRAL_FAULTS, RAW_NEUTRAL_FAULTS } from './command.ts'
import { seriesOf, type PartResult } from './measure.ts'
import { SUBJECT } from './parts.ts'
import { rssRow } from './rss.ts'
import { STARTUP } from './startup.ts'
import { logInterval, ratioInterval, verdict, type Bound, type Interval, type Verdict } from './stats.ts'

/** A ratio between two subjects in one row, or, without `against`, a value. */
interface Target {
  readonly name: string
  readonly part: string
  readonly row: string
  readonly subject: string
  readonly against?: string
  readonly bound: Bound
  /** Pairs of equals, told beside the ratio. */
  readonly equals: readonly (readonly [string, string])[]
}

export interface Outcome {
  readonly name: string
  readonly part: string
  readonly bound: Bound
  readonly interval: Interval | undefined
  readonly verdict: Verdict
  /** Ratios of equals; 1 is what they should be. */
  readonly equals: readonly { readonly name: string; readonly interval: Interval | undefined }[]
}

const atLeast = (must: number, goal?: number): Bound => goal === undefined ? { better: 'more', must } : { better: 'more', must, goal }
const atMost = (must: number, goal?: number): Bound => goal === undefined ? { better: 'less', must } : { better: 'less', must, goal }
const haproxies = [SUBJECT.haproxyAgain, SUBJECT.haproxy] as const
const faults = [SUBJECT.faultAgain, SUBJECT.fault] as const

const toHaproxy = (name: string, part: string, row: string, bound: Bound): Target =>
  ({ name: `${name} / haproxy`, part, row, subject: SUBJECT.fault, against: SUBJECT.haproxy, bound, equals: [haproxies, faults] })

const neutral = (part: string, row: string, faults: object): readonly Target[] => Object.keys(faults).map((name) => (
  { name: `neutral ${name}, ${row} / none`, part, row, subject: name, against: SUBJECT.none, bound: atMost(1.1), equals: [[SUBJECT.noneAgain, SUBJECT.none]] }
))

const startup = (name: string, subject: string, bound: Bound): Target =>
  ({ name, part: 'startup', row: STARTUP.row, subject, against: STARTUP.node, bound, equals: [[STARTUP.nodeAgain, STARTUP.node]] })

const TARGETS: readonly Target[] = [
  toHaproxy('messages/s, 32', 'tcp', 'messages/s, 32', atLeast(0.9, 1)),
  toHaproxy('CPU per message, 32', 'tcp', 'CPU us/message, 32', atMost(1.2, 1)),
  { name: 'CONNECT / mapping, messages/s, 32', part: 'tcp', row: 'messages/s, 32', subject: SUBJECT.connect, against: SUBJECT.fault, bound: atLeast(0.9), equals: [faults] },
  { name: 'node transport / by hand, messages/s, 32', part: 'tcp', row: 'messages/s, 32', subject: SUBJECT.node, against: SUBJECT.hand, bound: atLeast(0.9), equals: [haproxies, faults] },
  toHaproxy('connections/s', 'conns', 'connections/s', atLeast(0.85, 1)),
  toHaproxy('bulk up', 'bulk', 'MB/s up', atLeast(0.9, 1)),
  toHaproxy('bulk down', 'bulk', 'MB/s down', atLeast(0.9, 1)),
  toHaproxy('HTTP requests/s', 'http', 'requests/s', atLeast(0.85, 1)),
  ...neutral('faults, tcp', 'CPU us/message, 32', RAW_NEUTRAL_FAULTS),
  ...neutral('faults, http', 'CPU us/request', NEUTRAL_FAULTS),
  { name: 'RSS MB, 9000 idle', part: 'rss', row: rssRow(9000), subject: SUBJECT.fault, bound: atMost(400), equals: [] },
  { name: 'RSS MB, 9000 idle, node transport', part: 'rss', row: rssRow(9000), subject: SUBJECT.node, bound: atMost(400), equals: [] },
  startup('--help / node -e 0', STARTUP.help, atMost(4)),
  startup('listening / node -e 0', STARTUP.listening, atMost(8)),
]

/** The targets of the parts that were run. */
export function outcomes(results: readonly PartResult[]): Outcome[] {
  return TARGETS.flatMap((target) => {
    const result = results.find(({ name }) => name === target.part)
    if (result === undefined) return []
    const values = seriesOf(result, target.row, target.subject)
    const ratio = (over: string, under: string) => ratioInterval(seriesOf(result, target.row, over), seriesOf(result, target.row, under))
    const interval = target.against === undefined ? logInterval(values) : ratio(target.subject, target.against)
    const equals = target.equals.map(([over, under]) => ({ name: `${over} / ${under}`, interval: ratio(over, under) }))
    return [{ name: target.name, part: target.part, bound: target.bound, interval, verdict: verdict(interval, target.bound), equals }]
  })
}
