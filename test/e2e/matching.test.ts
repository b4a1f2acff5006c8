import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { rig, transports, type TransportName } from '../helpers/rig.ts'
import { oracle, type Oracle } from './lanes.ts'
import { hostsResolver } from './names.ts'
import { connect, readResponse } from './peers.ts'

const HOSTS = ['127.0.0.1 shop.test api.shop.test Mixed.test', '127.0.0.7 far.test', '::1 six.test']

/** What a rule says about `http://HOST:PORT/`, PORT being the upstream's. */
const rules: readonly { rule: string; host: string; matches: boolean }[] = [
  { rule: 'shop.test', host: 'shop.test', matches: true },
  { rule: 'SHOP.test.', host: 'shop.TEST', matches: true },
  { rule: 'shop.test', host: 'api.shop.test', matches: false },
  { rule: '*.shop.test', host: 'api.shop.test', matches: true },
  { rule: '*.shop.test', host: 'shop.test', matches: false },
  { rule: 'shop.test:PORT', host: 'shop.test', matches: true },
  { rule: 'shop.test:1', host: 'shop.test', matches: false },
  { rule: 'http://shop.test:PORT/path', host: 'shop.test', matches: true },
  { rule: 'http://shop.test', host: 'shop.test', matches: false },
  { rule: '127.0.0.1', host: '127.0.0.1', matches: true },
  { rule: '127.0.0.0/30', host: 'shop.test', matches: true },
  { rule: '10.0.0.0/8', host: 'shop.test', matches: false },
  { rule: '*', host: 'shop.test', matches: true },
]

async function start(t: TestContext, transport: TransportName, upstream: readonly string[], faults: readonly string[] = ['http-response 503']) {
  const up = await oracle(t)
  const withPort = upstream.map((rule) => rule.replace('PORT', String(up.port)))
  const proxy = await rig(t, {
    transport, faults, resolver: hostsResolver(t, HOSTS), settings: { upstream: withPort }, proxies: [`web@0=http://127.0.0.1:${up.port}`, `raw@0=127.0.0.1:${up.port}`],
  })
  return { up, proxy }
}

async function statusOf(t: TestContext, port: number, target: string): Promise<string> {
  const client = await connect(t, port)
  client.write(`GET ${target} HTTP/1.1\r\nHost: shop.test\r\n\r\n`)
  return (await readResponse(client)).head.slice(9, 12)
}

const url = ({ port }: Oracle, host: string): string => `http://${host}:${port}/`

for (const transport of transports) describe(transport, { concurrency: 4 }, () => {
  for (const { rule, host, matches } of rules) test(`D-10: --upstream ${rule} ${matches ? 'means' : 'does not mean'} ${host}, for requests and for CONNECT`, async (t) => {
    const { up, proxy } = await start(t, transport, [rule], ['http-response 503', 'latency mean=0'])
    assert.equal(await statusOf(t, proxy.port('http'), url(up, host)), matches ? '503' : '200')
    const client = await connect(t, proxy.port('http'))
    client.write(`CONNECT ${host}:${up.port} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await client.until('200 Connection established\r\n\r\n')
    client.reset()
    const { matched } = await proxy.until('exchange.finished', ({ kind }) => kind === 'connect')
    assert.equal(matched, matches)
  })

  test('without --upstream every target is faulted', async (t) => {
    const { up, proxy } = await start(t, transport, [])
    assert.equal(await statusOf(t, proxy.port('http'), url(up, 'shop.test')), '503')
  })

  test('D-11: mappings are faulted whatever --upstream says', async (t) => {
    const { proxy } = await start(t, transport, ['elsewhere.test'], ['http-response 503 proxy=web', 'latency mean=80 proxy=raw'])
    assert.equal(await statusOf(t, proxy.port('web'), '/'), '503')
    const from = performance.now()
    assert.equal(await statusOf(t, proxy.port('raw'), '/'), '200')
    assert.ok(performance.now() - from >= 80)
  })

  test('a name that is not found matches no address, and is answered for itself', async (t) => {
    const { up, proxy } = await start(t, transport, ['127.0.0.0/8'])
    assert.equal(await statusOf(t, proxy.port('http'), url(up, 'no-such-host.invalid')), '502')
    const { matched, cause } = await proxy.until('exchange.finished')
    assert.deepEqual({ matched, cause }, { matched: false, cause: 'nxdomain' })
  })

  test('a fault may be for some traffic only: proxies, hosts, methods, paths and headers', async (t) => {
    const { up, proxy } = await start(t, transport, [], [
      'http-response 501 proxy=web path=/a/*', 'http-response 502 host=shop.test path=/b', 'http-response 503 method=DELETE', 'http-response 504 header=x-kind:odd',
    ])
    const ask = async (port: number, method: string, target: string, field = 'X-None: 1'): Promise<string> => {
      const client = await connect(t, port)
      client.write(`${method} ${target} HTTP/1.1\r\nHost: other.test\r\n${field}\r\n\r\n`)
      return (await readResponse(client)).head.slice(9, 12)
    }
    const [web, http] = [proxy.port('web'), proxy.port('http')]
    assert.deepEqual([
      await ask(web, 'GET', '/a/b?c'), await ask(web, 'GET', '/b'), await ask(web, 'DELETE', '/b'), await ask(web, 'GET', '/b', 'X-Kind: odd'), await ask(web, 'GET', '/b', 'x-kind: even'),
      await ask(http, 'GET', `http://shop.test:${up.port}/b`), await ask(http, 'GET', `http://shop.test:${up.port}/a/b`), await ask(http, 'GET', `http://127.0.0.1:${up.port}/b`),
    ], ['501', '200', '503', '504', '200', '502', '200', '200'])
  })
})
