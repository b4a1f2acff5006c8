import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Address, DatagramSocket } from '../../src/engine/wire/wire.ts'
import { kinds, makeTransport, sleep, until } from './support.ts'

for (const kind of kinds) describe(kind, () => {
  const bugs: unknown[] = []
  const transport = makeTransport(kind, (error) => { bugs.push(error) })
  after(() => transport.stop())

  /** A bound socket that writes down what it hears. */
  async function bound(host = '127.0.0.1') {
    const socket = await transport.datagrams({ host, port: 0 })
    const heard: string[] = []
    const errors: string[] = []
    const from: Address[] = []
    socket.handler = { message: (bytes, address) => { heard.push(String(bytes)); from.push(address) }, error: (code) => { errors.push(code) } }
    return { socket, heard, errors, from }
  }

  for (const host of ['127.0.0.1', '::1']) test(`datagrams cross both ways, with whom they are from (${host})`, async () => {
    const one = await bound(host)
    const two = await bound(host)
    one.socket.send(Buffer.from('question'), two.socket.address)
    await until('heard', () => two.heard.length === 1)
    assert.deepEqual(two.from, [one.socket.address])
    two.socket.send(Buffer.from('answer'), two.from[0]!)
    two.socket.send(Buffer.alloc(0), two.from[0]!)
    await until('heard', () => one.heard.length === 2)
    assert.deepEqual(one.heard, ['answer', ''])
  })

  test('datagrams leave in the order they were sent', async () => {
    const one = await bound()
    const two = await bound()
    const sent = Array.from({ length: 200 }, (_, index) => String(index))
    for (const text of sent) one.socket.send(Buffer.from(text), two.socket.address)
    await until('heard', () => two.heard.length === sent.length)
    assert.deepEqual(two.heard, sent)
  })

  test('E-07: nothing that is wrong with one datagram ends the socket or throws', async () => {
    const one = await bound()
    const two = await bound()
    const wrong: [bytes: number, to: Address][] = [
      [1, { host: 'localhost', port: 9 }], [1, { host: '127.0.0.1', port: 0 }], [1, { host: '127.0.0.1', port: 70000 }],
      [1, { host: '::1', port: 9 }], [1, { host: '255.255.255.255', port: 9 }], [100_000, two.socket.address],
    ]
    let inside = true
    const { handler } = one.socket
    one.socket.handler = { ...handler, error: (code) => { assert.ok(!inside); handler.error(code) } }
    for (const [bytes, to] of wrong) one.socket.send(Buffer.alloc(bytes), to)
    one.socket.send(Buffer.from('to nobody'), { host: '127.0.0.1', port: 9 })
    inside = false
    await until('all told', () => one.errors.length === wrong.length)
    for (const code of one.errors) assert.match(code, /^E[A-Z_]+$/)
    assert.ok(one.errors.includes('EMSGSIZE'), one.errors.join())
    one.socket.send(Buffer.from('still here'), two.socket.address)
    await until('heard', () => two.heard.length === 1)
    assert.deepEqual(two.errors, [])
  })

  test('a handler that throws is a bug and ends nothing', async () => {
    const one = await bound()
    const two = await bound()
    const { handler } = two.socket
    two.socket.handler = { ...handler, message(bytes, from) { handler.message(bytes, from); throw new Error('boom') } }
    one.socket.send(Buffer.from('1'), two.socket.address)
    one.socket.send(Buffer.from('2'), two.socket.address)
    await until('heard', () => two.heard.length === 2)
    assert.deepEqual(bugs.splice(0).map((error) => (error as Error).message), ['boom', 'boom'])
  })

  test('a port in use and a host that is no address are refused by name', async () => {
    const one = await bound()
    const taken = (socket: DatagramSocket) => transport.datagrams(socket.address)
    await assert.rejects(taken(one.socket), { code: 'EADDRINUSE', message: /cannot listen on 127.0.0.1:\d+: address in use/ })
    await assert.rejects(transport.datagrams({ host: 'localhost', port: 0 }), { code: 'EINVAL' })
    await assert.rejects(transport.datagrams({ host: '192.0.2.1', port: 0 }), { code: 'EADDRNOTAVAIL' })
  })

  test('a closed socket sends and hears nothing, twice closed or not', async () => {
    const one = await bound()
    const two = await bound()
    one.socket.send(Buffer.from('before'), two.socket.address)
    await until('heard', () => two.heard.length === 1)
    two.socket.close()
    two.socket.close()
    two.socket.send(Buffer.from('late'), one.socket.address)
    one.socket.send(Buffer.from('late'), two.socket.address)
    await sleep(30)
    assert.deepEqual([one.heard, one.errors, two.heard, two.errors], [[], [], ['before'], []])
    assert.deepEqual(bugs, [])
  })

  test('the receive buffer can be sized', async () => {
    const socket = await transport.datagrams({ host: '127.0.0.1', port: 0, receiveBufferBytes: 32_768 })
    assert.ok(socket.address.port > 0)
    socket.close()
  })
})
