import { z } from 'zod'
import { choice, delay } from '../kit/params.ts'
import { formatDuration } from '../kit/units.ts'
import { defineFault, type Verdict } from '../model/fault.ts'

const TIMEOUT_MS = 5_000
const SLOW_MS = 2_000

const params = z.strictObject({
  case: choice(['nxdomain', 'servfail', 'timeout', 'slow']).default('nxdomain').describe('nxdomain: the name does not exist; servfail: its servers fail; timeout: nobody answers; slow: the answer comes late'),
  delay: delay().optional().describe('Time until the outcome (default 5s for timeout, 2s for slow, else none)'),
})

type Params = z.output<typeof params>

export const dns = defineFault({
  name: 'dns',
  summary: 'Makes look-ups of upstream names fail or take long.',
  faithful: 'Acts on the look-ups the proxy makes itself. A client that resolves the name on its own, as it does in front of a mapping, sees what follows from the failure and not the failure: a proxy error, or a connection reset. Addresses given as numbers are not looked up and not affected.',
  params,
  primary: 'case',
  directional: false,
  preserves: 'nothing',
  examples: [{ case: 'nxdomain' }, { case: 'servfail' }, { case: 'timeout', delay: '5s' }, { case: 'slow', delay: '2s' }],
  compat: { documented: true, order: 3, title: 'DNS', tailTitle: 'Dns', fields: { probability: { flag: 'rate', env: 'PROBABILITY', default: 0.5 } } },
  describe: (given, probability) => [['trigger probability', probability], ['case', given.case]],
  explain: (given) => {
    const delayMs = waitOf(given)
    switch (given.case) {
      case 'nxdomain': return `says that names do not exist${delayMs > 0 ? ` after ${formatDuration(delayMs)}` : ''}`
      case 'servfail': return `lets name servers fail${delayMs > 0 ? ` after ${formatDuration(delayMs)}` : ''}`
      case 'timeout': return `lets look-ups time out after ${formatDuration(delayMs)}`
      case 'slow': return `adds ${formatDuration(delayMs)} to look-ups`
    }
  },
  resolve: (given): Verdict => {
    const delayMs = waitOf(given)
    if (given.case === 'slow') return { action: 'delay', delayMs }
    return { action: 'fail', cause: given.case === 'timeout' ? 'dns-timeout' : given.case, afterMs: delayMs }
  },
})

function waitOf({ case: outcome, delay: delayMs }: Params): number {
  return delayMs ?? (outcome === 'timeout' ? TIMEOUT_MS : outcome === 'slow' ? SLOW_MS : 0)
}
