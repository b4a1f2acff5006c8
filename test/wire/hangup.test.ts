import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import type { Wire } from '../../src/engine/wire/wire.ts'
import { connect, handler, kinds, makeTransport, sleep, until } from './support.ts'

for (const kind of kinds) describe(kind, () => {
  const transport = makeTransport(kind)
  after(() => transport.stop())
  const noticesHangup = transport.can('notice-hangup') === true

  /** A client, and the wire it is connected to, which is paused and writes down what it is told. */
  async function watched() {
    const log: string[] = []
    const accepted = Promise.withResolvers<Wire>()
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
      wire.handler = {
        data: (bytes) => { log.push(`data ${bytes.length}`) }, drained: () => { log.push('drained') }, ended: () => { log.push('ended') },
        hangup: () => { log.push('hangup') }, closed: (reason) => { log.push(`closed ${reason}`) },
      }
      accepted.resolve(wire)
    })
    const client = await connect(listener.address.port)
    const wire = await accepted.promise
    listener.close()
    return { client, wire, log }
  }

  if (noticesHangup) test('E-09: a FIN behind unread bytes is told once while paused; the bytes and the end still come', async () => {
    const { client, wire, log } = await watched()
    client.write('held')
    await sleep(20)
    assert.equal(log.length, 0)
    client.end('more')
    await until('hangup', () => log.length > 0)
    const before = process.cpuUsage()
    await sleep(100)
    const { user, system } = process.cpuUsage(before)
    assert.ok(user + system < 60_000, `spinning: ${user + system} µs of 100,000`)
    assert.equal(log.join(), 'hangup')
    wire.resume()
    await until('ended', () => log.includes('ended'))
    assert.deepEqual(log, ['hangup', 'data 8', 'ended'])
    wire.end()
    await until('closed', () => log.includes('closed clean'))
  })

  test('a FIN that follows nothing is told while paused', async () => {
    const { client, wire, log } = await watched()
    client.end()
    await until('hangup', () => log.includes('hangup'))
    wire.resume()
    wire.end()
    await until('closed', () => log.includes('closed clean'))
    assert.deepEqual(log, ['hangup', 'ended', 'closed clean'])
  })

  test('both sides ended while paused: the end and the close wait for resume, in order', async () => {
    const { client, wire, log } = await watched()
    client.end()
    await until('hangup', () => log.includes('hangup'))
    wire.end()
    await once(client.resume(), 'end')
    await sleep(30)
    assert.equal(log.join(), 'hangup')
    wire.resume()
    await until('closed', () => log.includes('closed clean'))
    assert.deepEqual(log, ['hangup', 'ended', 'closed clean'])
  })

  test('a wire that is read is told the end and no hangup, paused later or not', async () => {
    const { client, wire, log } = await watched()
    wire.resume()
    client.end('all')
    await until('ended', () => log.includes('ended'))
    wire.pause()
    await sleep(20)
    wire.resume()
    await sleep(20)
    assert.deepEqual(log, ['data 3', 'ended'])
    wire.close()
  })

  if (noticesHangup) test('paused in the middle of a stream by back-pressure, then hung up', async () => {
    const { client, wire, log } = await watched()
    wire.resume()
    client.write('a')
    await until('read', () => log.length === 1)
    wire.pause()
    client.write('b')
    await sleep(20)
    client.end()
    await until('hangup', () => log.includes('hangup'))
    wire.resume()
    wire.pause()
    await sleep(20)
    assert.deepEqual(log, ['data 1', 'hangup'])
    wire.resume()
    await until('ended', () => log.includes('ended'))
    assert.deepEqual(log, ['data 1', 'hangup', 'data 1', 'ended'])
    wire.close()
  })

  test('a RST while paused closes the wire', async () => {
    const { client, log } = await watched()
    client.write('unread')
    await sleep(20)
    client.resetAndDestroy()
    await until('closed', () => log.length > 0)
    assert.deepEqual(log, ['closed reset'])
  })

  if (transport.can('notice-reset') === true) test('a RST behind much that is unread closes the wire', async () => {
    const { client, log } = await watched()
    client.write(Buffer.alloc(200_000))
    await sleep(50)
    client.resetAndDestroy()
    await until('closed', () => log.length > 0)
    assert.deepEqual(log, ['closed reset'])
  })

  test('E-09: a handler that is set after the FIN is told too, unless the wire was resumed', async () => {
    const { client, wire, log } = await watched()
    const { handler: full } = wire
    const { hangup: _, ...rest } = full
    wire.handler = rest
    client.end()
    await sleep(30)
    wire.handler = rest
    await sleep(5)
    assert.equal(log.length, 0)
    wire.handler = full
    assert.equal(log.length, 0)
    await until('told', () => log.length > 0)
    wire.handler = full
    wire.resume()
    await until('ended', () => log.includes('ended'))
    assert.deepEqual(log, ['hangup', 'ended'])
    wire.close()
    const other = await watched()
    const { hangup: __, ...few } = other.wire.handler
    const all = other.wire.handler
    other.wire.handler = few
    other.client.end()
    await sleep(30)
    other.wire.resume()
    other.wire.handler = all
    await until('ended', () => other.log.includes('ended'))
    assert.deepEqual(other.log, ['ended'])
    other.wire.close()
  })

  test('a wire without hangup in its handler does not spin and reads on', async () => {
    const { client, wire, log } = await watched()
    const { hangup: _, ...rest } = wire.handler
    wire.handler = handler(rest)
    client.end('bytes')
    await sleep(30)
    const before = process.cpuUsage()
    await sleep(100)
    const { user, system } = process.cpuUsage(before)
    assert.ok(user + system < 60_000, `spinning: ${user + system} µs of 100,000`)
    wire.resume()
    await until('ended', () => log.includes('ended'))
    assert.deepEqual(log, ['data 5', 'ended'])
    wire.close()
  })
})
