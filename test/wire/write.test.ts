import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { EpollTransport } from '../../src/engine/wire/epoll/epoll-transport.ts'
import type { Transport, Wire } from '../../src/engine/wire/wire.ts'
import { handler, kinds, libc, makeTransport, sleep, until, wirePair } from './support.ts'

/** What arrives at a wire, as one buffer. */
function collect(wire: Wire) {
  const got: Buffer[] = []
  const state = { ended: false, closed: '', get bytes() { return Buffer.concat(got) }, get pieces() { return got.length } }
  wire.handler = handler({
    data: (bytes) => { got.push(Buffer.from(bytes)) },
    ended: () => { state.ended = true },
    closed: (reason) => { state.closed = reason },
  })
  wire.resume()
  return state
}

async function collectedPair(transport: Transport) {
  const [near, far] = await wirePair(transport)
  return { near, far, got: collect(far) }
}

for (const kind of kinds) describe(kind, () => {
  const transport = makeTransport(kind)
  after(() => transport.stop())

  test('what is written between cork and uncork leaves together, at uncork', async () => {
    const { near, got } = await collectedPair(transport)
    near.cork()
    near.cork()
    for (let index = 0; index < 100; index++) near.write(Buffer.alloc(10, index))
    near.uncork()
    assert.equal(near.buffered, 1000)
    await sleep(20)
    assert.equal(got.pieces, 0)
    near.uncork()
    await until('there', () => got.bytes.length === 1000)
    assert.equal(got.pieces, 1)
    assert.ok(got.bytes.equals(Buffer.concat(Array.from({ length: 100 }, (_, index) => Buffer.alloc(10, index)))))
  })

  test('texts are written byte for byte, in order with other writes, also when the kernel takes no more', async () => {
    const { near, far, got } = await collectedPair(transport)
    far.pause()
    const sent: string[] = []
    const put = (text: string) => { sent.push(text); return near.writeText(text) }
    put('\x00\xff head\r\n')
    near.write(Buffer.from('body'))
    sent.push('body')
    while (near.buffered === 0) put('x'.repeat(60_000))
    near.cork()
    for (let index = 0; index < 40; index++) put(String(index).repeat(index * 100))
    const before = near.buffered
    far.resume()
    await until('some of it left', () => near.buffered < before)
    for (let index = 0; index < 40; index++) put(`${index};`.repeat(1000))
    near.uncork()
    near.end()
    await until('ended', () => got.ended)
    assert.ok(got.bytes.equals(Buffer.from(sent.join(''), 'latin1')))
    near.writeText('late')
  })

  test('end takes what has gathered with it', async () => {
    const { near, got } = await collectedPair(transport)
    near.cork()
    near.write(Buffer.from('last '))
    near.write(Buffer.from('words'))
    near.end()
    near.uncork()
    await until('ended', () => got.ended)
    assert.equal(got.bytes.toString(), 'last words')
  })

  test('an end that has to wait is told when everything is written, before the wire closes', async () => {
    const [near, far] = await wirePair(transport)
    const log: string[] = []
    near.handler = handler({ ended: () => { log.push('ended') }, drained: () => { log.push(`drained ${near.buffered}`) }, closed: (reason) => { log.push(reason) } })
    near.resume()
    far.end()
    await until('ended', () => log.length === 1)
    while (near.buffered === 0) near.write(Buffer.alloc(1_000_000))
    near.end()
    const got = collect(far)
    await until('closed', () => log.includes('clean'))
    assert.deepEqual(log, ['ended', 'drained 0', 'clean'])
    await until('all there', () => got.ended)
  })

  test('reset and close forget what has gathered, and a dead wire can be corked', async () => {
    for (const act of ['reset', 'close'] as const) {
      const { near, got } = await collectedPair(transport)
      near.cork()
      near.write(Buffer.from('never'))
      near[act]()
      near.write(Buffer.from('ever'))
      near.uncork()
      near.uncork()
      near.cork()
      near.write(Buffer.from('more'))
      near.uncork()
      await until('over', () => got.ended || got.closed === 'reset')
      assert.equal(got.bytes.length, 0)
    }
  })

  test('a peer that dies while writes gather is told as a reset, later', async () => {
    const [near, far] = await wirePair(transport)
    const closed = Promise.withResolvers<string>()
    let inside = true
    near.handler = handler({ closed: (reason) => { assert.ok(!inside); closed.resolve(reason) } })
    near.resume()
    near.cork()
    near.write(Buffer.alloc(1000))
    far.reset()
    near.write(Buffer.alloc(1000))
    near.uncork()
    near.write(Buffer.alloc(1000))
    inside = false
    assert.equal(await closed.promise, 'reset')
  })

  test('two wires corked at once do not mix', async () => {
    const one = await collectedPair(transport)
    const two = await collectedPair(transport)
    one.near.cork()
    two.near.cork()
    for (let index = 0; index < 50; index++) {
      one.near.write(Buffer.from('1'))
      two.near.write(Buffer.from('2'))
    }
    two.near.uncork()
    one.near.uncork()
    await until('there', () => one.got.bytes.length === 50 && two.got.bytes.length === 50)
    assert.equal(one.got.bytes.toString(), '1'.repeat(50))
    assert.equal(two.got.bytes.toString(), '2'.repeat(50))
  })

  test('what was written may be overwritten afterwards, unless the wire retains writes', async () => {
    const { near, far, got } = await collectedPair(transport)
    far.pause()
    const scratch = Buffer.alloc(20_000)
    let sent = 0
    while (near.buffered < 200_000) {
      scratch.fill(sent++)
      near.write(near.retainsWrites ? Buffer.from(scratch) : scratch)
    }
    scratch.fill(255)
    far.resume()
    await until('there', () => got.bytes.length === sent * 20_000)
    for (let index = 0; index < sent; index++) assert.ok(got.bytes.subarray(index * 20_000, (index + 1) * 20_000).equals(Buffer.alloc(20_000, index)))
  })

  test('any mix of sizes, corks, pauses and kept bytes arrives in order', async () => {
    const step = fc.record({ asText: fc.boolean(), size: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 5000, max: 150_000 })), cork: fc.integer({ min: -1, max: 1 }), pause: fc.boolean(), yields: fc.boolean() })
    const source = randomBytes(4_000_000)
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { near, far, got } = await collectedPair(transport)
      let offset = 0
      for (const { asText, size, cork, pause, yields } of steps) {
        if (cork > 0) near.cork()
        if (cork < 0) near.uncork()
        const bytes = source.subarray(offset, offset + size)
        if (asText) near.writeText(bytes.toString('latin1'))
        else near.write(bytes)
        offset += Math.min(size, source.length - offset)
        if (pause) far.pause()
        else far.resume()
        if (yields) await new Promise((resolve) => setImmediate(resolve))
      }
      near.end()
      far.resume()
      await until('ended', () => got.ended)
      assert.ok(got.bytes.equals(source.subarray(0, offset)))
      near.close()
      far.close()
    }), { numRuns: 40 })
  })
})

if (kinds.includes('epoll')) test('gathered writes are one system call, and so are queued ones', async () => {
  const calls: number[] = []
  const counting = {
    ...libc,
    send: (...args: unknown[]) => { calls.push(args[2] as number); return libc.send(...args) },
    sendAt: (...args: unknown[]) => { calls.push(args[2] as number); return libc.sendAt(...args) },
  }
  const transport = new EpollTransport(counting, { onBug: (error) => { throw error } })
  after(() => transport.stop())
  const { near, far, got } = await collectedPair(transport)
  near.cork()
  for (let index = 0; index < 100; index++) near.write(Buffer.alloc(100))
  near.uncork()
  assert.deepEqual(calls.splice(0), [10_000])
  near.cork()
  near.write(Buffer.alloc(40_000))
  near.write(Buffer.alloc(40_000))
  near.write(Buffer.alloc(70_000))
  near.uncork()
  assert.deepEqual(calls.splice(0), [40_000, 40_000, 70_000])
  far.pause()
  await until('full', () => near.buffered > 0 || !near.write(Buffer.alloc(1_000_000)))
  const before = near.buffered
  calls.splice(0)
  for (let index = 0; index < 1000; index++) near.write(Buffer.alloc(50))
  assert.deepEqual(calls.splice(0), [])
  far.resume()
  await until('drained', () => near.buffered === 0)
  assert.ok(calls.length < 100, `${calls.length} calls for ${before} + 1000 × 50 bytes`)
  await until('there', () => got.bytes.length > 50_000)
})
