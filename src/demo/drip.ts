import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../kit/clock.ts'
import { jsonAnswer, sendAnswer, wholeNumber } from './answers.ts'
import type { Exchange } from './exchange.ts'

const PAUSE_MAX_MS = 60_000
const EVENTS_MAX = 10_000
const LARGE_MAX_BYTES = 1024 ** 3

/** Whole periods of the pattern, so that blocks join without a seam. 251 is prime: a block that moved shows. */
const PATTERN = Buffer.from(Uint8Array.from({ length: 251 * 1024 }, (_, at) => at % 251))

/** `n` server-sent events, one every `ms` from the first, which is sent at once; then the end. */
export async function stream({ request, response, query, services, left }: Exchange): Promise<void> {
  const asked = wholeNumber(query, 'n', { otherwise: 10, min: 0, max: EVENTS_MAX })
  const everyMs = wholeNumber(query, 'ms', { otherwise: 100, min: 0, max: PAUSE_MAX_MS })
  const count = request.method === 'HEAD' ? 0 : asked
  const clock = services.dripClock
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
  const startMs = clock.now()
  for (let id = 1; id <= count; id++) {
    await pause(clock, startMs + (id - 1) * everyMs - clock.now(), left)
    await write(response, `id: ${id}\ndata: {"event":${id},"of":${asked}}\n\n`, left)
    if (left.aborted) return
  }
  response.end()
}

/** `bytes` bytes, the one at offset i being i modulo 251; no faster than they are read. */
export async function large({ request, response, query, left }: Exchange): Promise<void> {
  const bytes = wholeNumber(query, 'bytes', { otherwise: 1024 * 1024, min: 0, max: LARGE_MAX_BYTES })
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes })
  let remainingBytes = request.method === 'HEAD' ? 0 : bytes
  while (remainingBytes > 0 && !left.aborted) {
    const block = remainingBytes < PATTERN.length ? PATTERN.subarray(0, remainingBytes) : PATTERN
    remainingBytes -= block.length
    await write(response, block, left)
    // A kernel that takes every block at once would otherwise keep all other requests waiting.
    await nextTurn()
  }
  response.end()
}

export async function slow({ response, query, services, left }: Exchange): Promise<void> {
  const ms = wholeNumber(query, 'ms', { otherwise: 1000, min: 0, max: PAUSE_MAX_MS })
  await pause(services.dripClock, ms, left)
  if (!left.aborted) sendAnswer(response, jsonAnswer(200, { slept: ms }))
}

/** Resolves after `delayMs`, or as soon as the client has left. */
function pause(clock: Clock, delayMs: number, left: AbortSignal): Promise<void> {
  if (delayMs <= 0 || left.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel()
      left.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.setTimer(delayMs, done)
    left.addEventListener('abort', done)
  })
}

/** Resolves when the response takes more, or as soon as the client has left. */
function write(response: ServerResponse, chunk: string | Buffer, left: AbortSignal): Promise<void> {
  if (left.aborted || response.write(chunk)) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      left.removeEventListener('abort', done)
      resolve()
    }
    response.on('drain', done)
    left.addEventListener('abort', done)
  })
}
