import { z } from 'zod'
import { DelayLine } from '../../../src/kit/delay-line.ts'
import { bytes, delay } from '../../../src/kit/params.ts'
import { formatBytes, formatDuration } from '../../../src/kit/units.ts'
import { defineFault } from '../../../src/model/fault.ts'
import { isBytes, type Unit } from '../../../src/model/stage.ts'

/** Deep, so that the pause holds up the reader and not yet the sender. */
const HELD_MAX_BYTES = 1024 * 1024

export const hiccup = defineFault({
  name: 'hiccup',
  summary: 'Lets some bytes pass, pauses once, and goes on.',
  faithful: 'As from a server that sends the beginning of an answer and then has to think. A real one would not have sent the rest yet; here up to 1 MiB of it waits in the proxy and comes at once.',
  params: z.strictObject({
    pause: delay().describe('How long the rest waits'),
    lead: bytes().prefault('4KiB').describe('Bytes that pass before the pause'),
  }),
  primary: 'pause',
  directional: true,
  preserves: 'bytes',
  examples: [{ pause: '2s' }, { pause: 250, lead: '10KB' }],
  explain: ({ pause, lead }) => `pauses ${formatDuration(pause)} after ${formatBytes(lead)}`,

  stream({ pause, lead }, context, next) {
    const line = new DelayLine<Unit>(context, next)
    let leftBytes = lead
    let hasPaused = false
    return {
      heldMax: HELD_MAX_BYTES,
      get held() { return line.held },
      write(unit) {
        if (hasPaused || unit.length <= leftBytes) {
          leftBytes -= unit.length
          return line.write(unit, 0)
        }
        hasPaused = true
        const kept = context.keep(unit)
        // A head is never cut: it waits as a whole.
        const cut = isBytes(kept) && leftBytes > 0
        if (cut) line.push(kept.subarray(0, leftBytes), 0)
        line.push(cut ? kept.subarray(leftBytes) : kept, pause)
        line.settle()
      },
      end: () => line.end(),
      flush: () => line.flush(),
      destroy: () => line.destroy(),
    }
  },
})
