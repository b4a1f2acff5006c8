import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { testHost, type TestHost, type TestHostOptions } from '../../../test/helpers/host.ts'
import { effectOf, recordOf } from '../../../test/helpers/records.ts'
import { entryOf, openRun } from '../../../test/helpers/view-run.ts'
import { VirtualTerminal } from '../../../test/helpers/vterm.ts'
import { createManualClock, type ManualClock } from '../../kit/clock.ts'
import type { Event } from '../../model/events.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { RunSettings } from '../../runtime/settings.ts'
import { createView, type ViewOptions } from './terminal.ts'
import type { View } from './view.ts'

const UI: ViewOptions = { tail: false, color: 'auto', events: undefined, logStdout: false }

interface Rig extends Omit<TestHost, 'interruptHandlers'> { readonly handlers: () => number; readonly clock: ManualClock; readonly view: View; readonly runtime: Runtime; readonly terminal: VirtualTerminal }
interface RigOptions { readonly ui?: Partial<ViewOptions>; readonly world?: TestHostOptions; readonly settings?: Partial<RunSettings>; readonly faults?: Parameters<typeof openRun>[1] }

/** A view on a real run, whose events the test tells by hand and whose time is its own. */
async function rig(t: TestContext, { ui, world, settings, faults }: RigOptions = {}): Promise<Rig> {
  const { runtime, input } = await openRun(t, faults, settings)
  const clock = createManualClock()
  const test = testHost({ clock, ...world })
  const terminal = new VirtualTerminal(world?.columns ?? 100)
  const host = world?.tty === true ? { ...test.host, stdout: terminal } : test.host
  const view = createView(host, { ...UI, ...ui }, input)
  t.after(() => view.dispose())
  view.tell({ event: 'run.started', atMs: 0, seed: 7, transport: 'node', durationMs: settings?.durationMs ?? null, wallTime: '' })
  return { ...test, handlers: () => test.interruptHandlers, clock, view, runtime, terminal }
}

const begin = (exchange: number, atMs = 0): Event => ({ event: 'exchange.started', atMs, exchange, connection: 1, proxy: 'http', kind: 'http', target: 'localhost:7070', path: `/${exchange}` })
const end = (exchange: number, given: Parameters<typeof recordOf>[0] = {}): Event => ({ event: 'exchange.finished', atMs: 1, ...recordOf({ exchange, path: `/${exchange}`, ...given }) })
const over = (atMs: number): Event => ({ event: 'run.finished', atMs, reason: 'SIGINT', durationMs: atMs })
const notice = (message: string, level: 'info' | 'warning' | 'error' = 'warning'): Event => ({ event: 'notice', atMs: 1, level, code: 'TEST', message })

test('a view that is told nothing writes nothing and holds nothing', async (t) => {
  const clock = createManualClock()
  const world = testHost({ clock, tty: true })
  const { input } = await openRun(t)
  createView(world.host, UI, input).dispose()
  assert.equal(world.stdout() + world.stderr(), '')
  assert.equal(clock.pending + world.interruptHandlers, 0)
})

test('D-60: in a pipe there are no escapes, a status line each ten seconds if there is news, and the summary', async (t) => {
  const { view, runtime, clock, stdout } = await rig(t, { settings: { durationMs: 60_000 } })
  view.started(runtime)
  assert.ok(stdout().endsWith('\n    Status:\n     Waiting for incoming traffic...\n'), stdout())
  const before = stdout().length
  clock.advance(9999)
  view.tell(begin(1))
  view.tell(end(1, { faults: [effectOf()] }))
  assert.equal(stdout().length, before)
  clock.advance(40_000)
  assert.equal(stdout().slice(before), '     Elapsed 00:00:10 | Remaining 83.33% | Total 1 minute | Total Events 1, Applied Faults 1, Passthrough 0, Errors: 0\n')
  view.tell(over(59_000))
  view.finished(runtime)
  assert.match(stdout(), /\n     All done! 1 completed, 1 applied faults, 0 passthrough, 0 errors\n/)
  assert.doesNotMatch(stdout(), /\x1b/)
  assert.equal(clock.pending, 0)
})

test('D-60: --color always colours a pipe without moving a cursor, NO_COLOR leaves a terminal its live block', async (t) => {
  const piped = await rig(t, { ui: { color: 'always' } })
  piped.view.started(piped.runtime)
  assert.match(piped.stdout(), /\x1b\[1mEnabled Proxies:\x1b\[22m/)
  assert.doesNotMatch(piped.stdout(), /\x1b\[[?\d;]*[^m?\d;]/)
  const { view, runtime, terminal } = await rig(t, { world: { tty: true, env: { NO_COLOR: '1' } } })
  view.started(runtime)
  assert.doesNotMatch(terminal.written, /\x1b\[[\d;]*m/)
  assert.match(terminal.written, /\x1b\[\?2026h/)
})

test('CI and a dumb terminal get plain text', async (t) => {
  for (const env of [{ CI: 'true' }, { TERM: 'dumb' }]) {
    const { view, runtime, terminal } = await rig(t, { world: { tty: true, env } })
    view.started(runtime)
    view.finished(runtime)
    assert.doesNotMatch(terminal.written, /\x1b/)
  }
})

test('on a terminal the block follows the run and is written at most ten times a second', async (t) => {
  const { view, runtime, clock, terminal } = await rig(t, { world: { tty: true }, settings: { durationMs: 10_000 } })
  view.started(runtime)
  assert.match(terminal.text(), /Status:\n {5}⠙ Progress: 🐢-+ 🏁\n {5}Elapsed 00:00:00 \| Remaining 100\.00% \| Total 10 seconds\n {5}⠙ Waiting for incoming traffic\.\.\.$/)
  assert.equal(terminal.isCursorShown, false)
  const { writes } = terminal
  for (let exchange = 0; exchange < 1000; exchange++) {
    view.tell(begin(exchange))
    view.tell(end(exchange))
    clock.advance(5)
  }
  assert.ok(terminal.writes - writes <= 50, `${terminal.writes - writes} writes in five seconds`)
  assert.match(terminal.text(), /\n {5}\S Progress: -{26}🐢-{25} 🏁\n {5}Elapsed 00:00:05 \| Remaining 50\.00% \| Total 10 seconds\n {5}Total Events 1000, Applied Faults 0, Passthrough 0, Errors: 0$/)
  view.tell(over(10_000))
  view.finished(runtime)
  assert.match(terminal.text(), /Status:\n\n {5}Progress: -{51}🐢 🏆\n {5}Elapsed 00:00:10 \| Remaining 0\.00% \| Total 10 seconds\n {5}All done! 1000 completed/)
  assert.equal(terminal.isCursorShown, true)
})

test('notices scroll above the block, those of the summary are not repeated, and info waits for --tail', async (t) => {
  const { view, runtime, clock, terminal } = await rig(t, { world: { tty: true }, settings: { proxy: ['0=udp://localhost:9'] } })
  view.tell(notice('said early'))
  view.started(runtime)
  for (const note of runtime.notes) view.tell(notice(note))
  view.tell(notice('no file \x1b[2Jdescriptor is left'))
  view.tell(notice('10.0.0.1: bad request', 'info'))
  clock.advance(100)
  assert.match(terminal.text(), /Status:\n {5}warning: said early\n {5}warning: no file \\u\{1b\}\[2Jdescriptor is left\n\n {5}Elapsed 00:00:00\n {5}\S Waiting/)
  assert.equal(terminal.text().split('datagrams pass unfaulted').length, 2)
  assert.doesNotMatch(terminal.text(), /bad request/)
})

test('--tail in a pipe: one line per exchange at its end, faults that go on and off, no status', async (t) => {
  const { view, runtime, clock, stdout } = await rig(t, { ui: { tail: true } })
  view.started(runtime)
  const before = stdout().length
  view.tell(begin(1))
  clock.advance(20_000)
  assert.equal(stdout().length, before)
  view.tell(end(1, { faults: [effectOf()] }))
  view.tell({ event: 'faults.changed', atMs: 5, generation: 2, on: ['latency'], off: ['bandwidth'] })
  view.tell(notice('10.0.0.1: bad request', 'info'))
  clock.advance(100)
  assert.equal(stdout().slice(before), [
    '    URL: http://localhost:7070/1 | DNS: 0.019ms | Latency ~300.123ms asked 300.000ms | Status: 200 | Duration: 303.250ms | TTFB 302.500ms | Sent/Received: ⭫78/b ⭭120/b |',
    '    Faults: latency on, bandwidth off',
    '     info: 10.0.0.1: bad request',
    '',
  ].join('\n'))
  view.tell(over(20_000))
  view.finished(runtime)
  assert.match(stdout(), /\n     All done! 1 completed, 1 applied faults, 0 passthrough, 0 errors - Total Time 20 seconds\n/)
})

test('--tail on a terminal: exchanges in flight are in the block, and none spins on after the end', async (t) => {
  const { view, runtime, clock, terminal } = await rig(t, { ui: { tail: true }, world: { tty: true } })
  view.started(runtime)
  for (let exchange = 1; exchange <= 7; exchange++) view.tell(begin(exchange))
  clock.advance(1000)
  assert.match(terminal.text(), /Stream:\n\n {4}\S URL: http:\/\/localhost:7070\/3 \| \.\.\. \| 1\.0s\n(?:.*\n){4} {4}… and 2 more in flight\n {5}Elapsed 00:00:01\n {5}Total Events 7, /)
  view.tell(end(4))
  clock.advance(100)
  assert.match(terminal.text(), /Stream:\n\n {4}URL: http:\/\/localhost:7070\/4 \| DNS[^|]+\|[^]*TTFB[^]*\n {4}\S URL: http:\/\/localhost:7070\/2 \| \.\.\. \| 1\.1s\n/)
  view.tell(over(1100))
  view.finished(runtime)
  assert.doesNotMatch(terminal.text(), /\| \.\.\. \|/)
  assert.match(terminal.text(), /Exchanges: 7 \(1 completed, 6 open\)/)
})

test('a drain that takes longer than 300 ms says so, and a second Ctrl-C still ends with the summary and the cursor', async (t) => {
  const { view, runtime, clock, terminal, interrupt } = await rig(t, { world: { tty: true } })
  view.started(runtime)
  interrupt()
  clock.advance(299)
  assert.doesNotMatch(terminal.text(), /draining/)
  clock.advance(200)
  assert.match(terminal.text(), /\n {5}draining, press Ctrl-C again to stop at once\n/)
  interrupt()
  assert.match(terminal.text(), /All done! 0 completed/)
  assert.equal(terminal.isCursorShown, true)
  const { writes } = terminal
  view.tell(over(1000))
  view.finished(runtime)
  view.dispose()
  assert.equal(terminal.writes, writes)
})

test('a quick end says nothing of draining', async (t) => {
  const { view, runtime, clock, stdout, interrupt } = await rig(t)
  view.started(runtime)
  interrupt()
  clock.advance(250)
  view.tell(over(250))
  view.finished(runtime)
  clock.advance(1000)
  assert.doesNotMatch(stdout(), /draining/)
})

test('when the time is up and connections stay, one Ctrl-C is enough', async (t) => {
  const { view, runtime, clock, stdout, interrupt } = await rig(t, { settings: { durationMs: 5000 } })
  view.started(runtime)
  clock.advance(5500)
  assert.match(stdout(), /\n {5}draining, press Ctrl-C to stop at once\n/)
  interrupt()
  assert.match(stdout(), /All done!/)
})

test('a run of months does not seem to end at once', async (t) => {
  const { view, runtime, clock, stdout } = await rig(t, { settings: { durationMs: 90 * 86_400_000 } })
  view.started(runtime)
  clock.advance(60_000)
  assert.doesNotMatch(stdout(), /draining/)
})

test('events on standard output leave the view standard error; logs there end the redrawing', async (t) => {
  const events = await rig(t, { ui: { events: '-' } })
  events.view.started(events.runtime)
  assert.equal(events.stdout(), '')
  assert.match(events.stderr(), /Welcome to fault/)
  const logs = await rig(t, { ui: { logStdout: true }, world: { tty: true, env: { NO_COLOR: '1' } } })
  logs.view.started(logs.runtime)
  assert.doesNotMatch(logs.terminal.written, /\x1b/)
})

test('a run that fails to start shows no summary and gives everything back', async (t) => {
  const { view, stdout, clock, handlers } = await rig(t)
  view.tell(notice('the limit is low'))
  view.dispose()
  assert.equal(stdout(), '     warning: the limit is low\n')
  assert.equal(clock.pending + handlers(), 0)
})

test('a run that breaks off in the middle leaves no block, no timer, no handler and a cursor', async (t) => {
  const { view, runtime, terminal, clock, handlers } = await rig(t, { world: { tty: true }, settings: { durationMs: 5000 } })
  view.started(runtime)
  assert.ok(clock.pending > 0 && handlers() > 0)
  view.dispose()
  assert.equal(clock.pending + handlers(), 0)
  assert.match(terminal.text(), /Status:$/)
  assert.equal(terminal.isCursorShown, true)
})

test('a scheduled fault that was never reached is explained at the end', async (t) => {
  const { view, runtime, stdout } = await rig(t, { faults: [entryOf('latency', { mean: 300, sched: 'start:1h' })] })
  view.started(runtime)
  view.tell(begin(1))
  view.tell(end(1))
  view.tell({ event: 'traffic.sampled', atMs: 5, ...runtime.sample() })
  view.tell(over(10))
  view.finished(runtime)
  assert.match(stdout(), /\n {5}hint: latency was never reached: no traffic matched it\n$/)
})
