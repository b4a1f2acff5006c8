import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { testHost } from '../../../test/helpers/host.ts'
import { UserError } from '../../kit/errors.ts'
import type { Event, EventName, Events } from '../../model/events.ts'
import { createLogger, LEVELS, parseLogLevel, type LogOptions } from './log.ts'

const told = <Name extends EventName>(event: Name, data: Events[Name]): Event => ({ event, atMs: 1, ...data }) as unknown as Event

const record = { exchange: 3, connection: 2, proxy: 'http', kind: 'http', generation: 1, client: '127.0.0.1:1', target: 'a:80', matched: true, bytesUp: 1, bytesDown: 2, durationMs: 12.3456, faults: [] } as const
const effect = { type: 'slow', side: 'server', direction: 'ingress', drawn: true, askedMs: 10, bytes: 1 } as const

/** One of each kind. */
const everything: readonly Event[] = [
  told('run.started', { seed: 7, transport: 'epoll', durationMs: null, wallTime: '' }),
  told('listener.opened', { proxy: 'http', protocol: 'http-forward', addresses: ['127.0.0.1:1', '[::1]:1'] }),
  told('connection.opened', { connection: 2, proxy: 'http', client: '127.0.0.1:9' }),
  told('exchange.started', { exchange: 3, connection: 2, proxy: 'http', kind: 'http', target: 'a:80', method: 'GET', path: '/x' }),
  told('exchange.finished', { ...record, method: 'GET', path: '/x', status: 503, outcome: 'answered', cause: 'refused', faults: [{ ...effect, fault: 'latency', applications: 1, measuredMs: 11 }, { ...effect, fault: 'idle', applications: 0, measuredMs: 0 }] }),
  told('exchange.finished', { ...record, kind: 'raw', outcome: 'failed', cause: 'refused' }),
  told('connection.closed', { connection: 2, proxy: 'http', reason: 'end', bytesUp: 1, bytesDown: 2, durationMs: 3 }),
  told('faults.changed', { generation: 2, on: ['latency'], off: [] }),
  told('traffic.sampled', { openConnections: 1, bytesUp: 1, bytesDown: 2, heldBytes: 0, faults: [] }),
  told('notice', { level: 'warning', code: 'X', message: 'careful' }),
  told('notice', { level: 'error', code: 'X', message: 'broken' }),
  told('listener.closed', { proxy: 'http', addresses: ['127.0.0.1:1'] }),
  told('run.finished', { reason: 'SIGINT', durationMs: 5 }),
]

function folder(t: TestContext): string {
  const name = mkdtempSync(path.join(tmpdir(), 'log-'))
  t.after(() => rmSync(name, { recursive: true }))
  return name
}

/** What is logged to standard output at that level, without its times. */
function linesAt(logLevel: string): string[] {
  const { host, stdout } = testHost()
  const log = createLogger(host, { logFile: undefined, logStdout: true, logLevel })
  for (const event of everything) log.tell(event)
  log.close()
  return stdout().split('\n').slice(0, -1).map((line) => {
    assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /)
    return line.slice(25)
  })
}

test('every event has a line that says what happened', () => {
  assert.deepEqual(linesAt('trace'), [
    'INFO  run started, seed 7, transport epoll',
    'INFO  \'http\' listens on 127.0.0.1:1, [::1]:1 (http-forward)',
    'DEBUG connection 2 from 127.0.0.1:9 to \'http\'',
    'DEBUG exchange 3: GET a:80/x',
    'INFO  exchange 3: GET a:80/x 503 in 12.346ms latency 11.000ms',
    'INFO  exchange 3: raw a:80 refused in 12.346ms',
    'DEBUG connection 2 closed (end), 1 bytes up, 2 down',
    'INFO  fault set 2: on [latency], off []',
    'TRACE 1 connections, 1 bytes up, 2 down',
    'WARN  careful',
    'ERROR broken',
    'INFO  \'http\' no longer listens on 127.0.0.1:1',
    'INFO  run finished (SIGINT) after 5.000ms',
  ])
})

test('a level lets through what is at least as grave', () => {
  assert.deepEqual(LEVELS.map((level) => linesAt(level).length), [13, 12, 9, 2, 1, 0])
})

test('a list of filters is understood: targets other than this program are ignored, and its own goes before the general one', () => {
  const cases: [text: string, level: string | undefined][] = [
    ['info', 'info'], ['WARN', 'warn'], ['warning', 'warn'], [' debug ', 'debug'], ['off', 'off'], ['info,tower_http=debug', 'info'], ['tower_http=debug', 'info'],
    ['warn,fault=debug', 'debug'], ['fault=debug,warn', 'debug'], ['fault_cli=trace', 'trace'], ['fault::proxy=error,info', 'error'], ['faulty=trace,warn', 'warn'],
    ['debug,info', 'info'], ['info,', 'info'], ['info, tower = warning', 'info'],
    ['', undefined], [',', undefined], ['loud', undefined], ['info,tower_http=loud', undefined], ['fault=', undefined], ['info=debug=x', undefined],
  ]
  for (const [text, level] of cases) assert.equal(parseLogLevel(text), level, JSON.stringify(text))
})

test('the file is appended to, and found from where the program was started', (t) => {
  const cwd = folder(t)
  writeFileSync(path.join(cwd, 'fault.log'), 'before\n')
  for (const round of ['one', 'two']) {
    const log = createLogger(testHost({ cwd }).host, { logFile: 'fault.log', logStdout: false, logLevel: 'info' })
    log.tell(told('notice', { level: 'info', code: 'X', message: round }))
    log.close()
  }
  const lines = readFileSync(path.join(cwd, 'fault.log'), 'utf8').split('\n')
  assert.deepEqual(lines.map((line) => line.split(' ').at(-1)), ['before', 'one', 'two', ''])
})

test('file and standard output get the same lines', (t) => {
  const cwd = folder(t)
  const { host, stdout } = testHost({ cwd })
  const log = createLogger(host, { logFile: 'fault.log', logStdout: true, logLevel: 'trace' })
  for (const event of everything) log.tell(event)
  log.close()
  assert.equal(readFileSync(path.join(cwd, 'fault.log'), 'utf8'), stdout())
})

test('D-55: a log that cannot be opened is exit 1 and says which', (t) => {
  const cwd = folder(t)
  for (const logFile of ['missing/fault.log', '.']) {
    assert.throws(() => createLogger(testHost({ cwd }).host, { logFile, logStdout: false, logLevel: 'info' }), (error: UserError) => {
      assert.ok(error instanceof UserError)
      assert.deepEqual([error.code, error.exitCode], ['CANNOT_WRITE', 1])
      assert.ok(error.message.startsWith(`cannot write to the log '${logFile}': `) && error.hint!.includes('--log-file'))
      return true
    })
  }
})

test('E-19: a full disk costs the log and one warning, never the run', { skip: !existsSync('/dev/full') }, () => {
  const { host, stderr, stdout } = testHost()
  const options: LogOptions = { logFile: '/dev/full', logStdout: true, logLevel: 'info' }
  const log = createLogger(host, options)
  for (const event of everything) log.tell(event)
  log.close()
  assert.match(stderr(), /^warning: cannot write to the log '\/dev\/full' any more \(.*ENOSPC.*\); the run goes on\n$/)
  assert.equal(stdout().split('\n').length - 1, 9, 'standard output has it all')
})

test('what comes after the log is closed goes nowhere', (t) => {
  const cwd = folder(t)
  const { host, stdout, stderr } = testHost({ cwd })
  const log = createLogger(host, { logFile: 'fault.log', logStdout: true, logLevel: 'info' })
  log.close()
  log.close()
  log.tell(told('run.finished', { reason: 'x', durationMs: 1 }))
  assert.deepEqual([stdout(), stderr(), readFileSync(path.join(cwd, 'fault.log'), 'utf8')], ['', '', ''])
})

test('what a peer says cannot make lines of its own, nor reach the terminal', () => {
  const { host, stdout } = testHost()
  const log = createLogger(host, { logFile: undefined, logStdout: true, logLevel: 'info' })
  log.tell(told('notice', { level: 'info', code: 'X', message: 'a\n2026-01-01 ERROR forged \x1b[31m\x9b' }))
  assert.equal(stdout().split('\n').length, 2)
  assert.doesNotMatch(stdout(), /[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
})
