import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { after, describe, test } from 'node:test'
import { EpollTransport } from '../../src/engine/wire/epoll/epoll-transport.ts'
import { linux, pin } from '../../src/engine/wire/epoll/libc.ts'
import { EpollWire } from '../../src/engine/wire/epoll/epoll-wire.ts'
import type { Wire } from '../../src/engine/wire/wire.ts'
import { connect, dial, echo, fateOf, handler, kinds, libc, makeTransport, serve, sleep, until } from './support.ts'

/** Seconds until the kernel's keep-alive timer of the connection between two ports; undefined: none. */
function keepAliveOf(localPort: number, remotePort: number): number | undefined {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  const line = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((text) => text.trim().split(/\s+/))
    .find(([, local, remote]) => local?.endsWith(`:${hex(localPort)}`) && remote?.endsWith(`:${hex(remotePort)}`))
  const [timer, when] = line![5]!.split(':')
  return timer === '02' ? parseInt(when!, 16) / 100 : undefined
}

for (const kind of kinds) describe(kind, () => {
  const bugs: unknown[] = []
  const transport = makeTransport(kind, (error) => { bugs.push(error) })
  after(() => transport.stop())

  test('a paused listener hands over nothing; what came meanwhile is handed over at resume', async () => {
    const wires: Wire[] = []
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
      wires.push(wire)
      wire.handler = handler({ data: (bytes) => { wire.write(bytes) }, ended: () => wire.end() })
      wire.resume()
    })
    listener.pause()
    const early = await Promise.all([1, 2, 3].map(() => connect(listener.address.port)))
    for (const socket of early) socket.write('hello')
    const left = await connect(listener.address.port)
    left.end('and bye')
    await sleep(80)
    assert.equal(wires.length, 0)
    listener.resume()
    for (const socket of early) assert.equal(String((await once(socket, 'data'))[0]), 'hello')
    assert.equal(String((await once(left, 'data'))[0]), 'and bye')
    listener.pause()
    await connect(listener.address.port)
    listener.close()
    assert.equal(wires.length, 4)
  })

  test('a listener that is closed refuses, and its port is free again', async () => {
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, () => {})
    listener.close()
    listener.close()
    listener.pause()
    listener.resume()
    const { port } = listener.address
    assert.deepEqual(await dial(transport, { addresses: [{ host: '127.0.0.1', port }] }), { failure: 'refused', address: { host: '127.0.0.1', port } })
    const again = await transport.listen({ host: '127.0.0.1', port }, () => {})
    assert.equal(again.address.port, port)
    again.close()
  })

  test('open connections outlive their listener', async () => {
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
      wire.handler = handler({ data: (bytes) => { wire.write(bytes) } })
      wire.resume()
    })
    const socket = await connect(listener.address.port)
    socket.write('1')
    await once(socket, 'data')
    listener.close()
    socket.write('2')
    assert.equal(String((await once(socket, 'data'))[0]), '2')
  })

  test('TCP keep-alive is set on what is accepted and on what is dialled, and only when asked for', { skip: process.platform !== 'linux' }, async () => {
    const accepted: Wire[] = []
    const listener = await transport.listen({ host: '127.0.0.1', port: 0, keepAliveMs: 60_000 }, (wire) => { accepted.push(wire) })
    const client = await connect(listener.address.port)
    await until('accepted', () => accepted.length === 1)
    const served = keepAliveOf(listener.address.port, client.localPort!)
    assert.ok(served && served > 55 && served <= 60, `${served}`)
    const far = await serve(echo)
    const addresses = [{ host: '127.0.0.1', port: far.port }]
    const asked = await dial(transport, { addresses, keepAliveMs: 30_000 })
    const unasked = await dial(transport, { addresses })
    assert.ok('wire' in asked && 'wire' in unasked)
    const dialled = keepAliveOf(asked.wire.local.port, far.port)
    assert.ok(dialled && dialled > 25 && dialled <= 30, `${dialled}`)
    assert.equal(keepAliveOf(unasked.wire.local.port, far.port), undefined)
  })

  test('ipv6Only leaves IPv4 to somebody else', async () => {
    const listener = await transport.listen({ host: '::', port: 0, ipv6Only: true }, () => {})
    const { port } = listener.address
    assert.deepEqual(await dial(transport, { addresses: [{ host: '127.0.0.1', port }] }), { failure: 'refused', address: { host: '127.0.0.1', port } })
    listener.close()
    const both = await transport.listen({ host: '::', port: 0 }, () => {})
    const result = await dial(transport, { addresses: [{ host: '127.0.0.1', port: both.address.port }] })
    assert.ok('wire' in result)
    both.close()
  })

  test('the table of capabilities answers for this transport', () => {
    for (const capability of transport.capabilities) assert.equal(transport.can(capability.name), capability[kind])
    assert.ok(transport.capabilities.every(({ epoll, node }) => epoll === true || node === true))
  })
})

const epoll = { skip: !kinds.includes('epoll') }

test('E-08: no error of accept ends a listener, and running out of descriptors is told once at each onset', epoll, async () => {
  const { EMFILE, ECONNABORTED, EIO } = (await import('node:os')).constants.errno
  let plan = [ECONNABORTED, EMFILE, EMFILE, EMFILE, 0, ECONNABORTED, EIO, 0, EMFILE, 0]
  let errno = 0
  let calls = 0
  const failing = {
    ...libc,
    errno: () => errno || libc.errno(),
    accept4(...args: unknown[]) {
      calls++
      errno = plan.shift() ?? 0
      return errno ? -1 : libc.accept4(...args)
    },
  }
  const transport = new EpollTransport(failing, { onBug: (error) => { throw error } })
  after(() => transport.stop())
  let exhausted = 0
  let accepted = 0
  const listener = await transport.listen({ host: '127.0.0.1', port: 0, onExhausted: () => { exhausted++ } }, (wire) => { accepted++; wire.reset() })
  for (let index = 0; index < 6; index++) assert.equal(await fateOf(net.connect(listener.address.port, '127.0.0.1')), 'reset')
  assert.equal(accepted, 6)
  assert.equal(exhausted, 2)
  assert.ok(calls < 40, `${calls} calls`)
  plan = Array.from({ length: 100 }, () => EMFILE)
  const fate = fateOf(net.connect(listener.address.port, '127.0.0.1'))
  await sleep(300)
  assert.ok(plan.length > 90, 'looked away in between')
  plan = []
  assert.equal(await fate, 'reset')
})

test('the kernel\'s buffers can be sized, for what is accepted and for what is dialled', epoll, async () => {
  const transport = makeTransport('epoll')
  after(() => transport.stop())
  const sizes = (wire: Wire) => [linux.SO_RCVBUF, linux.SO_SNDBUF].map((option) => {
    const { buffer, address } = pin(libc, 8)
    buffer.writeInt32LE(4, 4)
    libc.getsockopt((wire as EpollWire).fd, linux.SOL_SOCKET, option, address, address + 4)
    return buffer.readInt32LE(0)
  })
  const accepted = Promise.withResolvers<Wire>()
  const listener = await transport.listen({ host: '127.0.0.1', port: 0, receiveBufferBytes: 20_000, sendBufferBytes: 30_000 }, (wire) => accepted.resolve(wire))
  const result = await dial(transport, { addresses: [listener.address], receiveBufferBytes: 25_000, sendBufferBytes: 35_000 })
  assert.ok('wire' in result && result.wire instanceof EpollWire)
  assert.deepEqual(sizes(await accepted.promise), [40_000, 60_000], 'the kernel doubles them, socket(7)')
  assert.deepEqual(sizes(result.wire), [50_000, 70_000])
})
