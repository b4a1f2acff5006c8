import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { bytes, choice, delay, flag, nonNegative, number, ratio } from './params.ts'

const HOUR_MS = 3_600_000

/** The values of what is given, or the first complaint. */
const read = (schema: z.ZodType, ...given: unknown[]): unknown[] => given.map((one) => {
  const result = schema.safeParse(one)
  return result.success ? result.data : result.error.issues[0]!.message
})
const refuses = (schema: z.ZodType, ...given: unknown[]): void => {
  for (const one of given) assert.equal(schema.safeParse(one).success, false, String(one))
}

test('a delay is milliseconds from 0 to one hour, as a number or with a unit', () => {
  assert.deepEqual(read(delay(), 250, '250', '250ms', '1.5s', '2m', '1h', 0, '0', 0.5), [250, 250, 250, 1500, 120_000, HOUR_MS, 0, 0, 0.5])
  refuses(delay(), -1, '-1ms', HOUR_MS + 1, '61m', NaN, Infinity, 'soon', '', ' ', true, null, undefined, [], {})
  assert.deepEqual(read(delay(), '2h', 'x'), ['expected a duration from 0 to 1h, such as 250, 250ms or 1.5s, got \'2h\'', 'expected a duration from 0 to 1h, such as 250, 250ms or 1.5s, got \'x\''])
})

test('a size is whole bytes, at least one', () => {
  assert.deepEqual(read(bytes(), 512, '512', '10KB', '10KiB', '1MiB'), [512, 512, 10_000, 10_240, 1_048_576])
  refuses(bytes(), 0, '0', -5, 1.5, NaN, Infinity, 'big', '')
})

test('a probability is from 0 to 1', () => {
  assert.deepEqual(read(ratio(), 0, 1, '0.25', '1e-3'), [0, 1, 0.25, 0.001])
  refuses(ratio(), -0.01, 1.01, '2', NaN, 'NaN', 'often', '', ' ')
  assert.deepEqual(read(ratio(), 2), ['expected a probability between 0 and 1, such as 0.25, got \'2\''])
})

test('a number is what its rule accepts, also from text', () => {
  assert.deepEqual(read(nonNegative(), 0, '0', '3.5'), [0, 0, 3.5])
  refuses(nonNegative(), -1, 'x', '', '  ', Infinity)
  const even = number('an even number', (value) => value % 2 === 0)
  assert.deepEqual(read(even, 4, '6', 3), [4, 6, 'expected an even number, got \'3\''])
})

test('a flag is yes or no in the documented words, in any case', () => {
  assert.deepEqual(read(flag(), true, 'true', '1', 'YES', 'on', false, 'False', '0', 'no', 'OFF'), [true, true, true, true, true, false, false, false, false, false])
  refuses(flag(), 'maybe', '', 1, 0, null)
  assert.deepEqual(read(flag(), 'maybe'), ['expected true or false, got \'maybe\''])
})

test('a choice is found in any case, with dashes, underscores or nothing between its words', () => {
  const kind = choice(['normal', 'pareto-normal'], { gauss: 'normal' })
  assert.deepEqual(read(kind, 'normal', 'NORMAL', 'pareto-normal', 'pareto_normal', 'ParetoNormal', 'Gauss'), ['normal', 'normal', 'pareto-normal', 'pareto-normal', 'pareto-normal', 'normal'])
  refuses(kind, '', 'pareto', 1, null)
  assert.deepEqual(read(kind, 'pareto'), ['expected one of normal, pareto-normal, got \'pareto\''])
})

test('every kind of parameter says what to show as its value', () => {
  const shown = [delay(), bytes(), ratio(), nonNegative(), flag(), choice(['a', 'b'])].map((schema) => schema.meta()?.placeholder)
  assert.deepEqual(shown, ['ms', 'bytes', '0..1', 'number', 'bool', 'a|b'])
})
