import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { closedPort, connect, echo, fateOf, kinds, serve, sleep, startChild, until } from './support.ts'

const cpuTicks = (pid: number) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** Keeps `count` connections busy until told to stop. */
async function load(port: number, count: number) {
  const sockets = await Promise.all(Array.from({ length: count }, () => connect(port)))
  for (const socket of sockets) {
    socket.on('data', (bytes) => socket.write(bytes))
    socket.write(Buffer.alloc(4096))
  }
  return () => { for (const socket of sockets) socket.destroy() }
}

for (const kind of kinds) describe(kind, { skip: process.platform !== 'linux' }, () => {
  test('SIGTERM under load: exits with 0', async () => {
    const far = await serve(echo)
    const port = await closedPort()
    const child = startChild(process.execPath, ['run-relay.ts', kind, String(port), String(far.port)])
    await once(child.stdout, 'data')
    const stop = await load(port, 50)
    await sleep(200)
    const startedAt = performance.now()
    child.kill('SIGTERM')
    const exit = await once(child, 'exit')
    stop()
    assert.deepEqual(exit, [0, null])
    assert.ok(performance.now() - startedAt < 1000)
  })

  test('process.exit under load does not crash', async () => {
    const far = await serve(echo)
    const port = await closedPort()
    const script = `process.argv = ['', '', '${kind}', '${port}', '${far.port}']; await import('./run-relay.ts'); setTimeout(() => process.exit(7), 500)`
    const child = startChild(process.execPath, ['--input-type=module', '-e', script])
    await once(child.stdout, 'data')
    const stop = await load(port, 50)
    const exit = await once(child, 'exit')
    stop()
    assert.deepEqual(exit, [7, null])
  })

  test('E-08: out of descriptors, the process does not spin, says so, and recovers', async () => {
    const far = await serve(echo)
    const port = await closedPort()
    const child = startChild('bash', ['-c', `ulimit -n 60; exec ${process.execPath} run-relay.ts ${kind} ${port} ${far.port}`])
    let output = ''
    child.stdout.on('data', (bytes) => { output += bytes })
    await until('ready', () => output.includes('ready'))
    const sockets = await Promise.all(Array.from({ length: 100 }, () => connect(port)))
    const fates = sockets.map((socket) => fateOf(socket, 1500))
    await sleep(300)
    const before = cpuTicks(child.pid!)
    await sleep(1000)
    const ticks = cpuTicks(child.pid!) - before
    assert.ok(ticks < 30, `${ticks} % of one core while out of descriptors`)
    for (const socket of sockets) socket.destroy()
    await Promise.all(fates)
    await sleep(300)
    const socket = await connect(port)
    socket.write('back')
    assert.equal(String((await once(socket, 'data'))[0]), 'back')
    if (kind === 'epoll') assert.ok(output.includes('exhausted') && output.split('exhausted').length < 10, output)
  })

  test('timers and TLS in the same process stay responsive while the relay is saturated', async (t) => {
    const far = startChild(process.execPath, ['--input-type=module', '-e', `
      import net from 'node:net'
      const server = net.createServer({ noDelay: true }, (s) => { s.on('error', () => {}); s.pipe(s) }).listen(0, '127.0.0.1', () => console.log(server.address().port))`])
    const farPort = Number(String((await once(far.stdout, 'data'))[0]))
    const port = await closedPort()
    const child = startChild(process.execPath, ['busy-process.ts', kind, String(port), String(farPort)])
    let output = ''
    child.stdout.on('data', (bytes) => { output += bytes })
    await until('ready', () => output.includes('ready'))
    const driver = startChild(process.execPath, ['--input-type=module', '-e', `
      import net from 'node:net'
      for (let i = 0; i < 64; i++) { const s = net.connect(${port}, '127.0.0.1'); s.on('error', () => {}); s.on('data', (b) => s.write(b)); s.write(Buffer.alloc(i % 4 ? 512 : 200000)) }`])
    await once(child, 'exit')
    driver.kill('SIGKILL')
    const report = JSON.parse(output.split('\n').at(-2)!)
    t.diagnostic(JSON.stringify(report))
    // Starved, there would be no round trip at all, and delays of seconds.
    assert.ok(report.tlsRoundTrips > 5, output)
    assert.ok(report.delayP50Ms < 40, output)
  })
})
