import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { builtins, DEFAULT_SETTINGS, nodeHost, parseFault, startRuntime, type Host } from '../../src/index.ts'

async function start(t: TestContext, host: Host) {
  const origin = http.createServer((_request, response) => { response.end('hello') }).listen(0, '127.0.0.1')
  t.after(() => origin.close())
  await once(origin, 'listening')
  const settings = { ...DEFAULT_SETTINGS, disableHttpProxy: true, proxy: [`api@0=http://127.0.0.1:${(origin.address() as AddressInfo).port}`], seed: 42 }
  const { entry } = parseFault('latency 5ms', builtins.faults, 'the test')
  const runtime = await startRuntime({ settings, faults: [entry], builtins, host })
  t.after(() => runtime.stopNow())
  const { port } = runtime.listeners[0]!.addresses[0]!
  return { runtime, get: async () => (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text() }
}

test('a program starts a runtime with the public interface alone', { timeout: 20_000 }, async (t) => {
  const { runtime, get } = await start(t, nodeHost(process))
  const asked: number[] = []
  runtime.bus.subscribe((event) => { if (event.event === 'exchange.finished') asked.push(...event.faults.map(({ askedMs }) => askedMs)) })
  assert.equal(await get(), 'hello')
  await runtime.apply([])
  assert.equal(await get(), 'hello')
  await runtime.stop('done')
  assert.deepEqual(asked, [5])
})

test('a listener that throws is reported once, as what it is, and traffic and other listeners go on', { timeout: 20_000 }, async (t) => {
  let said = ''
  const stderr = { write: (text: string) => { said += text; return true } }
  const { runtime, get } = await start(t, { ...nodeHost(process), stderr })
  const heard: string[] = []
  runtime.bus.subscribe(() => { throw new Error('not mine') })
  runtime.bus.subscribe(({ event }) => { heard.push(event) })
  assert.equal(await get(), 'hello')
  await runtime.stop('done')
  assert.match(said, /^bug: an event listener threw, and hears no more:\nError: not mine\n/)
  assert.equal(said.match(/bug:/g)!.length, 1)
  assert.doesNotMatch(said, /connection/)
  assert.equal(heard.at(-1), 'run.finished')
})

test('the host of a process hands signals on until it is told to stop', () => {
  const host = nodeHost(process)
  const before = process.listenerCount('SIGTERM')
  const off = host.onInterrupt(() => {})
  assert.equal(process.listenerCount('SIGTERM'), before + 1)
  off()
  assert.equal(process.listenerCount('SIGTERM'), before)
})
