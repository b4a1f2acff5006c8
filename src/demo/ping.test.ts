import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { Agent, request } from 'undici'
import { systemClock } from '../kit/clock.ts'
import { joinHostPort } from '../kit/ip.ts'
import { startDemo, type Demo, type DemoOptions } from './server.ts'

async function demoAt(t: TestContext, options: Partial<DemoOptions> = {}): Promise<{ demo: Demo; base: string; get(path: string, headers?: Record<string, string>, method?: string): Promise<{ status: number; text: string }> }> {
  const demo = await startDemo({ address: '127.0.0.1', port: 0, pingUrl: 'self', env: {}, clock: systemClock, ...options })
  t.after(() => demo.close())
  const dispatcher = new Agent()
  t.after(() => dispatcher.destroy())
  const { host, port } = demo.address
  const base = `http://${joinHostPort(host === '0.0.0.0' ? '127.0.0.1' : host, port)}`
  return {
    demo, base,
    async get(path, headers = {}, method = 'GET') {
      const { statusCode, body } = await request(base + path, { dispatcher, headers, method })
      return { status: statusCode, text: await body.text() }
    },
  }
}

async function origin(t: TestContext, serve: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(serve)
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

/** A forward proxy that writes down what it was asked for. */
async function proxy(t: TestContext, asked: string[]): Promise<string> {
  const { url, server } = await origin(t, (incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    void request(incoming.url!, { headers: { via: incoming.headers.via ?? '' } }).then(async ({ statusCode, body }) => {
      outgoing.writeHead(statusCode).end(await body.text())
    })
  })
  server.on('connect', (incoming, socket) => {
    asked.push(`CONNECT ${incoming.url}`)
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
  })
  return url
}

interface Failure { readonly error: string; readonly hint?: string }

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('/ping answers with what the other side said and how long it took, for GET and POST', async (t) => {
  const seen: unknown[] = []
  const { url } = await origin(t, (incoming, outgoing) => {
    seen.push(incoming.method, ...['traceparent', 'tracestate', 'cookie'].map((name) => incoming.headers[name]))
    outgoing.end('{"hello": "world"}')
  })
  const { get } = await demoAt(t, { pingUrl: `${url}/get` })
  for (const method of ['GET', 'POST']) {
    const { status, text } = await get('/ping', { traceparent, tracestate: 'a=b', cookie: 'secret' }, method)
    assert.equal(status, 200)
    assert.match(text, /^\{"content":\{"hello":"world"\},"duration":"\d+"\}$/)
  }
  assert.deepEqual(seen, ['GET', traceparent, 'a=b', undefined, 'GET', traceparent, 'a=b', undefined])
})

test('/ping follows a redirect', async (t) => {
  const { url } = await origin(t, (incoming, outgoing) => {
    if (incoming.url === '/new') outgoing.end('"here"')
    else outgoing.writeHead(301, { location: '/new' }).end()
  })
  const { get } = await demoAt(t, { pingUrl: `${url}/old` })
  assert.match((await get('/ping')).text, /^\{"content":"here",/)
})

test('/multi makes both calls at the same time', async (t) => {
  const waiting: (() => void)[] = []
  const { url } = await origin(t, (_incoming, outgoing) => {
    waiting.push(() => outgoing.end('1'))
    if (waiting.length === 2) for (const answer of waiting) answer()
  })
  const { get } = await demoAt(t, { pingUrl: url })
  assert.match((await get('/multi')).text, /^\{"content":\[1,1\],"duration":"\d+"\}$/)
})

test('with --ping-url self the demo calls its own /get and needs no network', async (t) => {
  const { demo, get, base } = await demoAt(t)
  await demo.warmUp()
  const { content } = JSON.parse((await get('/ping', { traceparent })).text) as { content: { url: string; headers: Record<string, string> } }
  assert.equal(content.url, `${base}/get`)
  assert.equal(content.headers.traceparent, traceparent)
})

test('self finds the way on any address', async (t) => {
  for (const address of ['0.0.0.0', 'localhost']) {
    const { get } = await demoAt(t, { address })
    assert.equal((await get('/ping')).status, 200, address)
    assert.equal((await get('/ping/myself')).status, 200, address)
  }
})

test('what goes wrong on the other side is a 502 that names it and the way out', async (t) => {
  const { url, server } = await origin(t, (incoming, outgoing) => {
    if (incoming.url === '/html') outgoing.end('<h1>no</h1>')
    else if (incoming.url === '/large') outgoing.end('x'.repeat(2 * 1024 * 1024))
    else if (incoming.url === '/cut') outgoing.destroy()
    else if (incoming.url === '/half') outgoing.writeHead(200, { 'content-length': 10 }).write('{', () => outgoing.destroy())
    else if (incoming.url === '/away') outgoing.writeHead(302, { location: '/away' }).end()
    else outgoing.writeHead(500).end('{}')
  })
  const failures = [
    ['/html', /is not JSON: "<h1>no<\/h1>"$/], ['/large', /larger than 1048576 bytes$/], ['/cut', /cannot call/], ['/half', /cannot call/],
    ['/away', /cannot call/], ['/500', /answered with status 500$/],
  ] as const
  for (const [path, cause] of failures) {
    const { get } = await demoAt(t, { pingUrl: url + path })
    for (const route of ['/ping', '/multi']) {
      const { status, text } = await get(route)
      const { error, hint } = JSON.parse(text) as Failure
      assert.equal(status, 502)
      assert.match(error, cause)
      assert.ok(error.includes(`"${url}${path}"`))
      assert.match(hint!, /--ping-url self/)
    }
  }
  const { get } = await demoAt(t, { pingUrl: `${url}/` })
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
  assert.match((JSON.parse((await get('/ping')).text) as Failure).error, /ECONNREFUSED/)
  const nowhere = await demoAt(t, { pingUrl: 'http://name.invalid/' })
  assert.match((JSON.parse((await nowhere.get('/ping')).text) as Failure).error, /name\.invalid/)
})

test('a ping address that leads back to /ping ends in an error instead of a loop', async (t) => {
  const { url, server } = await origin(t, (_incoming, outgoing) => { outgoing.end() })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => { server.close(resolve) })
  const { get } = await demoAt(t, { port, pingUrl: `${url}/ping` })
  const { status, text } = await get('/ping')
  assert.equal(status, 502)
  assert.match((JSON.parse(text) as Failure).error, /status 508$/)
})

test('outgoing calls take the proxy of their scheme, in either case, except where NO_PROXY says no', async (t) => {
  const asked: string[] = []
  const proxyUrl = await proxy(t, asked)
  const { url } = await origin(t, (_incoming, outgoing) => { outgoing.end('1') })
  const ping = async (pingUrl: string, env: Record<string, string>): Promise<{ status: number; text: string; asked: readonly string[] }> => {
    asked.length = 0
    const { get } = await demoAt(t, { pingUrl, env })
    return { ...await get('/ping'), asked: [...asked] }
  }
  assert.deepEqual((await ping(url, { HTTP_PROXY: proxyUrl })).asked, [`GET ${url}/`])
  assert.deepEqual((await ping(url, { http_proxy: proxyUrl.slice('http://'.length) })).asked, [`GET ${url}/`])
  assert.deepEqual((await ping(url, { HTTPS_PROXY: proxyUrl })).asked, [])
  assert.deepEqual((await ping(url, { http_proxy: '', HTTP_PROXY: proxyUrl })).asked, [])
  assert.deepEqual((await ping(url, { HTTP_PROXY: proxyUrl, NO_PROXY: 'other,127.0.0.1' })).asked, [])
  const tunnel = await ping('https://name.invalid/', { HTTPS_PROXY: proxyUrl, HTTP_PROXY: 'http://127.0.0.1:1' })
  assert.deepEqual([tunnel.status, tunnel.asked], [502, ['CONNECT name.invalid:443']])
  assert.match(tunnel.text, /403/)
  const direct = await ping('https://127.0.0.1:1/', { HTTP_PROXY: proxyUrl })
  assert.deepEqual([direct.status, direct.asked], [502, []])
  const broken = await ping(url, { HTTP_PROXY: 'http://[' })
  assert.equal(broken.status, 502)
})

test('the variables of the process itself are not looked at', async (t) => {
  const before = { ...process.env }
  t.after(() => { process.env = before })
  process.env = { ...before, HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1' }
  const { get } = await demoAt(t)
  assert.equal((await get('/ping')).status, 200)
})

test('/ping/myself calls its real port, through the proxy too, and says when that failed', async (t) => {
  const asked: string[] = []
  const through = await demoAt(t, { env: { HTTP_PROXY: await proxy(t, asked) } })
  assert.deepEqual(await through.get('/ping/myself'), { status: 200, text: '<h1>Hello, World!</h1>' })
  assert.deepEqual(asked, [`GET ${through.base}/`])
  const dead = await demoAt(t, { env: { HTTP_PROXY: 'http://127.0.0.1:1' } })
  assert.deepEqual(await dead.get('/ping/myself'), { status: 500, text: 'Something went wrong...' })
})

test('a call is given up when the client leaves, and when the demo closes', async (t) => {
  let begun: () => void = () => {}
  let ended: () => void = () => {}
  const { url } = await origin(t, (_incoming, outgoing) => {
    begun()
    outgoing.on('close', () => ended())
  })
  const { demo, get } = await demoAt(t, { pingUrl: url })
  const next = (): readonly [Promise<void>, Promise<void>] => [new Promise((resolve) => { begun = resolve }), new Promise((resolve) => { ended = resolve })]
  const [firstBegun, firstEnded] = next()
  const socket = connect(demo.address.port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.write('GET /ping HTTP/1.1\r\nhost: a\r\n\r\n')
  await firstBegun
  socket.destroy()
  await firstEnded
  const [secondBegun, secondEnded] = next()
  const pending = get('/ping').catch(() => undefined)
  await secondBegun
  await demo.close()
  await Promise.all([secondEnded, pending])
})
