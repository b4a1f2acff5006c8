import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventBus, type Event } from './events.ts'

function rig() {
  const bugs: unknown[] = []
  let now = 0
  const bus = new EventBus(() => now, (error, what) => { bugs.push([error, what]) })
  return { bus, bugs, at: (ms: number) => { now = ms } }
}

test('every listener hears every event from its subscription to its end, in order', () => {
  const { bus } = rig()
  const heard: string[] = []
  bus.emit('notice', { level: 'info', code: 'A', message: 'nobody' })
  const off = bus.subscribe((event) => { heard.push(`one ${event.event}`) })
  bus.subscribe((event) => { heard.push(`two ${event.event}`) })
  bus.emit('notice', { level: 'info', code: 'B', message: 'both' })
  off()
  off()
  bus.emit('run.finished', { reason: 'x', durationMs: 1 })
  assert.deepEqual(heard, ['one notice', 'two notice', 'two run.finished'])
})

test('a producer can ask whether anybody listens', () => {
  const { bus } = rig()
  assert.equal(bus.isListening, false)
  const off = bus.subscribe(() => {})
  assert.equal(bus.isListening, true)
  off()
  assert.equal(bus.isListening, false)
})

test('an event is plain JSON with its name and its time in milliseconds to the microsecond', () => {
  const { bus, at } = rig()
  const heard: Event[] = []
  bus.subscribe((event) => { heard.push(event) })
  at(12.3456789)
  bus.emit('listener.closed', { proxy: 'db', addresses: ['127.0.0.1:1'] })
  assert.deepEqual(JSON.parse(JSON.stringify(heard[0])), { event: 'listener.closed', atMs: 12.346, proxy: 'db', addresses: ['127.0.0.1:1'] })
})

test('a listener that throws is told as that and hears no more; the others and the producer do not notice', () => {
  const { bus, bugs } = rig()
  const bug = new Error('bug')
  const heard: string[] = []
  bus.subscribe(() => { throw bug })
  bus.subscribe(({ event }) => { heard.push(event) })
  for (let times = 0; times < 2; times++) bus.emit('run.finished', { reason: 'x', durationMs: 1 })
  assert.deepEqual([heard, bugs], [['run.finished', 'run.finished'], [[bug, 'an event listener threw']]])
})

test('a listener may end its subscription, or begin another, while it hears', () => {
  const { bus } = rig()
  const heard: string[] = []
  const off = bus.subscribe(() => {
    off()
    heard.push('once')
    bus.subscribe(() => { heard.push('later') })
  })
  bus.emit('run.finished', { reason: 'x', durationMs: 1 })
  assert.deepEqual(heard, ['once'])
  bus.emit('run.finished', { reason: 'x', durationMs: 1 })
  assert.deepEqual(heard, ['once', 'later'])
})
