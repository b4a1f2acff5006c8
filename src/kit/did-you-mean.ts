/** Longer words are no typing errors of a name, and the comparison is quadratic. */
const LENGTH_MAX = 64

/**
 * The candidate that `word` most likely was meant to be, or `undefined` when none is near. Case does not count;
 * a short word may differ in one place, a long one in three; of equally near ones the first wins.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word === '' || word.length > LENGTH_MAX) return undefined
  const wanted = word.toLowerCase()
  let best: string | undefined
  let least = allowance(wanted.length) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= least) continue
    const edits = distance(wanted, candidate.toLowerCase())
    if (edits < least && edits < Math.max(wanted.length, candidate.length)) {
      best = candidate
      least = edits
    }
  }
  return best
}

function allowance(length: number): number {
  return length <= 3 ? 1 : length <= 7 ? 2 : 3
}

/** Damerau-Levenshtein, adjacent swaps counted once (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1]
      let edits = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1))
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        edits = Math.min(edits, before[column - 2]! + 1)
      }
      current.push(edits)
    }
    before = previous
    previous = current
  }
  return previous[b.length]!
}
