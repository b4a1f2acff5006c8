import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../src/bin.ts', import.meta.url))

interface Program {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves with what stood there when `pattern` has been printed. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  ended(): Promise<number | null>
}

/** The command itself, as a process of its own. */
function fault(t: TestContext, ...args: string[]): Program {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], HOME: '/nonexistent' } })
  t.after(() => child.kill('SIGKILL'))
  const texts = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (bytes) => {
    texts[name] += String(bytes)
    for (const look of waiting) look()
  })
  const exit = once(child, 'close')
  return {
    child, stdout: () => texts.stdout, stderr: () => texts.stderr,
    ended: async () => ((await exit) as [number | null])[0],
    until: (pattern) => new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(texts.stdout)
        if (!found) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      exit.then(() => reject(new Error(`ended without ${String(pattern)}: ${texts.stdout}${texts.stderr}`)), reject)
      look()
    }),
  }
}

async function slowOrigin(t: TestContext): Promise<{ url: string; release: () => void; asked: Promise<void> }> {
  const asked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const server = http.createServer((_, response) => {
    asked.resolve()
    void release.promise.then(() => response.end('done'))
  }).listen(0, '127.0.0.1')
  t.after(() => { server.closeAllConnections(); server.close() })
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`, release: () => release.resolve(), asked: asked.promise }
}

const listening = /http:\/\/127\.0\.0\.1:(\d+) \[HTTP: forward\]/

for (const signal of ['SIGINT', 'SIGTERM'] as const) test(`E-20: ${signal} lets what is under way finish, prints the summary and ends with 0`, async (t) => {
  const origin = await slowOrigin(t)
  const program = fault(t, 'run', '--proxy-address', '127.0.0.1:0')
  const port = Number((await program.until(listening))[1])
  const request = http.get({ host: '127.0.0.1', port, path: origin.url, agent: false })
  const [response] = await Promise.all([once(request, 'response') as Promise<[http.IncomingMessage]>, origin.asked.then(() => {
    program.child.kill(signal)
    origin.release()
  })])
  const bodies = await response[0].toArray()
  assert.equal(Buffer.concat(bodies as Buffer[]).toString(), 'done')
  assert.equal(await program.ended(), 0)
  assert.match(program.stdout(), /All done! 1 completed/)
  assert.equal(program.stderr(), '')
})

test('a second signal ends at once', async (t) => {
  const origin = await slowOrigin(t)
  const program = fault(t, 'run', '--proxy-address', '127.0.0.1:0')
  const port = Number((await program.until(listening))[1])
  const request = http.get({ host: '127.0.0.1', port, path: origin.url, agent: false })
  request.on('error', () => {})
  await origin.asked
  program.child.kill('SIGINT')
  await program.until(/draining/)
  program.child.kill('SIGINT')
  assert.equal(await program.ended(), 130)
})

test('--duration ends by itself, with 0', async (t) => {
  const program = fault(t, 'run', '--proxy-address', '127.0.0.1:0', '--duration', '300ms')
  assert.equal(await program.ended(), 0)
  assert.match(program.stdout(), /All done!/)
})

test('--no-ui prints nothing at all', async (t) => {
  const program = fault(t, 'run', '--no-ui', '--proxy-address', '127.0.0.1:0', '--duration', '200ms', '--fault', 'latency 5')
  assert.equal(await program.ended(), 0)
  assert.deepEqual([program.stdout(), program.stderr()], ['', ''])
})

test('E-40: errors go to standard error, data to standard output', async (t) => {
  const wrong = fault(t, 'run', '--no-such-flag')
  assert.equal(await wrong.ended(), 2)
  assert.equal(wrong.stdout(), '')
  assert.match(wrong.stderr(), /^error: .*\nhint: /)
  const events = fault(t, 'run', '--proxy-address', '127.0.0.1:0', '--duration', '200ms', '--events', '-')
  assert.equal(await events.ended(), 0)
  for (const line of events.stdout().trim().split('\n')) assert.equal(typeof (JSON.parse(line) as { event: unknown }).event, 'string')
})

test('D-55: what a user writes wrong never costs more than two lines and exit 2', async (t) => {
  const lines = [
    ['--duration', 'soon'], ['--proxy', 'nonsense'], ['--upstream', 'a b'], ['--latency-sched', 'begin:1s'], ['--log-level', 'loud'],
    ['--fault', 'latency mean=1ms path='], ['--fault', '"'], ['--seed', '-1'], ['--bind', 'not an address'], ['--tls-cert', '/nonexistent', '--tls-key', '/nonexistent'],
  ]
  for (const line of lines) {
    const program = fault(t, 'run', '--duration', '100ms', '--proxy-address', '127.0.0.1:0', ...line)
    assert.equal(await program.ended(), 2, `${line.join(' ')}: ${program.stderr()}`)
    assert.match(program.stderr(), /^error: /)
    assert.match(program.stderr(), /\nhint: /)
    assert.doesNotMatch(program.stderr(), /\n {4}at /)
  }
})

test('a busy address ends with 1 and names it', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const program = fault(t, 'run', '--proxy-address', `127.0.0.1:${port}`)
  assert.equal(await program.ended(), 1)
  assert.match(program.stderr(), new RegExp(`^error: cannot listen on 127\\.0\\.0\\.1:${port}: address in use\nhint: .*--proxy-address`))
})
