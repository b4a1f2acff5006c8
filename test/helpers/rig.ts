import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { parseFault } from '../../src/derive/text-form.ts'
import type { Resolver } from '../../src/engine/resolver.ts'
import type { Address } from '../../src/engine/wire/wire.ts'
import { loadLibc } from '../../src/engine/wire/epoll/libc.ts'
import { faults as registry } from '../../src/faults/index.ts'
import type { FaultEntry } from '../../src/model/entry.ts'
import type { Event, EventName, EventOf } from '../../src/model/events.ts'
import { protocols, schemes } from '../../src/protocols/index.ts'
import { startRuntime, type Runtime } from '../../src/runtime/runtime.ts'
import type { RunSettings } from '../../src/runtime/settings.ts'
import { testHost } from './host.ts'

export type TransportName = 'epoll' | 'node'

/** Epoll is tested where it can be had. */
export const transports: readonly TransportName[] =
  'reason' in loadLibc({ os: process.platform, arch: process.arch, bun: 'bun' in process.versions }) ? ['node'] : ['epoll', 'node']

export interface RigOptions {
  readonly transport: TransportName
  /** Mappings; a bare `0=` listens on 127.0.0.1 only. */
  readonly proxies?: readonly string[]
  /** In the form of `--fault`. */
  readonly faults?: readonly string[]
  readonly settings?: Partial<RunSettings>
  readonly resolver?: Resolver
}

/** A runtime under test: forward proxy (named `http`) and mappings, on free ports. */
export interface Rig {
  readonly runtime: Runtime
  /** Everything told so far. */
  readonly events: readonly Event[]
  address(proxy: string): Address
  port(proxy: string): number
  /** The first event of that name that fits, whether it was told already or comes yet. */
  until<Name extends EventName>(name: Name, fits?: (event: EventOf<Name>) => boolean): Promise<EventOf<Name>>
  told<Name extends EventName>(name: Name): EventOf<Name>[]
  swap(...faults: string[]): Promise<number>
}

export const entriesOf = (texts: readonly string[]): FaultEntry[] => texts.map((text) => parseFault(text, registry, 'test').entry)

/** Starts a runtime that the test's end cuts off. A bug reported by the data plane fails the test. */
export async function rig(t: TestContext, options: RigOptions): Promise<Rig> {
  const { host, stderr } = testHost({ entropy: 7 })
  const { transport, faults = [], proxies = [], settings = {}, resolver } = options
  const events: Event[] = []
  const waiting = new Set<(event: Event) => void>()
  const runtime = await startRuntime({
    settings: { ...defaults, transport, proxy: proxies, ...settings },
    faults: entriesOf(faults),
    builtins: { protocols, schemes },
    host,
    listen: (bus) => bus.subscribe((event) => {
      events.push(event)
      for (const look of [...waiting]) look(event)
    }),
    ...(resolver && { resolver }),
  })
  t.after(() => {
    runtime.stopNow()
    assert.equal(stderr(), '', 'the data plane reported a bug of its own')
  })
  const address = (proxy: string): Address => {
    const found = runtime.listeners.find(({ service }) => service.name === proxy)
    assert.ok(found, `a listener called ${proxy}`)
    return found.addresses[0]!
  }
  return {
    runtime, events, address,
    port: (proxy) => address(proxy).port,
    told: <Name extends EventName>(name: Name) => events.filter((event): event is EventOf<Name> => event.event === name),
    until: <Name extends EventName>(name: Name, fits: (event: EventOf<Name>) => boolean = () => true) => {
      const isIt = (event: Event): event is EventOf<Name> => event.event === name && fits(event as EventOf<Name>)
      const known = events.find(isIt)
      if (known) return Promise.resolve(known)
      return new Promise<EventOf<Name>>((resolve) => {
        const look = (event: Event): void => {
          if (!isIt(event)) return
          waiting.delete(look)
          resolve(event)
        }
        waiting.add(look)
      })
    },
    swap: (...texts) => runtime.apply(entriesOf(texts)),
  }
}

const defaults: RunSettings = {
  proxyAddress: { host: '127.0.0.1', port: 0, explicit: false },
  disableHttpProxy: false,
  proxy: [],
  bind: '127.0.0.1',
  upstream: [],
  durationMs: undefined,
  seed: 1,
  transport: 'auto',
  connectTimeoutMs: 2000,
  dnsTimeoutMs: 2000,
  drainTimeoutMs: 1000,
  headTimeoutMs: 5000,
  idleTimeoutMs: 5000,
  udpIdleTimeoutMs: 5000,
  bufferLimitBytes: 512 * 1024 * 1024,
  maxHeadBytes: 65536,
  via: false,
  upstreamCa: undefined,
  upstreamInsecure: false,
  tlsCert: undefined,
  tlsKey: undefined,
}
