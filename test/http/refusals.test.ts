import assert from 'node:assert/strict'
import { suite } from 'node:test'
import { closedPort, connect, each, head, ok, sleep, statusOf, type Given } from './support.ts'

const get = (path = '/', ...fields: string[]): string => head(`GET ${path} HTTP/1.1`, 'Host: web.test', ...fields)
const post = (...fields: string[]): string => head('POST / HTTP/1.1', 'Host: web.test', ...fields)
/** What would be a second request, if the framing of the first could be argued about. */
const SMUGGLED = get('/smuggled')

interface Told { readonly error: string; readonly cause: string; readonly target: string }

/** Sends it all at once, and again cut into single bytes: the answer is the same, and the upstream learns nothing of it. */
async function refused({ t, mapped }: Given, cases: readonly (readonly [what: string, sent: string, status: number, cause: string])[], peersAllowed = 0): Promise<void> {
  const { proxy, upstream } = await mapped()
  for (const [what, sent, status, cause] of cases) {
    for (const step of [sent.length, 1]) {
      if (step === 1 && sent.length > 2000) continue
      const client = await connect(t, proxy.port('web'))
      for (let at = 0; at < sent.length; at += step) client.send(sent.slice(at, at + step))
      const { head: answer, body } = await client.message()
      assert.equal(statusOf(answer), status, what)
      assert.match(answer, /\r\nConnection: close\r\n/, what)
      assert.match(answer, /\r\nProxy-Status: fault; error=http_request_error\r\n/, what)
      assert.equal((JSON.parse(body) as Told).cause, cause, what)
      assert.equal(await client.rest(), '', what)
    }
  }
  for (const peer of upstream.peers) assert.ok(!peer.unread.includes('smuggled'))
  assert.ok(upstream.peers.length <= peersAllowed, `${upstream.peers.length} connections to the upstream`)
}

suite('requests whose framing or syntax can be read in two ways', () => {
  each('are refused by their head, and nothing reaches the upstream', (given) => refused(given, [
    ['CL and TE', `${post('Content-Length: 6', 'Transfer-Encoding: chunked')}0\r\n\r\nG${SMUGGLED}`, 400, 'length-and-chunked'],
    ['TE and CL', `${post('Transfer-Encoding: chunked', 'Content-Length: 6')}0\r\n\r\nG${SMUGGLED}`, 400, 'length-and-chunked'],
    ['two lengths', `${post('Content-Length: 5', 'Content-Length: 6')}hello${SMUGGLED}`, 400, 'repeated-content-length'],
    ['two equal lengths', `${post('Content-Length: 5', 'Content-Length: 5')}hello${SMUGGLED}`, 400, 'repeated-content-length'],
    ['a list of lengths', `${post('Content-Length: 5, 5')}hello${SMUGGLED}`, 400, 'repeated-content-length'],
    ['a signed length', `${post('Content-Length: +5')}hello`, 400, 'bad-content-length'],
    ['a hexadecimal length', `${post('Content-Length: 0x5')}hello`, 400, 'bad-content-length'],
    ['an empty length', `${post('Content-Length:')}hello`, 400, 'bad-content-length'],
    ['a huge length', `${post('Content-Length: 99999999999999999999')}hello`, 400, 'bad-content-length'],
    ['two codings', `${post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity')}0\r\n\r\n${SMUGGLED}`, 400, 'te-te'],
    ['chunked twice', `${post('Transfer-Encoding: chunked, chunked')}0\r\n\r\n${SMUGGLED}`, 400, 'te-te'],
    ['an unknown coding', `${post('Transfer-Encoding: xchunked')}0\r\n\r\n`, 501, 'unknown-transfer-coding'],
    ['gzip before chunked', `${post('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`, 501, 'unknown-transfer-coding'],
    ['a vertical tab', `${post('Transfer-Encoding: \x0bchunked')}0\r\n\r\n`, 400, 'control-character'],
    ['a space before the colon', `${post('Transfer-Encoding : chunked')}0\r\n\r\n`, 400, 'space-before-colon'],
    ['a folded line', get('/', 'X: a', ' b'), 400, 'obs-fold'],
    ['a folded coding', `${post('Transfer-Encoding:', ' chunked')}0\r\n\r\n`, 400, 'obs-fold'],
    ['whitespace before the first field', head('GET / HTTP/1.1', ' Host: web.test'), 400, 'leading-whitespace'],
    ['a bare LF in the request line', 'GET / HTTP/1.1\nHost: web.test\r\n\r\n', 400, 'bare-lf'],
    ['a bare LF in a field', 'GET / HTTP/1.1\r\nHost: web.test\nX: 1\r\n\r\n', 400, 'bare-lf'],
    ['a bare LF as the empty line', 'GET / HTTP/1.1\r\nHost: web.test\r\n\n', 400, 'bare-lf'],
    ['a bare CR', get('/', 'X: a\rTransfer-Encoding: chunked'), 400, 'bare-cr'],
    ['a NUL', get('/', 'X: a\0b'), 400, 'nul'],
    ['no colon', get('/', 'just words'), 400, 'space-before-colon'],
    ['no name', get('/', ': value'), 400, 'empty-name'],
    ['an odd name', get('/', 'X(a): 1'), 400, 'bad-name'],
    ['no Host', head('GET / HTTP/1.1'), 400, 'no-host'],
    ['two Hosts', get('/', 'Host: other'), 400, 'two-hosts'],
    ['a Host that is none', head('GET / HTTP/1.1', 'Host: a b'), 400, 'bad-host'],
    ['a Host with a slash', head('GET / HTTP/1.1', 'Host: web.test/x'), 400, 'bad-host'],
    ['two spaces', head('GET  / HTTP/1.1', 'Host: web.test'), 400, 'bad-request-line'],
    ['a space in the target', head('GET /a b HTTP/1.1', 'Host: web.test'), 400, 'bad-request-line'],
    ['no version, as in HTTP/0.9', 'GET /\r\n\r\n', 505, 'bad-version'],
    ['chunks in HTTP/1.0', `${head('POST / HTTP/1.0', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 400, 'chunked-in-1.0'],
    ['HTTP/2.0 in a request line', head('GET / HTTP/2.0', 'Host: web.test'), 505, 'bad-version'],
    ['HTTP/1.2', head('GET / HTTP/1.2', 'Host: web.test'), 505, 'bad-version'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, 'http2-preface'],
    ['TLS to a clear port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'control-character'],
    ['a head that is too large', get('/', `X: ${'a'.repeat(70_000)}`), 431, 'head-too-large'],
    ['a target that is too long', get(`/${'a'.repeat(70_000)}`), 431, 'head-too-large'],
    ['endless fields', `GET / HTTP/1.1\r\nHost: web.test\r\n${'X: 1\r\n'.repeat(20_000)}`, 431, 'head-too-large'],
  ]))

  each('are refused by their body too, and what follows is never a request', async (given) => {
    const chunked = post('Transfer-Encoding: chunked')
    await refused(given, [
      ['no size', `${chunked}\r\n${SMUGGLED}`, 400, 'bad-chunk-size'],
      ['a signed size', `${chunked}-1\r\n${SMUGGLED}`, 400, 'bad-chunk-size'],
      ['a size with 0x', `${chunked}0x5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`, 400, 'bad-chunk-size'],
      ['a space in the size', `${chunked}5 \r\nhello\r\n0\r\n\r\n${SMUGGLED}`, 400, 'bad-chunk-size'],
      ['a huge size', `${chunked}fffffffffffffffff\r\n${SMUGGLED}`, 400, 'bad-chunk-size'],
      ['a size behind LF', `${chunked}5\nhello\r\n0\r\n\r\n${SMUGGLED}`, 400, 'bare-lf'],
      ['an extension behind LF', `${chunked}5;a\nhello\r\n0\r\n\r\n${SMUGGLED}`, 400, 'bare-lf'],
      ['data too long', `${chunked}5\r\nhello!\r\n0\r\n\r\n${SMUGGLED}`, 400, 'bad-chunk-end'],
      ['data behind LF', `${chunked}5\r\nhello\n0\r\n\r\n${SMUGGLED}`, 400, 'bad-chunk-end'],
      ['a trailer that frames', `${chunked}0\r\nContent-Length: 5\r\n\r\n${SMUGGLED}`, 400, 'forbidden-trailer'],
      ['a broken trailer', `${chunked}0\r\nX : 1\r\n\r\n${SMUGGLED}`, 400, 'space-before-colon'],
      ['long extensions', `${chunked}5;${'x'.repeat(5000)}\r\nhello\r\n0\r\n\r\n`, 400, 'chunk-extension-too-long'],
    ], 1000)
  })

  each('what comes before a broken request on the same connection is answered', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(`${get('/good')}GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${SMUGGLED}`)
    const up = await upstream.next()
    assert.equal(await up.head(), get('/good'))
    up.send(ok('good'))
    assert.equal((await client.message()).body, 'good')
    assert.equal(statusOf((await client.message()).head), 400)
    assert.equal(await client.rest(), '')
    assert.equal(await up.ended(), 'end')
    assert.equal(up.unread, '')
  })

  each('a limit on heads holds for whatever is set', async ({ t, mapped }) => {
    const { proxy } = await mapped({ settings: { maxHeadBytes: 1000 } })
    const client = await connect(t, proxy.port('web'))
    client.send(get('/', `X: ${'a'.repeat(1000)}`))
    assert.equal(statusOf(await client.rest()), 431)
  })

  each('bytes that mean something elsewhere pass as they are: no answer of ours is split by them', async ({ forward }) => {
    const { client } = await forward()
    const target = `http://127.0.0.1:${await closedPort()}/%0d%0aX-Injected:%201?"\\\xe4`
    client.send(head(`GET ${target} HTTP/1.1`, 'Host: a'))
    const { head: answer, body } = await client.message()
    assert.equal(statusOf(answer), 502)
    assert.ok(!answer.includes('Injected'))
    assert.equal((JSON.parse(body) as Told).cause, 'refused')
  })
})

suite('time-outs of a client', () => {
  each('a head that does not come to its end in time is 408, however it drips', async ({ t, mapped }) => {
    const { proxy } = await mapped({ settings: { headTimeoutMs: 300 } })
    const client = await connect(t, proxy.port('web'))
    const from = performance.now()
    client.send('GET / HTTP/1.1\r\nHost: web.test\r\n')
    const drip = setInterval(() => client.send('X: 1\r\n'), 50)
    t.after(() => clearInterval(drip))
    const { head: answer, body } = await client.message()
    clearInterval(drip)
    assert.equal(statusOf(answer), 408)
    assert.equal((JSON.parse(body) as Told).cause, 'incomplete-head')
    const took = performance.now() - from
    assert.ok(took >= 300 && took < 2500, `${took} ms`)
  })

  each('a second head on a kept connection has its own time', async ({ mapped }) => {
    const { client, upstream } = await mapped({ settings: { headTimeoutMs: 400 } })
    client.send(get('/1'))
    const up = await upstream.next()
    await up.head()
    await sleep(500)
    up.send(ok('slow but fine'))
    assert.equal((await client.message()).body, 'slow but fine')
    client.send('GET /2 HTTP/1.1\r\n')
    assert.equal(statusOf((await client.message()).head), 408)
    assert.equal(await client.rest(), '')
  })

  each('a connection that says nothing at all, and one that is idle between requests, are closed without an answer', async ({ t, mapped }) => {
    const { client, proxy, upstream } = await mapped({ settings: { headTimeoutMs: 300, idleTimeoutMs: 300 } })
    const idle = await connect(t, proxy.port('web'))
    idle.send(get())
    const up = await upstream.next()
    await up.head()
    up.send(ok('x'))
    await idle.message()
    assert.equal(await client.rest(), '')
    assert.equal(await idle.rest(), '')
    assert.equal(await up.ended(), 'end')
    const reasons = [await proxy.until('connection.closed', ({ reason }) => reason === 'silent'), await proxy.until('connection.closed', ({ reason }) => reason === 'idle')]
    assert.equal(new Set(reasons.map(({ connection }) => connection)).size, 2)
  })

  each('no time-out strikes while a body or an answer is on its way', async ({ mapped }) => {
    const { client, upstream } = await mapped({ settings: { headTimeoutMs: 250, idleTimeoutMs: 250 } })
    client.send(`${post('Content-Length: 2')}a`)
    const up = await upstream.next()
    await up.until('a')
    await sleep(700)
    client.send('b')
    await up.take(1)
    await sleep(700)
    up.send(ok('late'))
    assert.equal((await client.message()).body, 'late')
  })
})
