import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestHead } from '../codecs/http1/message.ts'
import type { Envelope } from './entry.ts'
import { compileMatch, type Subject } from './match.ts'

const raw: Subject = { proxy: 'db', host: 'db.internal', port: 5432, key: [] }
const request = (over: Partial<Subject> = {}, fields: string[] = []): Subject => ({
  proxy: 'http', host: 'api.example.com', port: 443, key: ['GET', '/users/7'], method: 'GET', path: '/users/7', head: new RequestHead('GET', '/users/7?full', 1, fields), ...over,
})
const matches = (envelope: Envelope, subject: Subject = request()): boolean => compileMatch(envelope)(subject)

test('absent fields match everything', () => {
  assert.deepEqual([matches({}), matches({}, raw)], [true, true])
  assert.equal(matches({ id: 'x', side: 'client', direction: 'both', probability: 0, sched: 'start:1h', scope: 'global' }), true)
})

test('a proxy is meant by its exact name, one of several', () => {
  assert.deepEqual([matches({ proxy: 'http' }), matches({ proxy: 'HTTP' }), matches({ proxy: ['db', 'http'] }), matches({ proxy: 'db' })], [true, false, true, false])
})

test('a host is meant as in --upstream: name, port, domain, address or network', () => {
  for (const host of ['api.example.com', 'API.example.com.', 'api.example.com:443', 'https://api.example.com', '*.example.com', '*', '*:443']) assert.equal(matches({ host }), true, host)
  for (const host of ['example.com', 'api.example.com:80', '*.api.example.com', '10.0.0.0/8', '*:80']) assert.equal(matches({ host }), false, host)
  const numeric = request({ host: '10.1.2.3' })
  assert.deepEqual([matches({ host: '10.0.0.0/8' }, numeric), matches({ host: '10.1.2.3' }, numeric), matches({ host: ['a', '10.1.2.0/24'] }, numeric), matches({ host: '11.0.0.0/8' }, numeric)], [true, true, true, false])
})

test('a method is meant in any case', () => {
  assert.deepEqual([matches({ method: 'get' }), matches({ method: ['POST', 'GET'] }), matches({ method: 'POST' })], [true, true, false])
})

test('a path is meant by pattern, without its query', () => {
  for (const path of ['/users/7', '/users/*', '/**', ['/x', '/users/?']]) assert.equal(matches({ path }), true, String(path))
  for (const path of ['/users', '/users/7?full', '/orders/*']) assert.equal(matches({ path }), false, path)
})

test('a header is meant by name in any case, and by its exact value when one is given', () => {
  const subject = request({}, ['Host', 'api', 'X-Tier', 'gold', 'x-tier', 'silver', 'X-Empty', '', 'X-Url', 'http://a:1'])
  for (const header of ['x-tier', 'X-TIER: gold', 'x-tier:silver', 'x-empty', 'x-empty:', 'x-url: http://a:1']) assert.equal(matches({ header }, subject), true, header)
  for (const header of ['x-other', 'x-tier:bronze', 'x-tier:Gold', 'x-tie', 'x-tier:']) assert.equal(matches({ header }, subject), false, header)
})

test('several headers must all be there', () => {
  const subject = request({}, ['A', '1', 'B', '2'])
  assert.deepEqual([matches({ header: ['a', 'b:2'] }, subject), matches({ header: ['a', 'c'] }, subject)], [true, false])
})

test('every field that is given must match', () => {
  const envelope: Envelope = { proxy: 'http', host: '*.example.com', method: 'GET', path: '/users/*' }
  assert.equal(matches(envelope), true)
  for (const wrong of [{ proxy: 'db' }, { host: 'other' }, { method: 'POST' }, { path: '/' }] as const) assert.equal(matches({ ...envelope, ...wrong }), false, JSON.stringify(wrong))
})

test('what the protocol does not know does not match', () => {
  for (const envelope of [{ method: 'GET' }, { path: '*' }, { path: '**' }, { header: 'host' }] as const) assert.equal(matches(envelope, raw), false, JSON.stringify(envelope))
})
