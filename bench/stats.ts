/** One reading per round; null where a round gave none. */
export type Series = readonly (number | null)[]

/** The middle of `rounds` values with its 95 % interval. */
export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
  readonly rounds: number
}

export interface Bound {
  readonly better: 'more' | 'less'
  readonly must: number
  readonly goal?: number
}

/** `unclear` is on the wrong side of the must with its interval reaching over: it counts as not missed, and says so. */
export type Verdict = 'goal' | 'must' | 'unclear' | 'MISSED' | 'not measured'

const TAIL = 0.025

/** Two-sided 95 % points of Student's t for 1 to 4 degrees of freedom. */
const T_POINTS = [12.706, 4.303, 3.182, 2.776]

/** Above it the signed-rank sum is as good as normal. */
const EXACT_MAX = 30

export function median(series: Series): number | undefined {
  const sorted = present(series).sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  const lower = sorted[middle - 1]
  return sorted.length % 2 === 1 || lower === undefined || upper === undefined ? upper : (lower + upper) / 2
}

/**
 * Of positive values, on their logarithms: the median of all pairwise means (Hodges and Lehmann) with the interval of Wilcoxon's
 * signed-rank test, since on a shared machine one stalled round in fifteen is usual and must not decide. Below six values, where
 * that test has no 95 % interval, Student's t; undefined for fewer than two.
 */
export function logInterval(series: Series): Interval | undefined {
  const logs = present(series).filter((value) => value > 0).map(Math.log)
  if (logs.length < 2) return undefined
  const { middle, low, high } = rankInterval(logs) ?? studentInterval(logs)
  return { estimate: Math.exp(middle), low: Math.exp(low), high: Math.exp(high), rounds: logs.length }
}

interface Ends { readonly middle: number; readonly low: number; readonly high: number }

function rankInterval(values: readonly number[]): Ends | undefined {
  const cut = rankCut(values.length)
  const means = values.flatMap((value, index) => values.slice(0, index + 1).map((other) => (value + other) / 2)).sort((a, b) => a - b)
  const [low, middle, high] = [means[cut], median(means), means[means.length - 1 - cut]]
  return low === undefined || middle === undefined || high === undefined ? undefined : { low, middle, high }
}

/** The largest sum of positive ranks whose probability, with all smaller ones, stays within the tail; -1 when even 0 is too likely. */
export function rankCut(count: number): number {
  const most = count * (count + 1) / 2
  if (count > EXACT_MAX) return Math.floor(most / 2 - 1.96 * Math.sqrt(most * (2 * count + 1) / 12) - 0.5)
  const ways = new Array<number>(most + 1).fill(0)
  ways[0] = 1
  for (let rank = 1; rank <= count; rank++) for (let sum = most; sum >= rank; sum--) ways[sum] = (ways[sum] ?? 0) + (ways[sum - rank] ?? 0)
  const limit = TAIL * 2 ** count
  let cut = -1
  for (let total = ways[0]; total <= limit; total += ways[cut + 1] ?? 0) cut++
  return cut
}

function studentInterval(logs: readonly number[]): Ends {
  const count = logs.length
  const middle = logs.reduce((sum, value) => sum + value, 0) / count
  const variance = logs.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (count - 1)
  const reach = (T_POINTS[count - 2] ?? Infinity) * Math.sqrt(variance / count)
  return { middle, low: middle - reach, high: middle + reach }
}

/** Of the ratios `over`/`under` taken round by round: what the machine does in a round hits both. */
export function ratioInterval(over: Series, under: Series): Interval | undefined {
  return logInterval(over.map((value, round) => {
    const other = under[round]
    return value === null || other === null || other === undefined || other <= 0 ? null : value / other
  }))
}

/** A must is missed only when the whole interval is on its wrong side. */
export function verdict(interval: Interval | undefined, bound: Bound): Verdict {
  if (interval === undefined) return 'not measured'
  const reaches = (value: number, limit: number) => bound.better === 'more' ? value >= limit : value <= limit
  if (bound.goal !== undefined && reaches(interval.estimate, bound.goal)) return 'goal'
  if (reaches(interval.estimate, bound.must)) return 'must'
  return reaches(bound.better === 'more' ? interval.high : interval.low, bound.must) ? 'unclear' : 'MISSED'
}

/** The same order for the same seed, all orders equally likely: no two subjects are always neighbours. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const result = [...list]
  let state = (seed * 2654435761 + 12345) >>> 0
  const below = (limit: number) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
  for (let index = 0; index < 8; index++) below(1)
  for (let last = result.length - 1; last > 0; last--) {
    const other = below(last + 1)
    const kept = result[last] as T
    result[last] = result[other] as T
    result[other] = kept
  }
  return result
}

function present(series: Series): number[] {
  return series.filter((value) => value !== null)
}
