// The word that somebody most likely meant: edit distance in which two swapped neighbours count once (optimal string alignment).

/** The candidate closest to `word` when it is near enough to be a slip of the hand (one letter in three), or undefined. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const tolerated = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3))
    if (Math.abs(word.length - candidate.length) > tolerated) continue // each letter more is one that was added
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance <= tolerated && distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** ", did you mean device?", or what is said instead where no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>, otherwise = ""): string {
  const near = nearest(word, candidates)
  return near === undefined ? otherwise : `, did you mean ${near}?`
}

/** How many letters must be added, taken away, changed or swapped with their neighbour to make `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, b.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
