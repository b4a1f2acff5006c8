import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http2 from 'node:http2'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { after, describe, test } from 'node:test'
import { duplexOf } from '../../src/engine/wire/duplex.ts'
import { connect, dialWire, handler, kinds, makeTransport, readAll, serve, sleep, until, wirePair } from './support.ts'

const MiB = 1024 * 1024

for (const kind of kinds) describe(kind, () => {
  const transport = makeTransport(kind)
  after(() => transport.stop())

  test('bytes and both ends cross, and the wire is closed afterwards', async () => {
    const far = await serve((socket) => { void readAll(socket).then((text) => socket.end(text.toUpperCase())) })
    const stream = duplexOf(await dialWire(transport, far.port))
    const closed = once(stream, 'close')
    stream.end('question')
    let answer = ''
    for await (const bytes of stream) answer += bytes
    assert.equal(answer, 'QUESTION')
    await closed
    await until('closed', () => far.sockets[0]!.destroyed)
  })

  test('32 MiB through a pipeline of two, with a slow reader, nothing lost or reordered', async () => {
    const sent = createHash('sha256')
    const got = createHash('sha256')
    const [near, far] = await wirePair(transport)
    const block = randomBytes(MiB)
    function* source() {
      for (let index = 0; index < 32; index++) {
        block.writeUInt32LE(index, 0)
        const bytes = Buffer.from(block)
        sent.update(bytes)
        yield bytes
      }
    }
    let pieces = 0
    const slow = new Writable({
      write(bytes: Buffer, _, done) {
        got.update(bytes)
        if (++pieces % 50) done()
        else setTimeout(done, 1)
      },
    })
    const one = duplexOf(near)
    const two = duplexOf(far)
    two.end()
    one.resume()
    await Promise.all([pipeline(source(), one), pipeline(two, slow)])
    assert.equal(got.digest('hex'), sent.digest('hex'))
  })

  test('a reader that stops makes the writer wait', async () => {
    const [near, far] = await wirePair(transport)
    const stream = duplexOf(near)
    const reading = duplexOf(far)
    let written = 0
    while (written < 64 * MiB && stream.write(Buffer.alloc(64 * 1024))) {
      written += 64 * 1024
      await sleep(0)
    }
    assert.ok(written < 64 * MiB, 'the writer was told to wait')
    await sleep(50)
    assert.ok(reading.readableLength < MiB, `${reading.readableLength} bytes held`)
    const drained = once(stream, 'drain')
    reading.resume()
    await drained
    stream.destroy()
    reading.destroy()
  })

  test('finish waits until the kernel has everything, so a destroy after it loses nothing', async () => {
    const [near, far] = await wirePair(transport)
    const stream = duplexOf(near)
    const total = 8 * MiB
    stream.write(Buffer.alloc(total / 2))
    stream.end(Buffer.alloc(total / 2))
    stream.once('finish', () => stream.destroy())
    await sleep(20)
    let got = 0
    const ended = Promise.withResolvers<void>()
    far.handler = handler({ data: (bytes) => { got += bytes.length }, ended: () => ended.resolve() })
    far.resume()
    await ended.promise
    assert.equal(got, total)
    far.close()
  })

  test('many small writes that wait leave together', async () => {
    const [near, far] = await wirePair(transport)
    const stream = duplexOf(near)
    let got = ''
    let pieces = 0
    far.handler = handler({ data: (bytes) => { got += bytes; pieces++ } })
    far.resume()
    stream.cork()
    for (let index = 0; index < 100; index++) stream.write(`${index},`)
    stream.uncork()
    await until('there', () => got.endsWith('99,'))
    assert.ok(pieces < 5, `${pieces}`)
    stream.destroy()
  })

  test('node:http2 runs over it, on both sides', async () => {
    const server = http2.createServer((request, response) => { request.pipe(response) })
    const [near, far] = await wirePair(transport)
    server.emit('connection', duplexOf(far))
    const session = http2.connect('http://localhost', { createConnection: () => duplexOf(near) })
    const sent = randomBytes(3 * MiB)
    const request = session.request({ ':method': 'POST', ':path': '/' })
    request.end(sent)
    const got: Buffer[] = []
    for await (const bytes of request) got.push(bytes as Buffer)
    assert.ok(Buffer.concat(got).equals(sent))
    session.close()
    await once(session, 'close')
  })

  test('a reset is an error with a code; destroying with an error resets', async () => {
    const far = await serve((socket) => { socket.once('data', () => socket.resetAndDestroy()) })
    const stream = duplexOf(await dialWire(transport, far.port))
    stream.write('x')
    stream.resume()
    const [error] = await once(stream, 'error')
    assert.equal(error.code, 'ECONNRESET')

    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
      const own = duplexOf(wire)
      own.on('error', () => {})
      own.once('data', () => own.destroy(new Error('enough')))
    })
    const socket = await connect(listener.address.port)
    socket.write('x')
    const lost = Promise.withResolvers<string | undefined>()
    socket.on('error', (reason: NodeJS.ErrnoException) => lost.resolve(reason.code))
    socket.resume()
    assert.equal(await lost.promise, 'ECONNRESET')
    listener.close()
  })
})
