import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testHost } from './host.ts'

test('a test host collects what is written, each output apart', async () => {
  const world = testHost({ argv: ['run'], env: { FAULT_WITH_DNS: 'true' } })
  world.host.stdout.write('one ')
  await new Promise<void>((resolve) => { world.host.stdout.write('two', resolve) })
  world.host.stderr.write('three')
  assert.deepEqual([world.stdout(), world.stderr()], ['one two', 'three'])
  assert.deepEqual([world.host.argv, world.host.env], [['run'], { FAULT_WITH_DNS: 'true' }])
})

test('a test host resolves as soon as an output has the pattern, also over several writes', async () => {
  const world = testHost()
  const seen = world.until(/listening on (\S+)\n/g)
  world.host.stderr.write('listening on ')
  world.host.stderr.write('127.0.0.1:1\n')
  assert.equal((await seen)[1], '127.0.0.1:1')
  assert.equal((await world.until(/listening/))[0], 'listening')
})

test('an interrupt reaches the handlers that are there, and no others', () => {
  const world = testHost()
  const signals: string[] = []
  const stop = world.host.onInterrupt((signal) => { signals.push(signal) })
  world.interrupt()
  world.interrupt('SIGTERM')
  stop()
  world.interrupt()
  assert.deepEqual([signals, world.interruptHandlers], [['SIGINT', 'SIGTERM'], 0])
  world.host.abort(130)
  assert.equal(world.abortedWith, 130)
})
