import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fit, printable, widthOf } from './text-width.ts'

test('pictures take two cells, colours and joined signs none, everything else one', () => {
  const cells: readonly (readonly [string, number])[] = [
    ['', 0], ['plain', 5], ['🐢', 2], ['🏁 🏆', 5], ['🎯 All Hosts', 12], ['⭫12/b ⭭3/b', 10], ['█.', 2], ['⠋ x', 3],
    ['\x1b[38;5;208mfault.\x1b[39m', 6], ['日本', 4], ['é', 1], ['e\u0301', 1], ['👩‍👩‍👧', 2], ['👍🏽', 2], ['🇫🇷', 2], ['❤️', 2], ['…', 1],
  ]
  for (const [text, width] of cells) assert.equal(widthOf(text), width, JSON.stringify(text))
})

test('what does not fit gives way to an ellipsis', () => {
  assert.equal(fit('12345', 5), '12345')
  assert.equal(fit('123456', 5), '1234…')
  assert.equal(fit('12🐢', 4), '12🐢')
  assert.equal(fit('12🐢4', 4), '12…')
  assert.equal(fit('12345', 1), '…')
  assert.equal(fit('12345', 0), '')
})

test('a colour that is cut off ends with the text', () => {
  assert.equal(fit('\x1b[2m123456\x1b[22m', 4), '\x1b[2m123…\x1b[0m')
  assert.equal(fit('\x1b[2m1234\x1b[22m', 4), '\x1b[2m1234\x1b[22m')
})

test('a fitted text is never wider than it may be, and complete when there is room', () => {
  const texts = fc.array(fc.constantFrom('a', 'é', '🐢', '日', '\u0301', '\u200d', '\x1b[1m', '❤️', '🇫🇷', '\ufe0f', '…')).map((parts) => parts.join(''))
  fc.assert(fc.property(texts, fc.integer({ min: 0, max: 30 }), (text, width) => {
    const fitted = fit(text, width)
    assert.ok(widthOf(fitted) <= width, JSON.stringify([text, fitted]))
    if (widthOf(text) <= width) assert.equal(fitted, text)
  }))
})

test('nothing that a client sends can steer the terminal', () => {
  assert.equal(printable('/a\x1b[2J\r\n\u009b1A\u202etxt'), '/a\\u{1b}[2J\\u{d}\\u{a}\\u{9b}1A\\u{202e}txt')
  assert.equal(printable('/é?日本 🐢'), '/é?日本 🐢')
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cs}]/u)))
})
