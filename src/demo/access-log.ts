import type { IncomingMessage } from 'node:http'

const TARGET_MAX_CHARS = 200

/** `GET / 200 6.627µs`; `-` stands for a status that was never sent. */
export function accessLine({ method = '-', url = '-' }: IncomingMessage, status: number | undefined, tookMs: number, complete = true): string {
  const target = url.length > TARGET_MAX_CHARS ? `${url.slice(0, TARGET_MAX_CHARS)}...` : url
  return `${method} ${target} ${status ?? '-'} ${duration(tookMs)}${complete ? '' : ' incomplete'}`
}

function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(3)}s`
  return ms >= 1 ? `${ms.toFixed(3)}ms` : `${(ms * 1000).toFixed(3)}µs`
}
