import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { Agent, request, type Dispatcher } from 'undici'
import WebSocket from 'ws'
import { createManualClock, systemClock } from '../kit/clock.ts'
import { UserError } from '../kit/errors.ts'
import { demoPrelude, startDemo, type Demo, type DemoOptions } from './server.ts'

interface Rig {
  readonly demo: Demo
  readonly base: string
  readonly lines: readonly string[]
  call(path: string, options?: Partial<Dispatcher.RequestOptions>): Promise<{ status: number; headers: Dispatcher.ResponseData['headers']; text: string }>
}

async function rig(t: TestContext, options: Partial<DemoOptions> = {}): Promise<Rig> {
  const lines: string[] = []
  const demo = await startDemo({ address: '127.0.0.1', port: 0, pingUrl: 'self', env: {}, clock: systemClock, log: (line) => { lines.push(line) }, ...options })
  t.after(() => demo.close())
  const dispatcher = new Agent()
  t.after(() => dispatcher.destroy())
  const base = `http://127.0.0.1:${demo.address.port}`
  return {
    demo, base, lines,
    async call(path, requestOptions = {}) {
      const { statusCode, headers, body } = await request(base + path, { dispatcher, ...requestOptions })
      return { status: statusCode, headers, text: await body.text() }
    },
  }
}

/** Sends `head` as it stands and leaves the socket open. */
function raw(t: TestContext, { demo }: Rig, head: string): Socket {
  const socket = connect({ host: '127.0.0.1', port: demo.address.port })
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.write(head, 'latin1')
  return socket
}

async function readToEnd(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString('latin1')
  return text
}

/** Resolves as soon as `holds` does, looked at once per turn of the event loop; the runner's time-out is the deadline. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => { setImmediate(resolve) })
}

const errorOf = (text: string): string => (JSON.parse(text) as { error: string }).error

test('/ is the documented page, for GET and HEAD', async (t) => {
  const { call } = await rig(t)
  const got = await call('/')
  assert.deepEqual([got.status, got.text, got.headers['content-type'], got.headers['content-length']], [200, '<h1>Hello, World!</h1>', 'text/html; charset=utf-8', '22'])
  const head = await call('/', { method: 'HEAD' })
  assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '22'])
})

test('the access log has the documented form', async (t) => {
  const { call, lines } = await rig(t)
  await call('/')
  await call('/status/503?x=1', { method: 'DELETE' })
  await until(() => lines.length === 2)
  assert.match(lines[0]!, /^GET \/ 200 \d+\.\d{3}(?:µs|ms|s)$/)
  assert.match(lines[1]!, /^DELETE \/status\/503\?x=1 503 \d+\.\d{3}(?:µs|ms|s)$/)
})

test('durations in the access log take the unit that fits', async (t) => {
  for (const [tookMs, text] of [[0.006627, '6.627µs'], [12.5, '12.500ms'], [1234.5678, '1.235s']] as const) {
    const [clock, dripClock] = [createManualClock(), createManualClock()]
    const { call, lines } = await rig(t, { clock, dripClock })
    const answer = call('/slow?ms=1')
    await until(() => dripClock.pending === 1)
    clock.advance(tookMs)
    dripClock.advance(1)
    await answer
    await until(() => lines.length === 1)
    assert.equal(lines[0], `GET /slow?ms=1 200 ${text}`)
  }
})

test('a long target is cut in the access log', async (t) => {
  const { call, lines } = await rig(t)
  await call(`/${'a'.repeat(500)}`)
  await until(() => lines.length === 1)
  assert.match(lines[0]!, /^GET \/a{199}\.\.\. 404 \S+$/)
})

test('/uppercase answers as documented and refuses bad input with 415, 400, 422 and 413', async (t) => {
  const { call } = await rig(t)
  const post = async (body: string | Buffer, type?: string): Promise<[number, string]> => {
    const { status, text } = await call('/uppercase', { method: 'POST', body, headers: type === undefined ? {} : { 'content-type': type } })
    return [status, text]
  }
  assert.deepEqual(await post('{"content": "straße"}', 'application/json; charset=utf-8'), [200, '{"content":"STRASSE"}'])
  assert.deepEqual(await post('{"content": "a", "more": 1}', 'application/problem+json'), [200, '{"content":"A"}'])
  assert.equal((await post('{"content": "a"}'))[0], 415)
  assert.equal((await post('{"content": "a"}', 'text/plain'))[0], 415)
  assert.equal((await post('{"content"', 'application/json'))[0], 400)
  assert.equal((await post('', 'application/json'))[0], 400)
  assert.equal((await post(Buffer.from([0x22, 0xff, 0x22]), 'application/json'))[0], 400)
  for (const wrong of ['{"content": 1}', '{}', 'null', '[]', '"content"']) assert.equal((await post(wrong, 'application/json'))[0], 422, wrong)
  assert.equal((await post(`"${'a'.repeat(1024 * 1024)}"`, 'application/json'))[0], 413)
})

test('/stream sends its events one by one and ends', async (t) => {
  const clock = createManualClock()
  const { call, base } = await rig(t, { dripClock: clock })
  const answer = await request(`${base}/stream?n=3&ms=1000`)
  t.after(() => answer.body.destroy())
  assert.equal(answer.headers['content-type'], 'text/event-stream')
  const chunks = answer.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  for (let id = 1; id <= 3; id++) {
    const { value } = await chunks.next() as { value: Buffer }
    assert.equal(value.toString(), `id: ${id}\ndata: {"event":${id},"of":3}\n\n`)
    if (id === 3) break
    await until(() => clock.pending === 1)
    clock.advance(1000)
  }
  assert.equal((await chunks.next()).done, true)
  const many = await call('/stream?n=10000&ms=0')
  assert.equal(many.text.match(/^id: /gm)?.length, 10_000)
  assert.equal((await call('/stream?n=10000', { method: 'HEAD' })).status, 200)
})

test('/large has the asked length and known bytes', async (t) => {
  const { base, call } = await rig(t)
  for (const [query, bytes] of [['', 1024 * 1024], ['?bytes=0', 0], ['?bytes=1000003', 1_000_003]] as const) {
    const { headers, body } = await request(`${base}/large${query}`)
    assert.equal(headers['content-length'], String(bytes))
    const got = Buffer.from(await body.arrayBuffer())
    assert.equal(got.length, bytes)
    assert.ok(got.every((value, at) => value === at % 251))
  }
  const head = await call('/large?bytes=1073741824', { method: 'HEAD' })
  assert.deepEqual([head.headers['content-length'], head.text], ['1073741824', ''])
})

test('/large waits for a client that does not read', async (t) => {
  const here = await rig(t)
  const socket = raw(t, here, 'GET /large?bytes=268435456 HTTP/1.1\r\nhost: a\r\n\r\n')
  socket.pause()
  // The server's side of the connection is in this process too; there is no other way to see what it holds.
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(): readonly Partial<Socket>[] }
  const writers = (): readonly Partial<Socket>[] => handles.call(process).filter((handle) => handle !== socket && handle.writableNeedDrain === true)
  await until(() => writers().length === 1)
  for (let turn = 0; turn < 1000; turn++) await new Promise((resolve) => { setImmediate(resolve) })
  assert.ok(writers()[0]!.writableLength! < 1024 * 1024, String(writers()[0]!.writableLength))
  assert.deepEqual(here.lines, [])
  socket.destroy()
  await until(() => here.lines.length === 1)
  assert.match(here.lines[0]!, /^GET \/large\?bytes=268435456 200 \S+ incomplete$/)
})

test('/slow waits as asked, and not for a client that has left', async (t) => {
  const clock = createManualClock()
  const here = await rig(t, { dripClock: clock })
  const waiting = here.call('/slow?ms=60000')
  await until(() => clock.pending === 1)
  clock.advance(60_000)
  assert.equal((await waiting).text, '{"slept":60000}')
  const socket = raw(t, here, 'GET /slow HTTP/1.1\r\nhost: a\r\n\r\n')
  await until(() => clock.pending === 1)
  socket.destroy()
  await until(() => clock.pending === 0)
  await until(() => here.lines.length === 2)
  assert.match(here.lines[1]!, /^GET \/slow - \S+ incomplete$/)
})

test('a bad query value gets a 400 that names the parameter', async (t) => {
  const { call } = await rig(t)
  const bad = [
    ['/stream?n=10001', 'n'], ['/stream?ms=-1', 'ms'], ['/stream?n=1&n=2', 'n'], ['/large?bytes=1e3', 'bytes'], ['/large?bytes=1073741825', 'bytes'],
    ['/large?bytes=', 'bytes'], ['/slow?ms=60001', 'ms'], ['/slow?ms=%00', 'ms'], ['/status/99', 'code'], ['/status/101', 'code'], ['/status/600', 'code'], ['/status/abc', 'code'],
  ] as const
  for (const [path, name] of bad) {
    const { status, text } = await call(path)
    assert.equal(status, 400, path)
    assert.ok(errorOf(text).includes(`parameter "${name}"`), text)
  }
})

test('/status answers any method with the code, and without a body where there is none', async (t) => {
  const { call } = await rig(t)
  assert.equal((await call('/status/503', { method: 'PATCH', body: 'x' })).text, '{"status":503,"reason":"Service Unavailable"}')
  assert.equal((await call('/status/302')).headers.location, '/')
  for (const code of [204, 304]) {
    const { status, headers, text } = await call(`/status/${code}`)
    assert.deepEqual([status, text, headers['content-length']], [code, '', undefined])
  }
})

test('/echo keeps order, case and repeats of the headers, and gives body, query and trailers', async (t) => {
  const here = await rig(t)
  const head = 'PROPFIND /echo?b=2&a=1&b=%C3%A9 HTTP/1.1\r\nHost: a\r\nX-b: 1\r\nx-A: 2\r\nX-B: 3\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
  const text = await readToEnd(raw(t, here, `${head}3\r\na\xc3\xa9\r\n0\r\nX-End: yes\r\n\r\n`))
  assert.deepEqual(JSON.parse(Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1').toString()), {
    method: 'PROPFIND', path: '/echo', query: [['b', '2'], ['a', '1'], ['b', 'é']], version: '1.1',
    headers: [['Host', 'a'], ['X-b', '1'], ['x-A', '2'], ['X-B', '3'], ['Transfer-Encoding', 'chunked'], ['Connection', 'close']],
    body: 'aé', bodyBytes: 3, trailers: [['X-End', 'yes']],
  })
  const large = await here.call('/echo', { method: 'POST', body: Buffer.alloc(1024 * 1024, 'x') })
  assert.equal(large.status, 200)
  assert.equal((await here.call('/echo', { method: 'PUT', body: Buffer.alloc(8 * 1024 * 1024) })).status, 413)
})

test('an unknown path gets a 404 with the routes, a wrong method a 405 with Allow', async (t) => {
  const here = await rig(t)
  const missing = await here.call('/nowhere?x')
  assert.equal(missing.status, 404)
  const { routes } = JSON.parse(missing.text) as { routes: readonly string[] }
  assert.ok(routes.includes('GET|HEAD /') && routes.includes('ANY /status/:code') && routes.includes('GET|HEAD|POST /ping'))
  for (const path of ['//', '/ping/', '/status/', '/status/200/x', '/%00', '/__proto__']) assert.equal((await here.call(path)).status, 404, path)
  const wrong = await here.call('/uppercase')
  assert.deepEqual([wrong.status, wrong.headers.allow], [405, 'POST'])
  assert.equal((await here.call('/', { method: 'POST', body: 'x' })).headers.allow, 'GET, HEAD')
  assert.match(await readToEnd(raw(t, here, 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n')), /^HTTP\/1\.1 405 /)
})

test('absolute-form targets, pipelined requests and other upgrades are served', async (t) => {
  const here = await rig(t)
  const piped = raw(t, here, 'GET http://any.example:99?x HTTP/1.1\r\nhost: a\r\n\r\nGET /slow?ms=20 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  assert.match(await readToEnd(piped), /^HTTP\/1\.1 200 [^]*Hello[^]*HTTP\/1\.1 200 [^]*\{"slept":20\}$/)
  const upgrade = raw(t, here, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n')
  assert.match(await readToEnd(upgrade), /^HTTP\/1\.1 200 /)
})

test('/ws sends text and binary messages back as they came', async (t) => {
  const { base, lines, call } = await rig(t)
  const client = new WebSocket(`${base.replace('http', 'ws')}/ws`)
  t.after(() => client.terminate())
  await once(client, 'open')
  for (const message of ['héllo', '', Buffer.from([0, 255, 1]), 'x'.repeat(1024 * 1024)]) {
    client.send(message)
    const [data, binary] = await once(client, 'message') as [Buffer, boolean]
    assert.equal(binary, typeof message !== 'string')
    assert.ok(data.equals(Buffer.from(message)))
  }
  assert.match(lines[0]!, /^GET \/ws 101 /)
  client.send('x'.repeat(1024 * 1024 + 1))
  assert.equal((await once(client, 'close'))[0], 1009)
  const plain = await call('/ws')
  assert.deepEqual([plain.status, plain.headers.upgrade], [426, 'websocket'])
})

test('/ws stops reading from a client that does not read, and goes on when it does', async (t) => {
  const { base } = await rig(t)
  const client = new WebSocket(`${base.replace('http', 'ws')}/ws`)
  t.after(() => client.terminate())
  await once(client, 'open')
  client.pause()
  const message = Buffer.alloc(512 * 1024, 7)
  for (let count = 0; count < 128; count++) client.send(message)
  let unsentBytes = 0
  let sameTurns = 0
  await until(() => {
    sameTurns = client.bufferedAmount === unsentBytes ? sameTurns + 1 : 0
    unsentBytes = client.bufferedAmount
    return sameTurns === 1000
  })
  assert.ok(unsentBytes > 16 * 1024 * 1024, String(unsentBytes))
  let gotBytes = 0
  client.on('message', (data: Buffer) => { gotBytes += data.length })
  client.resume()
  await until(() => gotBytes === 128 * message.length)
})

test('close ends open streams, waits and WebSockets at once, and may be called twice', async (t) => {
  const here = await rig(t, { dripClock: createManualClock() })
  const client = new WebSocket(`${here.base.replace('http', 'ws')}/ws`)
  await once(client, 'open')
  const closes = once(client, 'close')
  const open = ['/stream', '/slow', '/large?bytes=1073741824'].map((path) => raw(t, here, `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`))
  await Promise.all([once(open[0]!, 'readable'), once(open[2]!, 'readable')])
  await Promise.all([here.demo.close(), here.demo.close()])
  await closes
  for (const socket of open) if (!socket.resume().closed) await once(socket, 'close')
  await assert.rejects(here.call('/'))
})

test('a busy port is an error that names the address and the way out', async (t) => {
  const { demo } = await rig(t)
  const options = { address: '127.0.0.1', port: demo.address.port, pingUrl: 'self', env: {}, clock: systemClock }
  await assert.rejects(startDemo(options), (error) => {
    assert.ok(error instanceof UserError)
    assert.deepEqual([error.code, error.exitCode, error.message, error.hint], ['ADDRESS_IN_USE', 1, `cannot listen on 127.0.0.1:${demo.address.port}: address in use`, '--port 0 picks a free one'])
    return true
  })
  await assert.rejects(startDemo({ ...options, address: '192.0.2.1', port: 0 }), { code: 'CANNOT_LISTEN', message: 'cannot listen on 192.0.2.1:0: no such address here', exitCode: 1 })
  await assert.rejects(startDemo({ ...options, pingUrl: 'ftp://a' }), { code: 'INVALID_PING_URL', exitCode: 2 })
})

test('the prelude has the documented words and examples', () => {
  const text = demoPrelude('http://localhost:7070/')
  assert.ok(text.startsWith(`Welcome to fault, this demo application is here to let you explore fault's capabilities.

Here are a few examples:

export HTTP_PROXY=http://localhost:3180
export HTTPS_PROXY=http://localhost:3180

curl -x \${HTTP_PROXY} http://localhost:7070/
curl -x \${HTTP_PROXY} http://localhost:7070/ping
curl -x \${HTTP_PROXY} http://localhost:7070/ping/myself
curl -x \${HTTP_PROXY} --json '{"content": "hello"}' http://localhost:7070/uppercase
`))
})
