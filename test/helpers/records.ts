import type { ExchangeRecord, FaultEffect, FaultTotals } from '../../src/model/events.ts'

/** An exchange that went well and met no fault, except for what is given. */
export function recordOf(given: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    exchange: 1, connection: 1, proxy: 'http', kind: 'http', generation: 1, client: '127.0.0.1:5000', target: 'localhost:7070', method: 'GET', path: '/ping',
    status: 200, matched: true, outcome: 'completed', cause: 'end', dnsMs: 0.019, firstByteMs: 302.5, durationMs: 303.25, bytesUp: 78, bytesDown: 120, faults: [], ...given,
  }
}

/** A latency of 300 ms that struck once, except for what is given. */
export function effectOf(given: Partial<FaultEffect> = {}): FaultEffect {
  return { fault: 'latency', type: 'latency', side: 'server', direction: 'ingress', drawn: true, applications: 1, askedMs: 300, measuredMs: 300.123, bytes: 120, ...given }
}

/** A latency that nothing reached, except for what is given. */
export function totalsOf(given: Partial<FaultTotals> = {}): FaultTotals {
  return { fault: 'latency', type: 'latency', on: true, matched: 0, evaluated: 0, drawn: 0, applied: 0, applications: 0, askedMs: 0, measuredMs: 0, bytes: 0, unable: 0, ...given }
}
