export interface Timer { cancel(): void }

/** Time as the rest of the code sees it, in milliseconds with fractions. Tests pass a manual one. */
export interface Clock {
  now(): number
  setTimer(delayMs: number, fire: () => void): Timer
}

/** Node takes a longer one for none at all. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(delayMs, fire) {
    let handle = arm(delayMs)
    function arm(leftMs: number): NodeJS.Timeout {
      if (leftMs <= LONGEST_TIMEOUT_MS) return setTimeout(fire, leftMs)
      return setTimeout(() => { handle = arm(leftMs - LONGEST_TIMEOUT_MS) }, LONGEST_TIMEOUT_MS)
    }
    return { cancel: () => clearTimeout(handle) }
  },
}

/** Moves only when told to: an hour passes in a microsecond. */
export interface ManualClock extends Clock {
  advance(ms: number): void
  readonly pending: number
}

export function createManualClock(): ManualClock {
  let now = 0
  let order = 0
  const timers = new Set<{ readonly at: number; readonly order: number; readonly fire: () => void }>()
  return {
    now: () => now,
    setTimer(delayMs, fire) {
      const timer = { at: now + Math.max(0, delayMs), order: order++, fire }
      timers.add(timer)
      return { cancel: () => { timers.delete(timer) } }
    },
    get pending() { return timers.size },
    advance(ms) {
      const until = now + ms
      for (;;) {
        const due = [...timers].filter((timer) => timer.at <= until)
        const next = due.sort((a, b) => a.at - b.at || a.order - b.order)[0]
        if (!next) break
        timers.delete(next)
        now = Math.max(now, next.at)
        next.fire()
      }
      now = until
    },
  }
}
