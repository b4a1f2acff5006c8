import { z } from 'zod'
import { defineFault } from '../../../src/model/fault.ts'

export const noop = defineFault({
  name: 'noop',
  summary: 'Does nothing.',
  faithful: 'The same as no fault, at the cost of one call more for each unit.',
  params: z.strictObject({}),
  directional: true,
  preserves: 'bytes',
  examples: [{}],
  explain: () => 'does nothing',
  stream(_, _context, next) {
    let isAlive = true
    return {
      held: 0,
      heldMax: 0,
      write(unit) { if (isAlive) next.write(unit) },
      end() { if (isAlive) next.end() },
      flush() {},
      destroy() { isAlive = false },
    }
  },
})
