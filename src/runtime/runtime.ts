import { Budget } from '../engine/budget.ts'
import { Connections, type LiveConnection } from '../engine/connections.ts'
import { Deadlines } from '../engine/deadlines.ts'
import { Dialer } from '../engine/dialer.ts'
import type { Engine } from '../engine/engine.ts'
import { FaultBook } from '../engine/fault-book.ts'
import type { OpenListener } from '../engine/listener.ts'
import { createResolver, type Resolver } from '../engine/resolver.ts'
import { openTransport } from '../engine/wire/transport.ts'
import { EXIT, UserError } from '../kit/errors.ts'
import type { Host } from '../kit/host.ts'
import { joinHostPort } from '../kit/ip.ts'
import type { FaultEntry } from '../model/entry.ts'
import { EventBus, type Events, type FaultTotals } from '../model/events.ts'
import { compileUpstreams } from '../model/upstream.ts'
import type { ProtocolPlugins } from './builtins.ts'
import { containerNote } from './container.ts'
import { drain } from './drain.ts'
import { arrivesAt } from './own-address.ts'
import { openServices } from './services.ts'
import type { RunSettings } from './settings.ts'

export interface Runtime {
  readonly seed: number
  readonly bus: EventBus
  readonly transport: { readonly name: string; readonly reason: string | undefined }
  readonly listeners: readonly OpenListener[]
  /** What is worth a word at start: where a fault cannot act, a port that was busy, a legacy spelling. */
  readonly notes: readonly string[]
  readonly faults: FaultBook
  /** Swaps the fault set; resolves with the generation once every live connection carries it. Rejects and changes nothing when an entry is wrong. */
  apply(entries: readonly FaultEntry[]): Promise<number>
  connections(): readonly LiveConnection[]
  /** Sums so far, as the event of that name. */
  sample(): Events['traffic.sampled']
  /** No new connections; those that are open may finish until the drain limit. Resolves when all are gone; the first reason stands. */
  stop(reason: string): Promise<void>
  /** Cuts everything, now. */
  stopNow(): void
}

export interface RuntimeOptions {
  readonly settings: RunSettings
  readonly faults: readonly FaultEntry[]
  readonly builtins: ProtocolPlugins
  readonly host: Host
  /** Sees every event from the first. */
  readonly listen?: ((bus: EventBus) => void) | undefined
  readonly resolver?: Resolver
}

/** Opens the listeners and puts the faults in force. Several may live in one process. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { settings, host, builtins } = options
  const onBug = (error: unknown): void => reportBug(host, error, 'one connection was reset because of an error in fault itself; please report it')
  const { transport, reason } = openTransport({
    platform: host.platform, onBug, ...(settings.transport !== 'auto' && { prefer: settings.transport }),
  })
  if (settings.transport === 'epoll' && transport.name !== 'epoll') {
    throw new UserError('NO_EPOLL', `the epoll transport does not work here: ${reason}`, { exitCode: EXIT.failed, hint: 'use --transport node, or auto to choose by itself' })
  }
  const seed = settings.seed ?? host.entropy()
  const startedAtMs = transport.clock.now()
  const bus = new EventBus(() => transport.clock.now() - startedAtMs, (error, what) => reportBug(host, error, `${what}, and hears no more`))
  options.listen?.(bus)
  const engine = createEngine(options, { transport, bus, seed, onBug })
  try {
    bus.emit('run.started', { seed, transport: transport.name, durationMs: settings.durationMs ?? null, wallTime: new Date(host.wallTime()).toISOString() })
    // In force before anybody can connect.
    engine.book.apply(options.faults)
    const { listeners, notes } = await openServices(engine, settings, builtins, options.faults)
    engine.selves.push(...listeners)
    notes.push(...containerNote(host, listeners))
    return assemble(engine, { listeners, notes, seed, reason, startedAtMs, drainTimeoutMs: settings.drainTimeoutMs })
  } catch (error) {
    engine.book.stop()
    transport.stop()
    throw error
  }
}

interface Parts { readonly transport: Engine['transport']; readonly bus: EventBus; readonly seed: number; readonly onBug: (error: unknown) => void }
type OwnEngine = Engine & { readonly selves: OpenListener[] }

function createEngine({ settings, host, resolver: given }: RuntimeOptions, { transport, bus, seed, onBug }: Parts): OwnEngine {
  const { clock } = transport
  const selves: OpenListener[] = []
  const hostsFile = host.platform.os === 'win32' ? `${host.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\drivers\\etc\\hosts` : '/etc/hosts'
  const resolver = given ?? createResolver({ clock, hostsFile })
  const book = new FaultBook({
    clock, seed, onBug, totalMs: settings.durationMs,
    forgot: ({ id }) => bus.emit('notice', { level: 'warning', code: 'COUNTS_FORGOTTEN', message: `${id} has met too many different exchanges to count them all: the oldest are forgotten, so another run with this seed may decide otherwise` }),
    changed: (generation, on, off) => bus.emit('faults.changed', { generation, on: on.map(({ id }) => id), off: off.map(({ id }) => id) }),
  })
  const { connectTimeoutMs, dnsTimeoutMs } = settings
  const isSelf = (address: string, port: number, datagrams = false): boolean => selves.some(({ protocol, addresses }) => {
    return (protocol.serveDatagrams !== undefined) === datagrams && addresses.some((own) => own.port === port && arrivesAt(address, own.host))
  })
  let exchanges = 0
  let isExhausted = false
  const onExhausted = (): void => {
    if (isExhausted) return
    isExhausted = true
    bus.emit('notice', { level: 'warning', code: 'OUT_OF_DESCRIPTORS', message: 'no file descriptor is left to reach upstreams with; raise the limit (ulimit -n)' })
  }
  return {
    transport, clock, resolver, book, bus, onBug, selves,
    dialer: new Dialer({ transport, resolver, book, clock, connectTimeoutMs, dnsTimeoutMs, isSelf, onBug, onExhausted }),
    budget: new Budget(settings.bufferLimitBytes, clock),
    connections: new Connections(),
    deadlines: new Deadlines(clock),
    isSelf,
    limits: {
      connectTimeoutMs, dnsTimeoutMs, headTimeoutMs: settings.headTimeoutMs, idleTimeoutMs: settings.idleTimeoutMs,
      udpIdleTimeoutMs: settings.udpIdleTimeoutMs, maxHeadBytes: settings.maxHeadBytes,
    },
    upstreams: compileUpstreams(settings.upstream.length > 0 ? settings.upstream : ['*']),
    via: settings.via,
    nextExchange: () => ++exchanges,
  }
}

interface Assembly {
  readonly listeners: readonly OpenListener[]
  readonly notes: readonly string[]
  readonly seed: number
  readonly reason: string | undefined
  readonly startedAtMs: number
  readonly drainTimeoutMs: number
}

function assemble(engine: OwnEngine, { listeners, notes, seed, reason, startedAtMs, drainTimeoutMs }: Assembly): Runtime {
  const { transport, book, bus, connections, clock, budget } = engine
  let stopped = false
  let ending: Promise<void> | undefined
  const cut = Promise.withResolvers<void>()
  const open = new Set(listeners)
  const closeListeners = (): void => {
    for (const listener of open) {
      open.delete(listener)
      listener.close()
      bus.emit('listener.closed', { proxy: listener.service.name, addresses: listener.addresses.map(({ host, port }) => joinHostPort(host, port)) })
    }
  }
  const stopNow = (): void => {
    if (stopped) return
    stopped = true
    closeListeners()
    for (const connection of connections.list()) connection.close()
    book.stop()
    transport.stop()
    cut.resolve()
  }
  const stop = async (why: string): Promise<void> => {
    closeListeners()
    await Promise.race([drain(connections, clock, drainTimeoutMs), cut.promise])
    bus.emit('traffic.sampled', sample())
    bus.emit('run.finished', { reason: why, durationMs: clock.now() - startedAtMs })
    stopNow()
  }
  const sample = (): Events['traffic.sampled'] => {
    budget.recount()
    return { openConnections: connections.size, ...connections.totals(), heldBytes: budget.usedBytes, faults: book.instances.map(totalsOf) }
  }
  return {
    seed, bus, listeners, notes, faults: book, sample, stopNow,
    transport: { name: transport.name, reason },
    apply: async (entries) => book.apply(entries),
    connections: () => connections.list(),
    stop: (why) => ending ??= stop(why),
  }
}

function totalsOf({ id, spec, isActive, stats }: FaultBook['instances'][number]): FaultTotals {
  return { fault: id, type: spec.name, on: isActive, ...stats }
}

function reportBug({ stderr }: Host, error: unknown, what: string): void {
  const text = error instanceof Error ? error.stack ?? error.message : String(error)
  stderr.write(`bug: ${what}:\n${text}\n`)
}
