import assert from 'node:assert/strict'
import { suite } from 'node:test'
import { connect, each, head, ok, statusOf } from './support.ts'

const get = (path = '/'): string => head(`GET ${path} HTTP/1.1`, 'Host: web.test')
interface Told { readonly error: string; readonly cause: string; readonly target: string }

suite('answers that cannot be understood', () => {
  const garbage: readonly (readonly [string, string, string])[] = [
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.7\r\n', 'bad-status-line'],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'bare-lf'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n', 'bad-status-line'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'bad-status-line'],
    ['a space before the colon', head('HTTP/1.1 200 OK', 'Content-Length : 2'), 'space-before-colon'],
    ['a folded field', head('HTTP/1.1 200 OK', 'X: 1', ' 2'), 'obs-fold'],
    ['a NUL', head('HTTP/1.1 200 OK', 'X: \0'), 'nul'],
    ['length and chunks', `${head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 'length-and-chunked'],
    ['two lengths', `${head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Content-Length: 3')}abc`, 'repeated-content-length'],
    ['a broken length', `${head('HTTP/1.1 200 OK', 'Content-Length: -1')}`, 'bad-content-length'],
    ['a coding nobody knows', head('HTTP/1.1 200 OK', 'Transfer-Encoding: br, chunked'), 'unknown-transfer-coding'],
    ['chunks in HTTP/1.0', `${head('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 'chunked-in-1.0'],
    ['a head over 64 KiB', head('HTTP/1.1 200 OK', `X: ${'a'.repeat(70_000)}`), 'head-too-large'],
    ['endless fields', `HTTP/1.1 200 OK\r\n${'X: 1\r\n'.repeat(20_000)}`, 'head-too-large'],
    ['an answer that splits', `${head('HTTP/1.1 200 OK', 'X: 1\r\rHTTP/1.1 200 OK')}`, 'bare-cr'],
  ]
  each('are 502 with the cause; the client may go on, on another connection to the upstream', async ({ mapped }) => {
    const { client, proxy, upstream } = await mapped()
    for (const [index, [what, answer, cause]] of garbage.entries()) {
      client.send(get(`/${index}`))
      const up = await upstream.next()
      await up.head()
      up.send(answer)
      const { head: came, body } = await client.message()
      assert.equal(statusOf(came), 502, what)
      assert.match(came, /\r\nProxy-Status: fault; error=http_protocol_error\r\n/, what)
      const told = JSON.parse(body) as Told
      assert.deepEqual([told.cause, told.target], ['bad-response', upstream.authority], what)
      const record = await proxy.until('exchange.finished', ({ path }) => path === `/${index}`)
      assert.deepEqual([record.outcome, record.status, record.cause], ['answered', 502, cause], what)
      assert.notEqual(await up.ended(), undefined)
    }
  })

  each('a HEAD gets the head of the 502 only', async ({ mapped }) => {
    const { client, upstream } = await mapped()
    client.send(head('HEAD / HTTP/1.1', 'Host: web.test') + get('/next'))
    const up = await upstream.next()
    await up.head()
    up.send('garbage\r\n')
    assert.equal(statusOf(await client.head()), 502)
    const second = await upstream.next()
    await second.head()
    second.send(ok('next'))
    assert.equal(await client.until('next'), ok('next'))
  })

  each('once the head is out, a broken chunk is RST for the client', async ({ mapped }) => {
    const { client, proxy, upstream } = await mapped()
    client.send(get() + get('/never'))
    const up = await upstream.next()
    await up.head()
    up.send(`${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}3\r\nabc\r\n`)
    await client.until('abc\r\n')
    up.send('not a size\r\n')
    assert.equal(await client.ended(), 'reset')
    const record = await proxy.until('exchange.finished')
    assert.deepEqual([record.outcome, record.cause], ['failed', 'bad-chunk-size'])
    assert.equal(upstream.peers.length, 1)
  })
})

suite('upstreams that go away', () => {
  for (const how of ['FIN', 'RST']) {
    each(`${how} before an answer, or inside its head, is 502`, async ({ t, mapped }) => {
      const { proxy, upstream } = await mapped()
      for (const begun of ['', 'HTTP/1.1 200 OK\r\nContent-']) {
        const client = await connect(t, proxy.port('web'))
        client.send(get())
        const up = await upstream.next()
        await up.head()
        if (begun !== '') up.send(begun)
        if (how === 'FIN') up.end()
        else up.reset()
        const { head: answer, body } = await client.message()
        assert.equal(statusOf(answer), 502)
        assert.match(answer, /\r\nProxy-Status: fault; error=http_response_incomplete\r\n/)
        assert.equal((JSON.parse(body) as Told).cause, 'incomplete-response')
        client.send(get('/again'))
        const second = await upstream.next()
        await second.head()
        second.send(ok('again'))
        assert.equal((await client.message()).body, 'again', 'the client keeps its connection')
      }
    })
  }

  each('inside the body, an RST stays an RST and a FIN a FIN', async ({ t, mapped }) => {
    const { proxy, upstream } = await mapped()
    for (const [how, framing] of [['end', 'Content-Length: 10'], ['end', 'Transfer-Encoding: chunked'], ['reset', 'Content-Length: 10'], ['reset', 'X: until-close']] as const) {
      const client = await connect(t, proxy.port('web'))
      client.send(get(`/${how}`))
      const up = await upstream.next()
      await up.head()
      const part = `${head('HTTP/1.1 200 OK', framing)}${framing.startsWith('T') ? 'a\r\n' : ''}half`
      up.send(part)
      assert.equal(await client.take(part.length), part)
      if (how === 'end') up.end()
      else up.reset()
      assert.equal(await client.ended(), how, `${how} ${framing}`)
    }
  })

  each('a client that leaves early takes its upstream connection along', async ({ t, mapped }) => {
    const { proxy, upstream } = await mapped()
    for (const when of ['before the answer', 'inside the answer', 'inside the request']) {
      const client = await connect(t, proxy.port('web'))
      client.send(when === 'inside the request' ? `${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 9')}abc` : get())
      const up = await upstream.next()
      await up.head()
      if (when === 'inside the answer') {
        up.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 9')}abc`)
        await client.until('abc')
      }
      client.reset()
      assert.equal(await up.ended(), 'reset', when)
    }
  })

  each('a client that ends in the middle of its body ends the upstream\'s request too', async ({ mapped }) => {
    const { client, proxy, upstream } = await mapped()
    client.send(`${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 9')}abc`)
    const up = await upstream.next()
    await up.until('abc')
    client.end()
    assert.equal(await up.ended(), 'end')
    const record = await proxy.until('exchange.finished')
    assert.deepEqual([record.outcome, record.cause], ['cancelled', 'client-left'])
  })
})
