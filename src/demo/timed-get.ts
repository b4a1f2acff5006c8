import http from 'node:http'
import type { Clock } from '../kit/clock.ts'

export interface TimedAnswer { readonly status: number; readonly durationMs: number }

/** One GET on a connection of its own, directly or through an HTTP proxy; milliseconds to the last byte. */
export function timedGet(url: string, clock: Clock, proxy?: { readonly host: string; readonly port: number }): Promise<TimedAnswer> {
  const { hostname, port, pathname, host } = new URL(url)
  const where = proxy ? { host: proxy.host, port: proxy.port, path: url } : { host: hostname, port: Number(port), path: pathname }
  const { promise, resolve, reject } = Promise.withResolvers<TimedAnswer>()
  const startedAt = clock.now()
  const request = http.get({ ...where, agent: false, headers: { host } }, (response) => {
    response.resume()
    response.on('end', () => resolve({ status: response.statusCode ?? 0, durationMs: clock.now() - startedAt }))
    response.on('error', reject)
  })
  request.on('error', reject)
  return promise
}
