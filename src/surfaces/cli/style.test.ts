import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canRedraw, createStyle, wantsColor } from './style.ts'

const TTY = { isTTY: true }
const PIPE = { isTTY: false }

test('D-60: colours only on a terminal, and not with NO_COLOR, in CI or on a dumb terminal', () => {
  assert.equal(wantsColor('auto', TTY, {}), true)
  assert.equal(wantsColor('auto', PIPE, {}), false)
  assert.equal(wantsColor('auto', TTY, { NO_COLOR: '1' }), false)
  assert.equal(wantsColor('auto', TTY, { NO_COLOR: '' }), true, 'no-color.org: an empty value says nothing')
  assert.equal(wantsColor('auto', TTY, { CI: 'true' }), false)
  assert.equal(wantsColor('auto', TTY, { CI: 'false' }), true)
  assert.equal(wantsColor('auto', TTY, { TERM: 'dumb' }), false)
})

test('FORCE_COLOR colours a pipe, NO_COLOR outranks it, and --color outranks both', () => {
  assert.equal(wantsColor('auto', PIPE, { FORCE_COLOR: '1' }), true)
  assert.equal(wantsColor('auto', PIPE, { FORCE_COLOR: '' }), true)
  assert.equal(wantsColor('auto', TTY, { FORCE_COLOR: '0' }), false)
  assert.equal(wantsColor('auto', PIPE, { FORCE_COLOR: '1', NO_COLOR: '1' }), false)
  assert.equal(wantsColor('always', PIPE, { NO_COLOR: '1' }), true)
  assert.equal(wantsColor('never', TTY, { FORCE_COLOR: '1' }), false)
})

test('nothing is redrawn in a pipe, in CI or on a dumb terminal', () => {
  assert.equal(canRedraw(TTY, {}), true)
  assert.equal(canRedraw({}, {}), false)
  assert.equal(canRedraw(PIPE, {}), false)
  assert.equal(canRedraw(TTY, { CI: '1' }), false)
  assert.equal(canRedraw(TTY, { TERM: 'dumb' }), false)
})

test('a style without colours gives back what it was given', () => {
  const plain = createStyle(false)
  assert.equal(plain.bold('a') + plain.dim('b') + plain.color('c', 1) + plain.gradient('d', [1, 2]), 'abcd')
})

test('a gradient spreads its colours over all letters, once each', () => {
  assert.equal(createStyle(true).gradient('abcd', [1, 2]), '\x1b[38;5;1mab\x1b[39m\x1b[38;5;2mcd\x1b[39m')
  assert.equal(createStyle(true).gradient('a', [1, 2]), '\x1b[38;5;1ma\x1b[39m')
})
