import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Connections, type LiveConnection } from './connections.ts'

const connection = (id: number, bytesUp: number, bytesDown: number): LiveConnection => ({
  id, proxy: 'db', client: '127.0.0.1:1', openedAtMs: 0, bytesUp, bytesDown, faults: [], isBusy: false, close() {}, reset() {}, drain() {},
})

test('connections are numbered from 1, each once', () => {
  const connections = new Connections()
  assert.deepEqual([connections.nextId(), connections.nextId()], [1, 2])
})

test('those that live are listed in the order they came', () => {
  const connections = new Connections()
  const [a, b] = [connection(1, 0, 0), connection(2, 0, 0)]
  connections.add(a)
  connections.add(b)
  assert.deepEqual([connections.list(), connections.size, connections.opened], [[a, b], 2, 2])
  connections.remove(a)
  assert.deepEqual([connections.list(), connections.size, connections.opened], [[b], 1, 2])
})

test('the bytes of those that have gone stay in the sums, and are counted once', () => {
  const connections = new Connections()
  const [a, b] = [connection(1, 10, 20), connection(2, 1, 2)]
  connections.add(a)
  connections.add(b)
  assert.deepEqual(connections.totals(), { bytesUp: 11, bytesDown: 22 })
  connections.remove(a)
  connections.remove(a)
  assert.deepEqual(connections.totals(), { bytesUp: 11, bytesDown: 22 })
  assert.deepEqual([connections.bytesUp, connections.bytesDown], [10, 20])
})
