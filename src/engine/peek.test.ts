import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { handler, kinds, makeTransport, sleep, until, wirePair } from '../../test/wire/support.ts'
import { looksLikeTls, peek, type PeekOptions } from './peek.ts'
import type { Transport, Wire } from './wire/wire.ts'

type Options = PeekOptions<string>

const tellHello = (bytes: Buffer): string | undefined => bytes.length < 3 ? undefined : `saw ${bytes.toString('latin1')}`

async function rig(t: TestContext, kind: (typeof kinds)[number]) {
  const transport: Transport = makeTransport(kind)
  t.after(() => transport.stop())
  const [client, wire] = await wirePair(transport)
  let fate = 'open'
  client.handler = handler({ ended: () => { fate = 'end' }, closed: (reason) => { fate = reason } })
  client.resume()
  const told: string[] = []
  const look = (over: Partial<Options> = {}): { cancel(): void } => peek<string>({
    wire, clock: transport.clock, decide: tellHello, timeoutMs: 1000,
    seen: (seen, first) => { told.push(`${seen} (${first.toString('latin1')})`) },
    lost: (reason) => { told.push(`lost ${reason}`) },
    ...over,
  })
  return { client, wire, told, look, fate: () => fate }
}

/** Everything that comes from now on, and whether the end did. */
function listen(wire: Wire): { text: string; ended: boolean } {
  const heard = { text: '', ended: false }
  wire.handler = handler({ data: (bytes) => { heard.text += bytes.toString('latin1') }, ended: () => { heard.ended = true } })
  wire.resume()
  return heard
}

function peeking(kind: (typeof kinds)[number]): void {
  test('the first bytes are looked at until they say enough, and handed over whole', async (t) => {
    const { client, wire, told, look } = await rig(t, kind)
    look()
    client.write(Buffer.from('a'))
    await sleep(20)
    assert.deepEqual(told, [])
    client.write(Buffer.from('bcd'))
    await until('the answer', () => told.length > 0)
    assert.deepEqual(told, ['saw abcd (abcd)'])
    client.write(Buffer.from('efg'))
    client.end()
    await sleep(20)
    const heard = listen(wire)
    await until('the rest, and the end', () => heard.ended)
    assert.deepEqual([heard.text, told.length], ['efg', 1])
  })

  test('a client that says nothing is waited for', async (t) => {
    const { client, told, look, fate } = await rig(t, kind)
    look({ timeoutMs: 30 })
    await sleep(90)
    assert.deepEqual([told, fate()], [[], 'open'])
    client.write(Buffer.from('abc'))
    await until('the answer', () => told.length > 0)
    assert.deepEqual(told, ['saw abc (abc)'])
  })

  test('a client that has begun must go on in time', async (t) => {
    for (const silence of [undefined, { afterMs: 10_000, means: 'nothing' }]) {
      const { client, told, look, fate } = await rig(t, kind)
      look({ timeoutMs: 40, ...(silence && { silence }) })
      client.write(Buffer.from('a'))
      await until('the end', () => told.length > 0)
      assert.deepEqual(told, ['lost client-timeout'])
      await until('the client to be told', () => fate() !== 'open')
    }
  })

  test('silence may be an answer, and what is said later is not lost', async (t) => {
    const { client, wire, told, look } = await rig(t, kind)
    look({ silence: { afterMs: 30, means: 'waits for the server' } })
    await until('the answer', () => told.length > 0)
    assert.deepEqual(told, ['waits for the server ()'])
    client.write(Buffer.from('late'))
    const heard = listen(wire)
    await until('the late words', () => heard.text === 'late')
  })

  test('a client that ends before it was understood is lost, whatever silence means', async (t) => {
    for (const silence of [undefined, { afterMs: 10_000, means: 'nothing' }]) {
      for (const begun of ['', 'a']) {
        const { client, told, look, fate } = await rig(t, kind)
        look(silence && { silence })
        if (begun) client.write(Buffer.from(begun))
        client.end()
        await until('the loss', () => told.length > 0)
        assert.deepEqual(told, ['lost client-left'])
        await until('the client to be told', () => fate() !== 'open')
      }
    }
  })

  test('a client that resets is lost', async (t) => {
    const { client, told, look } = await rig(t, kind)
    look({ silence: { afterMs: 10_000, means: 'nothing' } })
    client.reset()
    await until('the loss', () => told.length > 0)
    assert.deepEqual(told, ['lost client-reset'])
  })

  test('a cancelled look says nothing and closes the wire', async (t) => {
    const { told, look, fate } = await rig(t, kind)
    look({ silence: { afterMs: 20, means: 'nothing' } }).cancel()
    await until('the client to be told', () => fate() !== 'open')
    await sleep(40)
    assert.deepEqual(told, [])
  })
}

for (const kind of kinds) describe(`${kind}: peek`, () => peeking(kind))

test('TLS begins with a handshake record', () => {
  assert.deepEqual(['\x16\x03\x01', 'GET / HTTP/1.1', '\0\0\0\b', ''].map((text) => looksLikeTls(Buffer.from(text, 'latin1'))), [true, false, false, false])
})
