import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatByteRate, formatBytes, formatDuration, formatMs, formatNumber, tryByteRate, tryBytes, tryDuration, tryHumanDuration } from './units.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

test('durations are read as documented', () => {
  const table: readonly [string, number][] = [
    ['90s', 90 * SECOND], ['1m30s', 90 * SECOND], ['1 hour 30 min', 90 * MINUTE], ['2d', 2 * DAY], ['1w', 7 * DAY], ['500us', 0.5], ['10m', 10 * MINUTE],
    ['1ns', 1e-6], ['1nsec', 1e-6], ['1 nanosecond', 1e-6], ['1micros', 1e-3], ['1\u00b5s', 1e-3], ['1\u03bcs', 1e-3], ['250 millis', 250], ['250msecs', 250],
    ['3 secs', 3 * SECOND], ['3mins', 3 * MINUTE], ['3 hrs', 3 * HOUR], ['2 wks', 14 * DAY], ['1yr', 31_556_952 * SECOND], ['1y', 31_556_952 * SECOND],
    ['15 days 20 seconds 100 milliseconds', 15 * DAY + 20_100], ['15days20seconds100milliseconds', 15 * DAY + 20_100], ['1 hour, 15 minutes', 75 * MINUTE],
    ['1.5s', 1500], ['1.001s', 1001], ['.5s', 500], ['1.26e-1 days', 10_886_400], ['1e5 ms', 100_000], ['1.07e+5us', 107], ['1.1m', 66 * SECOND],
    ['10 seconds 20 seconds', 30 * SECOND], ['0s', 0], ['1.84467e18 seconds', 1.84467e21],
  ]
  for (const [text, ms] of table) assert.equal(tryDuration(text, 's'), ms, text)
})

test('m is minutes and M is months, everything else has no case', () => {
  assert.equal(tryDuration('1m', 's'), MINUTE)
  assert.equal(tryDuration('1M', 's'), 2_629_746 * SECOND)
  assert.equal(tryDuration('1mo', 's'), 2_629_746 * SECOND)
  assert.equal(tryDuration('1MIN', 's'), MINUTE)
  assert.equal(tryDuration('1 MS', 's'), 1)
  assert.equal(tryDuration('2 HOURS', 's'), 2 * HOUR)
})

test('a number alone takes the unit of the place', () => {
  assert.equal(tryDuration('300', 'ms'), 300)
  assert.equal(tryDuration(' 300.5 ', 'ms'), 300.5)
  assert.equal(tryDuration('1e3', 'ms'), 1000)
  assert.equal(tryDuration('60', 's'), MINUTE)
  assert.equal(tryHumanDuration('60'), MINUTE)
})

test('what is no duration is none', () => {
  const texts = [
    '', ' ', 's', 'fast', '16 sdfwe', '16 17 seconds', '10s 5', '5 10s', 'year15', '1:30', '1,5s', '-5', '-5s', '1day -1hour', '100ms..200ms', '10s!', '[15]', 'NaN', 'Infinity',
    '1e99 s', '1.84467e19.5s', '3 fortnights', '1 MI', '1s_', '1e400s', '5e', '0x10s', '5min/h', 'duration 5s', '1s\u0000',
  ]
  for (const text of texts) assert.equal(tryDuration(text, 's'), undefined, JSON.stringify(text))
})

test('the documented syntax of --duration also has negative parts and ignores words and punctuation', () => {
  assert.equal(tryHumanDuration('1 day -1 hour'), 23 * HOUR)
  assert.equal(tryHumanDuration('1 day - 15 minutes'), DAY + 15 * MINUTE)
  assert.equal(tryHumanDuration('Duration: 1 hour, 15 minutes and 29 seconds'), 4529 * SECOND)
  assert.equal(tryHumanDuration('[15][seconds]'), 15 * SECOND)
  assert.equal(tryHumanDuration('[[15]]'), 15 * SECOND)
  assert.equal(tryHumanDuration('14 days seconds'), 14 * DAY)
  for (const text of ['1 hour -2 hours', '-5', 'year', 'year15', '16 sdfwe', '16 17 seconds', '1:30', 'about 5']) assert.equal(tryHumanDuration(text), undefined, text)
})

test('a megabyte of duration is read at once (quadratic time would be hours), whatever its exponents', () => {
  const megabyte = 1_000_000
  assert.equal(tryDuration(`1e${'9'.repeat(megabyte)}s`, 's'), undefined)
  assert.equal(tryDuration(`${'9'.repeat(megabyte)}s`, 's'), undefined)
  assert.equal(tryHumanDuration(`5${' '.repeat(megabyte)}`), 5000)
  assert.equal(tryHumanDuration('5 . '.repeat(megabyte / 4)), undefined)
  assert.equal(tryHumanDuration('1s'.repeat(megabyte / 4)), megabyte / 4 * 1000)
  assert.equal(tryDuration(`1${'s'.repeat(megabyte)}`, 's'), undefined)
})

test('formatted durations are short', () => {
  const table: readonly [number, string][] = [
    [0, '0ms'], [300, '300ms'], [1500, '1.5s'], [90_000, '1m30s'], [0.25, '250us'], [0.0005, '500ns'], [1.25, '1.25ms'], [60_000, '1m'], [HOUR, '1h'], [2 * DAY, '2d'],
    [7 * DAY, '1w'], [DAY + 12 * HOUR, '1d12h'], [90_000.5, '1m30.0005s'], [300.12, '300.12ms'], [HOUR + 1, '1h1ms'], [HOUR + 0.5, '1h0.5ms'], [HOUR + 10_000, '1h10s'],
  ]
  for (const [ms, text] of table) assert.equal(formatDuration(ms), text)
})

test('a formatted duration is read as the very same number', () => {
  const microseconds = fc.oneof(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 1e10 }), fc.maxSafeInteger().map(Math.abs))
  fc.assert(fc.property(microseconds, (us) => assert.equal(tryDuration(formatDuration(us / 1000), 'ms'), us / 1000)), { numRuns: 2000 })
  fc.assert(fc.property(microseconds, (us) => assert.equal(tryDuration(formatDuration(us * 0.001), 's'), us * 0.001)), { numRuns: 2000 })
  fc.assert(fc.property(fc.double({ min: 0, max: 1e22, noNaN: true }), (ms) => assert.equal(tryDuration(formatDuration(ms), 's'), ms)), { numRuns: 2000 })
})

test('sizes are decimal unless they say otherwise, in any case', () => {
  const table: readonly [string, number | undefined][] = [
    ['512', 512], ['10KB', 10_000], ['10kb', 10_000], ['10 KiB', 10_240], ['10kib', 10_240], ['1.5MB', 1_500_000], ['64k', 64_000], ['1Mi', 1_048_576], ['2GB', 2e9], ['1TiB', 2 ** 40],
    ['7b', 7], ['7 bytes', 7], ['1e3', 1000], ['0', 0],
    ['', undefined], ['KB', undefined], ['-1', undefined], ['0.5', undefined], ['1.0001KiB', undefined], ['10XB', undefined], ['8kbit', undefined], ['1KB/s', undefined], ['1e99', undefined],
  ]
  for (const [text, bytes] of table) assert.equal(tryBytes(text), bytes, text)
})

test('D-41: rates are read in any case and mean bytes, except bits that say so', () => {
  const table: readonly [string, number | undefined][] = [
    ['1000', 1000], ['64KB/s', 64_000], ['64KBps', 64_000], ['64kbps', 64_000], ['64 kbps', 64_000], ['1Bps', 1], ['1bps', 1], ['5 GBps', 5e9], ['2MBPS', 2e6], ['1MiB/s', 1_048_576],
    ['8mbit', 1_000_000], ['8mbit/s', 1_000_000], ['8 Mbit', 1_000_000], ['1kbit', 125], ['1gbit', 125_000_000], ['1bit', 0.125], ['100GB/s', 1e11], ['64KB', 64_000], ['1.5KB/sec', 1500], ['0', 0],
    ['', undefined], ['/s', undefined], ['10/s', undefined], ['10ps', undefined], ['-1', undefined], ['fast', undefined], ['1KB/h', undefined], ['1e999', undefined], ['NaN', undefined],
  ]
  for (const [text, rate] of table) assert.equal(tryByteRate(text), rate, text)
})

test('sizes and rates are formatted short and read back as the very same number', () => {
  const table: readonly [number, string][] = [[64_000, '64KB'], [1024, '1KiB'], [1500, '1.5KB'], [1234, '1234B'], [512, '512B'], [0, '0B'], [1e9, '1GB'], [2 ** 40, '1TiB'], [100, '100B'], [65_536, '64KiB']]
  for (const [bytes, text] of table) assert.equal(formatBytes(bytes), text)
  assert.equal(formatByteRate(64_000), '64KB/s')
  assert.equal(formatByteRate(12.5), '12.5B/s')
  fc.assert(fc.property(fc.maxSafeInteger().map(Math.abs), (bytes) => assert.equal(tryBytes(formatBytes(bytes)), bytes)))
  fc.assert(fc.property(fc.double({ min: 0, max: 1e30, noNaN: true }), (rate) => assert.equal(tryByteRate(formatByteRate(rate)), rate)))
})

test('numbers for people are grouped and rounded', () => {
  assert.equal(formatNumber(1_234_567.891), '1,234,567.89')
  assert.equal(formatNumber(1000), '1,000')
  assert.equal(formatNumber(999.5), '999.5')
  assert.equal(formatNumber(-1234), '-1,234')
  assert.equal(formatNumber(-0.001), '0')
  assert.equal(formatNumber(Infinity), 'Infinity')
  assert.equal(formatMs(300.123), '300.12 ms')
  assert.equal(formatMs(12_345.678), '12,345.68 ms')
  assert.equal(formatMs(0), '0.00 ms')
  assert.equal(formatMs(NaN), 'NaN ms')
})
