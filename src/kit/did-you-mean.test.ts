import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { closest } from './did-you-mean.ts'

const NAMES = ['latency', 'bandwidth', 'jitter', 'packet-loss', 'blackhole', 'dns', 'http-response']

test('a misspelt name finds the name meant', () => {
  for (const [typo, name] of [['latancy', 'latency'], ['ltaency', 'latency'], ['bandwith', 'bandwidth'], ['jiter', 'jitter'], ['packetloss', 'packet-loss'], ['dsn', 'dns'], ['LATENCY', 'latency'], ['blakchole', 'blackhole']] as const) {
    assert.equal(closest(typo, NAMES), name, typo)
  }
})

test('a word that is like none finds none', () => {
  for (const word of ['', 'x', 'abc', 'chaos', 'throttle', 'lat', 'a'.repeat(10_000)]) assert.equal(closest(word, NAMES), undefined, word)
})

test('of equally near names the first wins, and a nearer one wins over an earlier one', () => {
  assert.equal(closest('bat', ['cat', 'hat']), 'cat')
  assert.equal(closest('start', ['stat', 'start']), 'start')
})

test('every name finds itself, and any one edit of a long name still does', () => {
  fc.assert(fc.property(fc.constantFrom(...NAMES.filter((name) => name.length > 4)), fc.nat(), fc.constantFrom('drop', 'swap', 'add'), (name, place, edit) => {
    const at = place % (name.length - 1)
    const typo = edit === 'drop' ? name.slice(0, at) + name.slice(at + 1) : edit === 'add' ? `${name.slice(0, at)}q${name.slice(at)}` : name.slice(0, at) + name[at + 1]! + name[at]! + name.slice(at + 2)
    assert.equal(closest(typo, NAMES), name)
  }))
})
