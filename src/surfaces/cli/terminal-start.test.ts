import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entryOf, openRun, type ViewRun } from '../../../test/helpers/view-run.ts'
import { createStyle } from './style.ts'
import { startLines } from './terminal-start.ts'

const plain = createStyle(false)

/** The summary, with ports by rank of their listener instead of by chance, and without IPv6 where a machine may lack it. */
function summary({ runtime, input }: ViewRun, options: { isTail?: boolean; notes?: readonly string[] } = {}): string {
  const lines = startLines(runtime, { ...input, notes: options.notes ?? [] }, { style: plain, isTail: options.isTail ?? false })
  let text = lines.join('\n').replaceAll(/, \[::1\]:\d+/g, '')
  runtime.listeners.forEach(({ addresses }, index) => { text = text.replaceAll(`:${addresses[0]!.port}`, `:P${index + 1}`) })
  return text
}

test('start-up names proxies, faults, seed and transport in the documented words', async (t) => {
  const run = await openRun(t, [entryOf('blackhole', {})])
  assert.equal(summary(run), `
    Welcome to fault. — Your Reliability Toolbox!

    Enabled Proxies:
     - http://127.0.0.1:P1 [HTTP: forward]
       Target Upstreams: 🎯 All Hosts (no --upstream given)
     - http://127.0.0.1:P1 [HTTP: tunnel]
       Target Upstreams: 🎯 All Hosts (no --upstream given)
       Faults act on: ciphertext, where the tunnel carries TLS

    Configured Faults:
     - ${words(summary(run), 'Blackhole')}

    Seed: 7
    Transport: node (asked for)

    Status:`)
})

const words = (text: string, title: string): string => new RegExp(`- (${title}: .*)`).exec(text)![1]!

test('a mapping shows where it listens, where it goes and what it speaks, and no HTTP entry when the proxy is off', async (t) => {
  const run = await openRun(t, [], { disableHttpProxy: true, proxy: ['db@0=psql://db.local', '0=https://www.example.com', '127.0.0.1:0=tcp://[::1]:9'] })
  assert.equal(summary(run), `
    Welcome to fault. — Your Reliability Toolbox!

    Enabled Proxies:
     - 127.0.0.1:P1 => db.local:5432 [psql] db
     - 127.0.0.1:P2 => www.example.com:443 [https]
       Faults act on: plaintext; ciphertext, if the client begins TLS itself
     - 127.0.0.1:P3 => [::1]:9 [tcp]

    Configured Faults:
     No faults configured.

    Seed: 7
    Transport: node (asked for)

    Status:`)
})

test('every address a listener is bound to is shown', async (t) => {
  const { runtime, input } = await openRun(t, [], { proxy: ['0=localhost:9'] })
  const text = startLines(runtime, input, { style: plain, isTail: false }).join('\n')
  for (const { addresses } of runtime.listeners) for (const { host, port } of addresses) assert.ok(text.includes(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
})

test('upstreams are listed; * means all', async (t) => {
  assert.match(summary(await openRun(t, [], { upstream: ['localhost:7070', '*.example.com'] })), /Target Upstreams: 🎯 localhost:7070, \*\.example\.com\n/)
  assert.match(summary(await openRun(t, [], { upstream: ['*'] })), /Target Upstreams: 🎯 All Hosts\n/)
})

test('D-60: scheduled faults are drawn as lanes in the order of the set', async (t) => {
  const faults = [
    entryOf('bandwidth', { sched: 'start:125s,duration:20s;start:70%,duration:5%' }, 300_000),
    entryOf('blackhole', {}),
    entryOf('latency', { mean: 300, sched: 'start:5%,duration:30%;start:90%,duration:5%' }, 300_000),
  ]
  const text = summary(await openRun(t, faults, { durationMs: 300_000 }))
  assert.equal(/Faults Schedule:\n([^]*?)\n\n/.exec(text)![1], [
    '          Bandwidth: .......................████...........███..............',
    '            Latency: ...████████████████..............................███...',
    '                     0s                                                   5m',
  ].join('\n'))
})

test('without a schedule, or without a change in it, there are no lanes', async (t) => {
  assert.doesNotMatch(summary(await openRun(t, [entryOf('blackhole', {})], { durationMs: 1000 })), /Schedule/)
  assert.doesNotMatch(summary(await openRun(t, [entryOf('blackhole', { sched: 'start:0s' })])), /Schedule/)
})

test('notes of settings and of the runtime stand once each, a chosen seed with how to choose it again', async (t) => {
  const run = await openRun(t, [], { proxy: ['0=udp://localhost:9'], seed: undefined })
  const text = summary(run, { notes: ['--latency-sched enables latency', run.runtime.notes[0]!] })
  assert.match(text, /\n    Seed: 24301 \(--seed 24301 makes the same choices again\)\n/)
  assert.ok(text.includes(`    Notes:\n     - --latency-sched enables latency\n     - ${run.runtime.notes[0]!}\n\n    Status:`), text)
})

test('with --tail the summary ends with the title of the stream', async (t) => {
  assert.match(summary(await openRun(t), { isTail: true }), /\n\n    Stream:\n$/)
})
