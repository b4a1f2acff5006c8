import assert from 'node:assert/strict'
import test from 'node:test'
import type { z } from 'zod'
import { field, RequestHead, ResponseHead } from '../codecs/http1/message.ts'
import type { HookContext, Verdict } from '../model/fault.ts'
import { httpResponse } from './http-response.ts'

type Given = z.input<typeof httpResponse.params>
type Answered = Extract<Verdict, { action: 'answer' }>

const context = {} as HookContext
const get = new RequestHead('GET', '/')
const upstream = new ResponseHead(200, 'OK', 1, ['Content-Type', 'text/html', 'Content-Encoding', 'gzip', 'ETag', '"1"', 'Content-Length', '10'])

function answer(given: Given): Answered {
  const verdict = httpResponse.request!(httpResponse.params.parse(given), context, get)
  assert.ok(verdict && 'action' in verdict && verdict.action === 'answer')
  return verdict
}

const problem = (given: Given): string | undefined => httpResponse.check!(httpResponse.params.parse(given))

test('D-51: the request is answered, so the upstream is never asked', () => {
  const { head, body } = answer({})
  assert.deepEqual([head.status, head.reason, field(head, 'content-length'), body.length], [500, 'Internal Server Error', '0', 0])
})

test('D-51: the answer has its own headers and a media type that fits its body', () => {
  const json = answer({ status: 404, body: '{"error": "true"}' })
  assert.equal(json.body.toString(), '{"error": "true"}')
  assert.deepEqual(json.head.fields, ['Content-Type', 'application/json', 'Content-Length', '17'])
  assert.equal(field(answer({ body: 'slow dön' }).head, 'content-type'), 'text/plain; charset=utf-8')
  assert.equal(field(answer({ body: 'slow dön' }).head, 'content-length'), '9')
  assert.equal(field(answer({ body: '<p>', contentType: 'text/html' }).head, 'content-type'), 'text/html')
})

test('D-51: after the upstream its answer is replaced, and none of its headers stays', () => {
  const given = httpResponse.params.parse({ status: 503, body: 'down', afterUpstream: true })
  assert.equal(httpResponse.request!(given, context, get), undefined)
  const verdict = httpResponse.response!(given, context, get, upstream) as Answered
  assert.deepEqual([verdict.action, verdict.head.status, verdict.body.toString()], ['answer', 503, 'down'])
  assert.deepEqual(verdict.head.fields, ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', '4'])
})

test('an answer given at once leaves the upstream\'s answers alone', () => {
  assert.equal(httpResponse.response!(httpResponse.params.parse({}), context, get, upstream), undefined)
})

test('only final statuses are answers', () => {
  for (const status of [100, 101, 199, 600, 0, 99, 200.5, 'broken', NaN]) assert.equal(httpResponse.params.safeParse({ status }).success, false, String(status))
  for (const status of [200, 204, 404, '503', 599]) assert.equal(httpResponse.params.safeParse({ status }).success, true, String(status))
})

test('what cannot be sent is refused', () => {
  assert.match(problem({ status: 204, body: 'x' })!, /status 204 has no body/)
  assert.match(problem({ contentType: 'text/plain' })!, /needs a body/)
  assert.equal(httpResponse.params.safeParse({ body: 'x', contentType: 'text/plain\r\nX: y' }).success, false)
})

test('it explains itself in words', () => {
  const words = (given: Given): string => httpResponse.explain(httpResponse.params.parse(given))
  assert.equal(words({}), 'answers 500')
  assert.equal(words({ status: 429, body: 'x', afterUpstream: true }), 'answers 429 with a body once the upstream has answered')
})
