import { joinHostPort } from '../../kit/ip.ts'
import { formatDuration } from '../../kit/units.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { faultWords, laneColor, laneTitle } from './fault-words.ts'
import { SCHEDULE_CELLS, scheduleLane, timelineEndMs } from './lanes.ts'
import { COLORS, type Style } from './style.ts'
import { printable } from './text-width.ts'
import type { ViewInput } from './view.ts'

type Listener = Pick<Runtime['listeners'][number], 'service' | 'protocol' | 'addresses'>
type Instance = Pick<Runtime['faults']['instances'][number], 'spec' | 'params' | 'entry' | 'schedule'>

/** What the summary reads of a runtime. */
interface StartedRun extends Pick<Runtime, 'seed' | 'transport' | 'notes'> {
  readonly listeners: readonly Listener[]
  readonly faults: { readonly instances: readonly Instance[] }
}

interface StartContext { readonly style: Style; readonly isTail: boolean }

const WELCOME = ['fault.', 'Your Reliability Toolbox!'] as const
const ORANGES = [202, 208, 214]
const PURPLES = [99, 135, 141, 177]
const LANE_LABEL = 15

/** Everything that is said once the proxies listen, ending with the title of what follows. */
export function startLines(run: StartedRun, input: ViewInput, { style, isTail }: StartContext): string[] {
  const title = (text: string): string => `    ${style.bold(text)}`
  const { instances } = run.faults
  return [
    '', `    Welcome to ${style.gradient(WELCOME[0], ORANGES)} — ${style.gradient(WELCOME[1], PURPLES)}`,
    '', title('Enabled Proxies:'), ...run.listeners.flatMap((listener) => proxyLines(listener, input, style)),
    '', title('Configured Faults:'), ...faultLines(instances, style),
    ...scheduleLines(instances, input.settings.durationMs, style),
    '', ...aboutLines(run, input, title),
    '', title(isTail ? 'Stream:' : 'Status:'), ...(isTail ? [''] : []),
  ]
}

function proxyLines({ service, protocol, addresses }: Listener, { settings }: ViewInput, style: Style): string[] {
  const { mapping, clientTls } = service
  const at = (scheme = ''): string => addresses.map(({ host, port }) => style.color(`${scheme}${joinHostPort(host, port)}`, COLORS.cyan)).join(', ')
  const actsOn = (what: string): string => style.dim(`       Faults act on: ${what}`)
  if (!mapping) {
    const targets = `       Target Upstreams: ${upstreamWords(settings.upstream)}`
    return [
      `     - ${at('http://')} ${style.dim('[HTTP: forward]')}`, targets,
      `     - ${at('http://')} ${style.dim('[HTTP: tunnel]')}`, targets,
      actsOn('ciphertext, where the tunnel carries TLS'),
    ]
  }
  const name = mapping.name === undefined ? '' : ` ${mapping.name}`
  const line = `     - ${at()} => ${joinHostPort(mapping.upstream.host, mapping.upstream.port)} ${style.dim(`[${mapping.scheme}]`)}${name}`
  const layer = layerWords({ carries: protocol.carries.length > 0, endsClientTls: clientTls !== undefined && mapping.clientTls, beginsTls: mapping.upstreamTls })
  return layer === undefined ? [line] : [line, actsOn(layer)]
}

/** Which side of TLS faults see; nothing to say where there is no TLS. */
function layerWords({ carries, endsClientTls, beginsTls }: { readonly carries: boolean; readonly endsClientTls: boolean; readonly beginsTls: boolean }): string | undefined {
  if (!carries) return undefined
  if (endsClientTls) return 'plaintext (the client\'s TLS ends here)'
  return beginsTls ? 'plaintext; ciphertext, if the client begins TLS itself' : undefined
}

function upstreamWords(upstreams: readonly string[]): string {
  if (upstreams.length === 0) return '🎯 All Hosts (no --upstream given)'
  return upstreams.includes('*') ? '🎯 All Hosts' : `🎯 ${printable(upstreams.join(', '))}`
}

function faultLines(instances: readonly Instance[], style: Style): string[] {
  if (instances.length === 0) return [`     ${style.color('No faults configured.', COLORS.orange)}`]
  return instances.map(({ spec, params, entry }) => `     - ${printable(faultWords({ spec, params, envelope: entry.envelope }))}`)
}

/** One lane for each fault that is not always on, in the order of the set. */
function scheduleLines(instances: readonly Instance[], durationMs: number | undefined, style: Style): string[] {
  const scheduled = instances.filter(({ entry }) => entry.envelope.sched !== undefined)
  const endMs = timelineEndMs(scheduled.map(({ schedule }) => schedule), durationMs)
  if (endMs === undefined) return []
  const lanes = scheduled.map(({ spec, schedule }, index) => {
    const cells = scheduleLane(schedule, endMs).replaceAll(/█+|\.+/g, (run) => (run.startsWith('█') ? style.color(run, laneColor(spec, index)) : style.dim(run)))
    return `    ${laneTitle(spec).padStart(LANE_LABEL)}: ${cells}`
  })
  if (lanes.length === 0) return []
  const end = formatDuration(endMs)
  const scale = style.dim(`${' '.repeat(LANE_LABEL + 6)}0s${end.padStart(SCHEDULE_CELLS - 2)}`)
  return ['', `    ${style.bold('Faults Schedule:')}`, ...lanes, scale]
}

function aboutLines({ seed, transport, notes }: StartedRun, input: ViewInput, title: (text: string) => string): string[] {
  const reason = transport.reason === undefined ? '' : ` (${transport.reason})`
  const all = [...new Set([...input.notes, ...notes])]
  const hint = input.settings.seed === undefined ? ` (--seed ${seed} makes the same choices again)` : ''
  return [
    `${title('Seed:')} ${seed}${hint}`,
    `${title('Transport:')} ${transport.name}${printable(reason)}`,
    ...(all.length > 0 ? [title('Notes:'), ...all.map((note) => `     - ${printable(note)}`)] : []),
  ]
}
