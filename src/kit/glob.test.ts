import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileGlob, compileHostGlob } from './glob.ts'

test('globs match paths', () => {
  const table: readonly [pattern: string, matching: readonly string[], other: readonly string[]][] = [
    ['/api/items', ['/api/items'], ['/api/items/', '/api/item', '/API/items']],
    ['/api/*', ['/api/', '/api/a', '/api/a/b/c'], ['/api', '/apix/a', '/']],
    ['*', ['/', '/a', '/a/b', ''], []],
    ['/*', ['/', '/a/b'], ['', 'a']],
    ['/*/items', ['/a/items', '//items'], ['/items', '/a/b/items', '/a/items/1']],
    ['/**/items', ['/a/items', '/a/b/items', '//items'], ['/items']],
    ['**/items', ['/items', '/a/items', 'x/items'], ['items', '/a/items/']],
    ['/v?/x', ['/v1/x', '/v2/x'], ['/v/x', '/v12/x', '/v//x']],
    ['/a*b', ['/ab', '/axxb', '/abb'], ['/a/b', '/abc']],
    ['/a**b', ['/ab', '/a/x/b'], ['/a/bc']],
    ['/users/*/orders/*', ['/users/7/orders/', '/users/7/orders/1/2'], ['/users/7/8/orders/1', '/users/7/orders']],
    ['*.js', ['a.js', '.js'], ['/a.js', 'a.jsx']],
    ['', [''], ['/']],
  ]
  for (const [pattern, matching, other] of table) {
    const matches = compileGlob(pattern)
    for (const text of matching) assert.ok(matches(text), `${pattern} should match ${text}`)
    for (const text of other) assert.ok(!matches(text), `${pattern} should not match ${text}`)
  }
})

test('a glob has no other special characters, and one longer than a machine word works', () => {
  assert.ok(compileGlob('/a.b+(c)[d]*x')('/a.b+(c)[d]--x'))
  assert.ok(!compileGlob('/a.b*x')('/aXbx'))
  const long = `/*${'abcdefghij'.repeat(20)}*/${'0123456789'.repeat(10)}`
  assert.ok(compileGlob(long)(long.replaceAll('*', 'zzz')))
  assert.ok(!compileGlob(long)(`${long.replaceAll('*', 'zzz')}x`))
})

/** The plain definition, with exponential time. */
function defined(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern.startsWith('**')) return defined(pattern.replace(/^\*+/, ''), text) || (text !== '' && defined(pattern, text.slice(1)))
  if (pattern.startsWith('*')) return defined(pattern.slice(1), text) || (text !== '' && !text.startsWith('/') && defined(pattern, text.slice(1)))
  if (text === '') return false
  return (pattern.startsWith('?') ? !text.startsWith('/') : pattern[0] === text[0]) && defined(pattern.slice(1), text.slice(1))
}

test('matching agrees with the definition', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '**', '?'), maxLength: 9 }).filter((text) => text !== '*' && !text.endsWith('/*'))
  fc.assert(fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 10 }), (glob, text) => {
    assert.equal(compileGlob(glob)(text), defined(glob, text))
  }), { numRuns: 5000 })
  const long = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?'), minLength: 28, maxLength: 36 }).filter((text) => !text.endsWith('/*'))
  fc.assert(fc.property(long, fc.infiniteStream(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 2 })), (glob, fill) => {
    const text = glob.replace(/\*+|\?/g, (wild) => (wild === '?' ? 'a' : fill.next().value))
    assert.ok(compileGlob(glob)(text), `${glob} ${text}`)
  }), { numRuns: 500 })
})

test('a hostile path costs one pass (backtracking would be hours)', () => {
  const matches = compileGlob('/**a*a*a*a**a*a*a*a*b')
  assert.ok(!matches(`/${'a'.repeat(200_000)}`))
  assert.ok(matches(`/${'a'.repeat(200_000)}b`))
})

test('globs match hosts without case and trailing dot', () => {
  const below = compileHostGlob('*.Example.com')
  assert.ok(below('a.example.com') && below('A.B.EXAMPLE.COM.'))
  assert.ok(!below('example.com') && !below('badexample.com') && !below('a.example.com.evil'))
  assert.ok(compileHostGlob('*')('anything.at.all'))
  assert.ok(compileHostGlob('api-*.example.com')('api-eu.example.com'))
  assert.ok(!compileHostGlob('api-*.example.com')('api-eu.west.example.com'))
  assert.ok(compileHostGlob('db.')('DB'))
})
