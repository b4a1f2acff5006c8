import assert from 'node:assert/strict'
import { suite } from 'node:test'
import fc from 'fast-check'
import { connect, each, head, origin, sleep, type Peer } from './support.ts'

/** One exchange as it is on the wire. */
interface Turn { readonly request: string; readonly answer: string }

const bodyText = fc.string({ unit: fc.constantFrom('a', '0', '\r', '\n', '\0', '\xff', ' ', 'GET / HTTP/1.1\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n'), maxLength: 40 })
const chunks = fc.tuple(fc.array(bodyText.filter((text) => text !== ''), { maxLength: 4 }), fc.constantFrom('', ';e=1', ' ;"x"')).map(([parts, extension]) =>
  `${parts.map((part) => `${part.length.toString(16)}${extension}\r\n${part}\r\n`).join('')}0\r\n${extension === '' ? '' : 'X-Trailer: t\r\n'}\r\n`)
/** The last lines of a head, and the body they announce. */
const framed = fc.oneof(
  bodyText.map((body) => ({ field: `Content-Length: ${body.length}`, body })),
  chunks.map((body) => ({ field: 'Transfer-Encoding: chunked', body })),
)
const request = fc.tuple(fc.constantFrom('POST', 'PUT', 'DELETE', 'M-SEARCH'), fc.option(framed), fc.nat(9)).map(([method, body, n]) =>
  body ? head(`${method} /${n} HTTP/1.1`, 'Host: web.test', body.field) + body.body : head(`${method} /${n} HTTP/1.1`, 'hOST:web.test'))
const answer = fc.tuple(fc.constantFrom('', head('HTTP/1.1 103 Early Hints', 'Link: <a>')), fc.option(framed), fc.constantFrom(200, 204, 304, 500)).map(([interim, body, status]) =>
  interim + (body && status !== 204 && status !== 304 ? head(`HTTP/1.1 ${status} x`, body.field) + body.body : head(`HTTP/1.1 ${status}`, status === 304 ? 'Content-Length: 5' : status === 204 ? 'X: 1' : 'Content-Length: 0')))
const conversation = fc.record({
  turns: fc.array(fc.record<Turn>({ request, answer }), { minLength: 1, maxLength: 6 }),
  cuts: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 }),
})

async function sendCut(peer: Peer, text: string, cuts: readonly number[]): Promise<void> {
  for (let at = 0, n = 0; at < text.length; n++) {
    const length = cuts[n % cuts.length]!
    peer.send(text.slice(at, at + length))
    at += length
    if (n % 3 === 0) await sleep(0)
  }
}

suite('whole conversations', () => {
  const slow = ['latency 2ms side=server direction=both', 'latency 1ms perReadWrite=true side=client direction=both', 'bandwidth 1MBps direction=both']
  for (const faults of [[], slow]) each(`requests and answers of every framing, pipelined and cut anywhere, arrive byte for byte and in their order${faults.length > 0 ? ', delayed and throttled too' : ''}`, async ({ t, start }) => {
    const upstream = await origin(t)
    const proxy = await start({ faults, proxies: [`web@0=http://${upstream.authority}`] })
    await fc.assert(fc.asyncProperty(conversation, async ({ turns, cuts }) => {
      const client = await connect(t, proxy.port('web'))
      const asked = sendCut(client, turns.map((turn) => turn.request).join(''), cuts)
      const up = await upstream.next()
      for (const turn of turns) {
        assert.equal(await up.take(turn.request.length), turn.request)
        await sendCut(up, turn.answer, cuts)
        assert.equal(await client.take(turn.answer.length), turn.answer)
      }
      await asked
      assert.equal(client.unread + up.unread, '')
      client.end()
      assert.equal(await up.ended(), 'end')
    }), { numRuns: faults.length > 0 ? 15 : 40, seed: 7 })
  })
})
