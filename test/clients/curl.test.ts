import assert from 'node:assert/strict'
import { randomBytes, createHash } from 'node:crypto'
import http from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { startDemo } from '../../src/demo/server.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { rig, transports } from '../helpers/rig.ts'
import { freePort, missing, run } from './programs.ts'

const skip = missing('curl')

async function startOrigin(t: TestContext): Promise<string> {
  const demo = await startDemo({ address: '127.0.0.1', port: 0, pingUrl: 'self', env: {}, clock: systemClock })
  t.after(() => demo.close())
  return `http://127.0.0.1:${demo.address.port}`
}

const curl = (args: readonly string[], input?: Buffer) => run('curl', ['-sS', '--max-time', '20', ...args], input === undefined ? {} : { input })

for (const transport of transports) describe(`curl, ${transport}`, { skip }, () => {
  test('the forward proxy adds what was asked, and a reused connection feels it each time', async (t) => {
    const origin = await startOrigin(t)
    const { port } = await rig(t, { transport, faults: ['latency mean=150'] })
    const format = '%{http_code} %{num_connects} %{time_total}\\n'
    const direct = await curl(['-o', '/dev/null', '-w', format, `${origin}/`])
    const proxied = await curl(['-x', `http://127.0.0.1:${port('http')}`, '-o', '/dev/null', '-o', '/dev/null', '-w', format, `${origin}/`, `${origin}/`])
    const control = Number(direct.stdout.split(' ')[2])
    const rows = proxied.stdout.trim().split('\n').map((line) => line.split(' '))
    assert.deepEqual(rows.map(([status, connects]) => [status, connects]), [['200', '1'], ['200', '0']])
    for (const [, , total] of rows) assert.ok(Number(total) - control > 0.14, `${total} s through, ${control} s directly`)
  })

  test('CONNECT: a tunnel to the origin, 502 for a port where nobody listens', async (t) => {
    const origin = await startOrigin(t)
    const { port } = await rig(t, { transport })
    const proxy = `http://127.0.0.1:${port('http')}`
    assert.match((await curl(['-p', '-x', proxy, `${origin}/`])).stdout, /Hello, World!/)
    const refused = await curl(['-p', '-x', proxy, '-o', '/dev/null', '-w', '%{http_connect}', `http://127.0.0.1:${await freePort()}/`])
    assert.deepEqual([refused.code, refused.stdout], [56, '502'])
  })

  test('uploads of known and unknown length arrive whole', async (t) => {
    const bytes = randomBytes(3_000_000)
    const wanted = createHash('sha256').update(bytes).digest('hex')
    const server = http.createServer((request, response) => {
      const hash = createHash('sha256')
      request.on('data', (part: Buffer) => hash.update(part))
      request.on('end', () => response.end(`${request.headers['transfer-encoding'] ?? request.headers['content-length']} ${hash.digest('hex')}`))
    }).listen(0, '127.0.0.1')
    t.after(() => { server.closeAllConnections(); server.close() })
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const { port } = await rig(t, { transport })
    const proxy = ['-x', `http://127.0.0.1:${port('http')}`]
    assert.equal((await curl([...proxy, '--data-binary', '@-', url], bytes)).stdout, `3000000 ${wanted}`)
    assert.equal((await curl([...proxy, '-H', 'Transfer-Encoding: chunked', '-T', '-', url], bytes)).stdout, `chunked ${wanted}`)
  })

  test('server-sent events come one by one', async (t) => {
    const origin = await startOrigin(t)
    const { port, until } = await rig(t, { transport, proxies: [`app@0=${origin}`] })
    const stream = await curl(['-N', `http://127.0.0.1:${port('app')}/stream?n=3&ms=100`])
    assert.equal(stream.stdout.match(/^data:/gm)?.length, 3)
    const { firstByteMs, durationMs } = await until('exchange.finished')
    assert.ok(firstByteMs! < durationMs - 100, `first byte after ${firstByteMs} ms of ${durationMs}`)
  })

  test('a WebSocket handshake is upgraded and carries frames', async (t) => {
    const origin = await startOrigin(t)
    const { port } = await rig(t, { transport, proxies: [`app@0=${origin}`] })
    const handshake = await curl([
      '-i', '-N', '--max-time', '2', '--http1.1', '-H', 'Connection: Upgrade', '-H', 'Upgrade: websocket', '-H', 'Sec-WebSocket-Version: 13', '-H', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      `http://127.0.0.1:${port('app')}/ws`,
    ])
    assert.match(handshake.stdout, /^HTTP\/1.1 101/)
    assert.match(handshake.stdout, /s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/)
    const socket = new WebSocket(`ws://127.0.0.1:${port('app')}/ws`)
    t.after(() => socket.close())
    await once(socket, 'open')
    socket.send('hello through the proxy')
    const [message] = (await once(socket, 'message')) as [MessageEvent]
    assert.equal(message.data, 'hello through the proxy')
  })
})
