import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { nameServer, type Zone } from '../../test/helpers/name-server.ts'
import { createTimeoutClock } from './wire/heap-clock.ts'
import { createResolver, type LookupResult, type Resolver, type SystemResolverOptions } from './resolver.ts'

const clock = createTimeoutClock((error) => { throw error })
const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms) })
const lookup = (resolver: Resolver, host: string, timeoutMs = 2000): Promise<LookupResult> => new Promise((resolve) => { resolver.lookup(host, timeoutMs, resolve) })

/** A system that knows nothing, so that no test depends on the machine's own names. */
const knowsNothing: NonNullable<SystemResolverOptions['askSystem']> = (_, answered) => { setImmediate(() => answered([])) }

async function resolving(t: TestContext, zones: Readonly<Record<string, Zone>>, over: Partial<SystemResolverOptions> = {}) {
  const server = await nameServer(t, zones)
  return { ...server, resolver: createResolver({ clock, hostsFile: undefined, servers: [server.address], askSystem: knowsNothing, ...over }) }
}

function hostsFile(t: TestContext, text: string) {
  const folder = mkdtempSync(path.join(tmpdir(), 'hosts-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const name = path.join(folder, 'hosts')
  const write = (content: string): void => writeFileSync(name, content)
  write(text)
  return { name, write, resolver: createResolver({ clock, hostsFile: name, servers: ['127.0.0.1:9'], askSystem: knowsNothing }) }
}

/** What is answered before the call returns. */
function atOnce(resolver: Resolver, host: string): LookupResult | undefined {
  let result: LookupResult | undefined
  resolver.lookup(host, 1000, (found) => { result = found }).cancel()
  return result
}

test('addresses are their own answer', () => {
  const resolver = createResolver({ clock, hostsFile: undefined, servers: ['127.0.0.1:9'], askSystem: knowsNothing })
  for (const address of ['127.0.0.1', '::1', '2001:db8::1']) assert.deepEqual(atOnce(resolver, address), { addresses: [address] })
})

test('the hosts file knows several names a line, both families, comments and any case', (t) => {
  const { resolver } = hostsFile(t, [
    '# a comment', '', '10.0.0.1 one one.example  # two names', '10.0.0.1\tOne', '::1\tsix one', '10.0.0.2 one.example', 'nonsense bad', '10.0.0.3', '#10.0.0.4 off',
  ].join('\n'))
  assert.deepEqual(atOnce(resolver, 'ONE'), { addresses: ['10.0.0.1', '::1'] })
  assert.deepEqual(atOnce(resolver, 'one.example.'), { addresses: ['10.0.0.1', '10.0.0.2'] })
  assert.deepEqual(atOnce(resolver, 'six'), { addresses: ['::1'] })
  assert.deepEqual([atOnce(resolver, 'bad'), atOnce(resolver, 'off')], [undefined, undefined])
})

test('a changed hosts file is read again, one that goes is forgotten, and one that comes back is read', (t) => {
  const { resolver, name, write } = hostsFile(t, '10.0.0.1 one\n')
  utimesSync(name, 1, 1)
  assert.deepEqual(atOnce(resolver, 'one'), { addresses: ['10.0.0.1'] })
  write('10.0.0.22 one\r\n10.0.0.3 two\r\n')
  assert.deepEqual([atOnce(resolver, 'one'), atOnce(resolver, 'two')], [{ addresses: ['10.0.0.22'] }, { addresses: ['10.0.0.3'] }])
  unlinkSync(name)
  assert.equal(atOnce(resolver, 'one'), undefined)
  write('10.0.0.1 one\n')
  utimesSync(name, 1, 1)
  assert.deepEqual(atOnce(resolver, 'one'), { addresses: ['10.0.0.1'] })
  unlinkSync(name)
  assert.equal(atOnce(resolver, 'one'), undefined)
  write('10.0.0.1 one\n')
  utimesSync(name, 1, 1)
  assert.deepEqual(atOnce(resolver, 'one'), { addresses: ['10.0.0.1'] })
})

test('localhost is loopback where the hosts file is silent, and what the file says where it is not', (t) => {
  const loopback = { addresses: ['127.0.0.1', '::1'] }
  const silent = createResolver({ clock, hostsFile: '/there/is/none', servers: ['127.0.0.1:9'] })
  assert.deepEqual([atOnce(silent, 'localhost'), atOnce(silent, 'LocalHost.'), atOnce(silent, 'app.localhost')], [loopback, loopback, loopback])
  const { resolver } = hostsFile(t, '127.0.0.9 localhost\n')
  assert.deepEqual([atOnce(resolver, 'localhost'), atOnce(resolver, 'notlocalhost')], [{ addresses: ['127.0.0.9'] }, undefined])
})

test('both families are asked, and take turns with IPv6 first', async (t) => {
  const { resolver, queries } = await resolving(t, { 'both.test': { a: ['10.0.0.1', '10.0.0.2', '10.0.0.3'], aaaa: ['2001:db8::1'] } })
  assert.deepEqual(await lookup(resolver, 'both.test'), { addresses: ['2001:db8::1', '10.0.0.1', '10.0.0.2', '10.0.0.3'] })
  assert.deepEqual([...queries].sort(), ['A both.test', 'AAAA both.test'])
})

test('nothing is remembered: each look-up asks', async (t) => {
  const { resolver, queries } = await resolving(t, { 'one.test': { a: ['10.0.0.1'] } })
  for (let round = 0; round < 3; round++) assert.deepEqual(await lookup(resolver, 'one.test.'), { addresses: ['10.0.0.1'] })
  assert.equal(queries.length, 6)
})

test('one family is enough', async (t) => {
  const { resolver } = await resolving(t, {
    'four.test': { a: ['10.0.0.1'] }, 'six.test': { aaaa: ['2001:db8::1'] }, 'half.test': { a: ['10.0.0.1'], aaaa: 'servfail' },
  })
  assert.deepEqual(await lookup(resolver, 'four.test'), { addresses: ['10.0.0.1'] })
  assert.deepEqual(await lookup(resolver, 'six.test'), { addresses: ['2001:db8::1'] })
  assert.deepEqual(await lookup(resolver, 'half.test'), { addresses: ['10.0.0.1'] })
})

test('a family that is never answered holds the other up for a moment only', async (t) => {
  const { resolver } = await resolving(t, { 'four.test': { a: ['10.0.0.1'], aaaa: 'silent' }, 'six.test': { a: 'silent', aaaa: ['2001:db8::1'] } })
  const startedAt = performance.now()
  assert.deepEqual(await lookup(resolver, 'four.test', 5000), { addresses: ['10.0.0.1'] })
  assert.deepEqual(await lookup(resolver, 'six.test', 5000), { addresses: ['2001:db8::1'] })
  const tookMs = performance.now() - startedAt
  assert.ok(tookMs < 1500, `took ${tookMs} ms, where the time limit is 5,000`)
})

test('a family that is a little late still comes first when it is the one preferred', async (t) => {
  const { resolver } = await resolving(t, { 'late.test': { a: ['10.0.0.1'], aaaa: ['2001:db8::1'], afterMs: { a: 100 } } })
  assert.deepEqual(await lookup(resolver, 'late.test'), { addresses: ['2001:db8::1', '10.0.0.1'] })
})

test('E-32: each way a look-up can fail has its own cause', async (t) => {
  const { resolver } = await resolving(t, {
    'failing.test': { a: 'servfail', aaaa: 'servfail' }, 'mixed.test': { a: 'nxdomain', aaaa: 'servfail' }, 'silent.test': { a: 'silent', aaaa: 'silent' }, 'empty.test': {},
  })
  assert.deepEqual(await lookup(resolver, 'unknown.test'), { cause: 'nxdomain' })
  assert.deepEqual(await lookup(resolver, 'empty.test'), { cause: 'nxdomain' })
  assert.deepEqual(await lookup(resolver, 'failing.test'), { cause: 'servfail' })
  assert.deepEqual(await lookup(resolver, 'mixed.test'), { cause: 'servfail' })
  assert.deepEqual(await lookup(resolver, 'silent.test', 300), { cause: 'dns-timeout' })
})

test('D-02: no name, however broken, does more than not exist', async (t) => {
  const { resolver } = await resolving(t, {}, { askSystem: (_, answered) => answered([]) })
  for (const name of ['', '.', '..', 'a..b', 'x'.repeat(64), 'abc.'.repeat(80), 'a\0b', 'a b', '\ud800', '[::1]', '%', 'ü.test']) {
    assert.deepEqual(await lookup(resolver, name), { cause: 'nxdomain' }, JSON.stringify(name))
  }
  const system = createResolver({ clock, hostsFile: undefined, servers: ['127.0.0.1:9'] })
  assert.deepEqual(await lookup(system, 'a\0b'), { cause: 'nxdomain' })
})

test('what no name server knows the system may know', async (t) => {
  const asked: string[] = []
  const { resolver } = await resolving(t, { 'known.test': { a: ['10.0.0.1'] } }, {
    askSystem(host, answered) {
      asked.push(host)
      setImmediate(() => answered(host === 'printer.local' ? ['10.0.0.9'] : []))
    },
  })
  assert.deepEqual(await lookup(resolver, 'printer.local'), { addresses: ['10.0.0.9'] })
  assert.deepEqual(await lookup(resolver, 'known.test'), { addresses: ['10.0.0.1'] })
  assert.deepEqual(asked, ['printer.local'])
})

test('the system is asked about two names at once; the others wait their turn, and cancelled ones leave the line', async (t) => {
  const open: [host: string, answered: (addresses: readonly string[]) => void][] = []
  const { resolver, queries } = await resolving(t, {}, { askSystem: (host, answered) => { open.push([host, answered]) } })
  const results: unknown[] = []
  const lookups = [1, 2, 3, 4, 5].map((index) => resolver.lookup(`n${index}`, 60_000, (result) => { results.push([index, result]) }))
  t.after(() => { for (const one of lookups) one.cancel() })
  while (queries.length < 10 || open.length < 2) await sleep(5)
  await sleep(20)
  assert.equal(open.length, 2)
  const first = open.map(([host]) => host)
  const waiting = [1, 2, 3, 4, 5].filter((index) => !first.includes(`n${index}`))
  lookups[waiting[0]! - 1]!.cancel()
  open[0]![1](['10.0.0.1'])
  assert.deepEqual(open.map(([host]) => host), [...first, `n${waiting[1]!}`])
  assert.deepEqual(results, [[Number(first[0]!.slice(1)), { addresses: ['10.0.0.1'] }]])
})

test('a dead name delays no other, not even when the system hangs on it', async (t) => {
  const { resolver } = await resolving(t, { 'dead.test': { a: 'silent', aaaa: 'silent' }, 'good.test': { a: ['10.0.0.1'] } }, { askSystem: () => {} })
  const dead = Array.from({ length: 20 }, (_, index) => resolver.lookup(index < 10 ? 'dead.test' : `unknown${index}.test`, 60_000, () => assert.fail('nobody answers')))
  t.after(() => { for (const one of dead) one.cancel() })
  await sleep(50)
  const startedAt = performance.now()
  assert.deepEqual(await lookup(resolver, 'good.test'), { addresses: ['10.0.0.1'] })
  const tookMs = performance.now() - startedAt
  assert.ok(tookMs < 500, `took ${tookMs} ms`)
  assert.deepEqual(await lookup(resolver, 'unknown.test', 200), { cause: 'nxdomain' }, 'the name servers have answered, only the system is silent')
})

test('a cancelled look-up says nothing any more', async (t) => {
  const { resolver } = await resolving(t, { 'one.test': { a: ['10.0.0.1'], afterMs: { a: 30 } } }, { askSystem: (_, answered) => { setTimeout(() => answered([]), 30) } })
  const told: unknown[] = []
  for (const name of ['one.test', 'unknown.test']) {
    const before = resolver.lookup(name, 50, (result) => { told.push(result) })
    before.cancel()
    before.cancel()
    const during = resolver.lookup(name, 50, (result) => { told.push(result) })
    await sleep(20)
    during.cancel()
  }
  await sleep(150)
  assert.deepEqual(told, [])
})
