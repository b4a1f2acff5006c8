import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { describe, test, type TestContext } from 'node:test'
import { rig, transports } from '../helpers/rig.ts'
import { endWith, freePort, listening, missing, run, temporaryFolder } from './programs.ts'

const skip = missing('redis-server', 'redis-cli')

async function startRedis(t: TestContext): Promise<number> {
  const port = await freePort()
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', temporaryFolder(t)], { stdio: 'ignore' })
  endWith(t, server, 'SIGTERM')
  await listening(port, server)
  return port
}

const cli = (port: number, args: readonly string[], input?: string) => run('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...args], input === undefined ? {} : { input })

describe('redis-cli through a mapping', { skip }, () => {
  for (const transport of transports) test(`commands, pipelines and a slow link, ${transport}`, async (t) => {
    const { port, swap } = await rig(t, { transport, proxies: [`cache@0=redis://127.0.0.1:${await startRedis(t)}`] })
    assert.equal((await cli(port('cache'), ['set', 'greeting', 'hello'])).stdout, 'OK\n')
    assert.equal((await cli(port('cache'), ['get', 'greeting'])).stdout, 'hello\n')

    const many = Array.from({ length: 5000 }, (_, index) => `SET key${index} ${'v'.repeat(200)}\r\n`).join('')
    assert.match((await cli(port('cache'), ['--pipe'], many)).stdout, /errors: 0, replies: 5000/)
    assert.equal((await cli(port('cache'), ['dbsize'])).stdout, '5001\n')

    await cli(port('cache'), ['-x', 'set', 'large'], 'z'.repeat(200_000))
    const control = await cli(port('cache'), ['strlen', 'large'])
    assert.equal(control.stdout, '200000\n')
    const quick = await cli(port('cache'), ['get', 'large'])
    await swap('bandwidth rate=400KB/s')
    const slow = await cli(port('cache'), ['get', 'large'])
    assert.equal(slow.stdout.length, 200_001)
    // 200 KB at 400 KB/s, less a burst of a tenth of a second.
    assert.ok(slow.ms - quick.ms > 350, `${slow.ms} ms throttled, ${quick.ms} ms not`)
  })

  test('a subscriber keeps its connection, and what was published in a hole arrives when the hole ends', async (t) => {
    const redis = await startRedis(t)
    const { port, swap, runtime } = await rig(t, { transport: transports[0]!, proxies: [`cache@0=redis://127.0.0.1:${redis}`] })
    const subscriber = spawn('redis-cli', ['-h', '127.0.0.1', '-p', String(port('cache')), 'subscribe', 'news'], { stdio: ['ignore', 'pipe', 'ignore'] })
    endWith(t, subscriber, 'SIGTERM')
    const heard = listener(subscriber.stdout)
    await heard.until('subscribe')
    const { id, bytesDown } = runtime.connections()[0]!
    await swap('blackhole')
    assert.equal((await cli(redis, ['publish', 'news', 'from the hole'])).stdout, '1\n')
    assert.equal(runtime.connections()[0]!.bytesDown, bytesDown)
    await swap()
    await heard.until('from the hole')
    assert.equal(runtime.connections()[0]!.id, id)
  })
})

function listener(output: NodeJS.ReadableStream): { until(text: string): Promise<void> } {
  let heard = ''
  let look = (): void => {}
  output.on('data', (bytes) => {
    heard += String(bytes)
    look()
  })
  return {
    until: (text) => new Promise((resolve) => {
      look = () => { if (heard.includes(text)) resolve() }
      look()
    }),
  }
}
