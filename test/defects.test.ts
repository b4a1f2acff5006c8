import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

/**
 * Defects of the tools that came before, by their numbers: each has a test here whose name carries its number, so that
 * none of them comes back unseen.
 */
const MUST_NOT_RETURN = [
  ...[1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 36, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 55, 58, 60].map((number) => numbered('D', number)),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 20, 31, 32, 33, 34, 36, 37, 38, 40].map((number) => numbered('E', number)),
]

function numbered(series: string, number: number): string {
  return `${series}-${String(number).padStart(2, '0')}`
}

test('every defect that must not return has a test that carries its number', () => {
  const root = path.join(import.meta.dirname, '..')
  const names = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root })
    .filter((file) => file !== path.join('test', 'defects.test.ts'))
    .flatMap((file) => readFileSync(path.join(root, file), 'utf8').match(/(?:test|each|describe)\(.*/g) ?? [])
  assert.deepEqual(MUST_NOT_RETURN.filter((defect) => !names.some((name) => name.includes(defect))), [])
})
