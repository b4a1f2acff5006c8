import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSchedule, scheduleOf } from '../../model/schedule.ts'
import { progressLane, scheduleLane, shareOf, timelineEndMs } from './lanes.ts'

const schedule = (text: string, totalMs?: number) => parseSchedule(text, { param: 'sched', totalMs }).schedule

test('a lane has 55 cells, on where the fault is on', () => {
  const lane = scheduleLane(schedule('start:5%,duration:30%;start:90%,duration:5%', 300_000), 300_000)
  assert.equal(lane, '...████████████████..............................███...')
  assert.equal(lane.length, 55)
})

test('a window shorter than a cell is still seen', () => {
  assert.equal(scheduleLane(schedule('start:10s,duration:1ms'), 100_000, 10), '.█........')
  assert.equal(scheduleLane(schedule('start:99.999s,duration:1s'), 100_000, 10), '.........█')
})

test('a window after the end is not drawn, and one without end is drawn to it', () => {
  assert.equal(scheduleLane(schedule('start:200s,duration:10s'), 100_000, 10), '..........')
  assert.equal(scheduleLane(schedule('start:50s'), 100_000, 10), '.....█████')
})

test('every lane is as long as it should be, whatever the schedule', () => {
  const windows = fc.array(fc.tuple(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 1, max: 5000 })), { maxLength: 6 })
  fc.assert(fc.property(windows, fc.integer({ min: 0, max: 20_000 }), (pairs, endMs) => {
    const lane = scheduleLane(scheduleOf(pairs.map(([startMs, lengthMs]) => ({ startMs, endMs: startMs + lengthMs }))), endMs)
    assert.match(lane, /^[█.]{55}$/u)
    if (endMs > 0) assert.equal(lane.includes('█'), pairs.some(([startMs]) => startMs < endMs))
  }))
})

test('lanes end with the run, else with the last change, and are left out when nothing changes', () => {
  assert.equal(timelineEndMs([schedule('duration:10s')], 60_000), 60_000)
  assert.equal(timelineEndMs([schedule('duration:10s'), schedule('start:5s,duration:20s')], undefined), 25_000)
  assert.equal(timelineEndMs([schedule('start:30s')], undefined), 60_000)
  assert.equal(timelineEndMs([], undefined), undefined)
})

test('the turtle takes one of 52 steps and never leaves the lane', () => {
  assert.deepEqual(progressLane(0, 52_000), { done: '', left: '-'.repeat(51) })
  assert.deepEqual(progressLane(1000, 52_000), { done: '-', left: '-'.repeat(50) })
  assert.deepEqual(progressLane(1e9, 52_000), { done: '-'.repeat(51), left: '' })
})

test('D-36: a run of no length is over, not divided by zero', () => {
  assert.equal(shareOf(0, 0), 1)
  assert.deepEqual(progressLane(0, 0), { done: '-'.repeat(51), left: '' })
  assert.equal(scheduleLane(schedule('start:1s'), 0, 5), '.....')
})
