import type { TestContext } from 'node:test'
import { Budget } from '../../src/engine/budget.ts'
import { Connections } from '../../src/engine/connections.ts'
import { Deadlines } from '../../src/engine/deadlines.ts'
import { Dialer } from '../../src/engine/dialer.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { FaultBook } from '../../src/engine/fault-book.ts'
import type { Resolver } from '../../src/engine/resolver.ts'
import type { FaultEntry } from '../../src/model/entry.ts'
import { EventBus, type Event } from '../../src/model/events.ts'
import { compileUpstreams } from '../../src/model/upstream.ts'
import { makeTransport, type kinds } from '../wire/support.ts'

export interface TestEngine {
  readonly engine: Engine
  readonly events: Event[]
  readonly bugs: unknown[]
}

/** The data plane without a runtime round it. Names resolve as `names` says. */
export function engineOn(t: TestContext, kind: (typeof kinds)[number], { names = {}, faults = [] }: { readonly names?: Readonly<Record<string, readonly string[]>>; readonly faults?: readonly FaultEntry[] } = {}): TestEngine {
  const bugs: unknown[] = []
  const events: Event[] = []
  const onBug = (error: unknown): void => { bugs.push(error) }
  const transport = makeTransport(kind, onBug)
  t.after(() => transport.stop())
  const { clock } = transport
  const bus = new EventBus(() => clock.now(), onBug)
  bus.subscribe((event) => { events.push(event) })
  const resolver: Resolver = {
    lookup(host, _timeoutMs, settled) {
      const addresses = names[host]
      const timer = setImmediate(() => settled(addresses ? { addresses } : { cause: 'nxdomain' }))
      return { cancel: () => clearImmediate(timer) }
    },
  }
  const book = new FaultBook({ clock, seed: 1, totalMs: undefined, onBug, changed: () => {} })
  book.apply(faults)
  const limits = { headTimeoutMs: 1000, idleTimeoutMs: 1000, connectTimeoutMs: 1000, dnsTimeoutMs: 1000, udpIdleTimeoutMs: 1000, maxHeadBytes: 65_536 }
  const isSelf = (): boolean => false
  let exchanges = 0
  const engine: Engine = {
    transport, clock, resolver, book, bus, onBug, isSelf, limits, upstreams: compileUpstreams([]), via: false,
    dialer: new Dialer({ transport, resolver, book, clock, isSelf, onBug, connectTimeoutMs: limits.connectTimeoutMs, dnsTimeoutMs: limits.dnsTimeoutMs }),
    budget: new Budget(1024 * 1024, clock), connections: new Connections(), deadlines: new Deadlines(clock),
    nextExchange: () => ++exchanges,
  }
  return { engine, events, bugs }
}
