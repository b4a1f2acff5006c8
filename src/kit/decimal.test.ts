import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plainText, plus, scanDecimal, times, toNumber, tryDecimal } from './decimal.ts'

test('decimals are read as JavaScript reads them', () => {
  fc.assert(fc.property(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), (value) => {
    assert.equal(tryDecimal(String(value)), value)
  }))
  assert.equal(tryDecimal('.5'), 0.5)
  assert.equal(tryDecimal('5.'), 5)
  assert.equal(tryDecimal('1.26E-1'), 0.126)
  assert.equal(tryDecimal('007'), 7)
})

test('what is no decimal is none', () => {
  for (const text of ['', '.', 'e5', '-1', '+1', '1e', '1e+', '1 ', ' 1', '1.2.3', '0x10', 'Infinity', 'NaN']) assert.equal(tryDecimal(text), undefined, text)
})

test('an exponent of any size costs nothing', () => {
  assert.equal(tryDecimal(`1e${'9'.repeat(100_000)}`), Infinity)
  assert.equal(tryDecimal(`1e-${'9'.repeat(100_000)}`), 0)
  assert.equal(tryDecimal('0'.repeat(100_000) + '7'), 7)
  assert.equal(tryDecimal('7'.repeat(100_000)), Infinity)
  assert.equal(tryDecimal(`${'7'.repeat(100_000)}e-99999`), 7.777777777777778)
})

test('sums and products are exact until they become a number', () => {
  const read = (text: string) => scanDecimal(text, 0)!.value
  assert.equal(toNumber(times(read('1.1'), read('60000'))), 66_000)
  assert.equal(toNumber(plus(read('0.1'), read('0.2'))), 0.3)
  assert.equal(toNumber(plus(read('1e300'), read('1e-300'))), 1e300)
})

test('plain text says the same number without an exponent', () => {
  assert.equal(plainText(1.5, -3), '0.0015')
  assert.equal(plainText(1500, -3), '1.5')
  assert.equal(plainText(1e21, 0), '1000000000000000000000')
  assert.equal(plainText(1e-7, 0), '0.0000001')
  assert.equal(plainText(0, 3), '0')
  fc.assert(fc.property(fc.double({ min: 0, max: 1e25, noNaN: true }), fc.integer({ min: -12, max: 12 }), (value, shift) => {
    const text = plainText(value, shift)
    assert.match(text, /^[0-9]+(\.[0-9]*[1-9])?$/)
    assert.equal(tryDecimal(`${text}e${-shift}`), value)
  }))
})
