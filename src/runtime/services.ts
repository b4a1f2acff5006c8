import type { Engine } from '../engine/engine.ts'
import type { UpstreamTls } from '../engine/dialer.ts'
import { openListener, type ListenAt, type OpenListener } from '../engine/listener.ts'
import type { Service } from '../engine/protocol.ts'
import type { Address } from '../engine/wire/wire.ts'
import { EXIT, UserError } from '../kit/errors.ts'
import { isIp, joinHostPort, parseIp } from '../kit/ip.ts'
import type { FaultEntry } from '../model/entry.ts'
import { parseMapping, type Mapping } from '../model/mapping.ts'
import { parseUpstream } from '../model/upstream.ts'
import type { ProtocolPlugins } from './builtins.ts'
import { arrivesAt, isUnspecified } from './own-address.ts'
import { checkNeeds, checkReach, type Reachable } from './reach.ts'
import type { RunSettings } from './settings.ts'

/** Name of the forward proxy in keys, events and matches. */
const FORWARD_NAME = 'http'

interface Plan extends Reachable {
  readonly service: Service
  readonly at: ListenAt
  /** Runs without it when its address is in use. */
  readonly isOptional: boolean
  /** Filled once it listens. */
  readonly own: Address[]
}

/** Opens every listener of a run, or none. */
export async function openServices(engine: Engine, settings: RunSettings, builtins: ProtocolPlugins, faults: readonly FaultEntry[]): Promise<{ listeners: OpenListener[]; notes: string[] }> {
  const { plans, notes } = planServices(settings, builtins)
  if (plans.length === 0) throw new UserError('NOTHING_TO_DO', 'no proxy is asked for', { hint: 'leave out --disable-http-proxy, or add a mapping such as --proxy 9090=localhost:8080' })
  checkNeeds(engine.transport, faults)
  notes.push(...checkReach(plans, faults))
  const listeners: OpenListener[] = []
  const open: Plan[] = []
  try {
    for (const plan of plans) {
      const listener = await openPlan(engine, plan, notes)
      if (!listener) continue
      listeners.push(listener)
      open.push(plan)
    }
    if (open.length < plans.length) checkReach(open, faults)
  } catch (error) {
    for (const listener of listeners) listener.close()
    throw error
  }
  for (const { service, protocol, addresses } of listeners) {
    engine.bus.emit('listener.opened', { proxy: service.name, protocol: protocol.name, addresses: addresses.map(({ host, port }) => joinHostPort(host, port)) })
  }
  return { listeners, notes }
}

async function openPlan(engine: Engine, { service, protocol, at, isOptional, own }: Plan, notes: string[]): Promise<OpenListener | undefined> {
  try {
    const listenAt = 'loopback' in at || isIp(at.host) ? at : { host: await resolveOwn(engine, at.host), port: at.port }
    const listener = await openListener(engine, service, protocol, listenAt)
    own.push(...listener.addresses)
    return listener
  } catch (error) {
    if (!isOptional || !(error instanceof UserError) || error.cause !== 'EADDRINUSE') throw error
    notes.push(`the HTTP proxy is off: ${error.message}; the mappings work without it`)
    return undefined
  }
}

/** The numeric address of a host name to listen on. */
function resolveOwn(engine: Engine, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    engine.resolver.lookup(host, engine.limits.dnsTimeoutMs, (result) => {
      if ('addresses' in result) resolve(result.addresses[0]!)
      else reject(new UserError('CANNOT_LISTEN', `cannot listen on '${host}': the name is not known (${result.cause})`, { exitCode: EXIT.failed, hint: 'listen on an address of this machine, such as 127.0.0.1' }))
    })
  })
}

function planServices(settings: RunSettings, builtins: ProtocolPlugins): { plans: Plan[]; notes: string[] } {
  const { upstreamCa, upstreamInsecure, tlsCert, tlsKey } = settings
  const upstreamTls: UpstreamTls = { ca: upstreamCa, verify: !upstreamInsecure }
  const clientTls = tlsCert !== undefined && tlsKey !== undefined ? { cert: tlsCert, key: tlsKey } : undefined
  const plans: Plan[] = []
  const notes: string[] = []
  const names = new Map<string, number>()
  if (!settings.disableHttpProxy) {
    names.set(FORWARD_NAME, 1)
    plans.push(planForward(settings, builtins, upstreamTls))
  }
  for (const text of settings.proxy) {
    const mapping = settleLegacy(parseMapping(text, builtins.schemes), clientTls !== undefined)
    if (mapping.clientTls && !clientTls) throw new UserError('NO_CERTIFICATE', `'${text}' ends the client's TLS, but there is no certificate`, { hint: 'give --tls-cert FILE and --tls-key FILE' })
    const own: Address[] = []
    const { host = settings.bind, port } = mapping.listen
    const name = uniqueName(mapping, names, notes)
    plans.push({
      name, own, protocol: builtins.protocols.find(mapping.protocol)!, isNumeric: isIp(mapping.upstream.host) !== 0, isOptional: false,
      service: { name, mapping, upstreamTls, clientTls, isOwnName: ownName(mapping, own) },
      at: host === undefined ? { loopback: true, port } : { host, port },
    })
  }
  return { plans, notes }
}

function planForward({ proxyAddress, proxy, bind, upstream }: RunSettings, { protocols }: ProtocolPlugins, upstreamTls: UpstreamTls): Plan {
  const { host, port, explicit } = proxyAddress
  return {
    name: FORWARD_NAME, own: [], protocol: protocols.list.find(({ isForward }) => isForward)!,
    isNumeric: upstream.length > 0 && upstream.every((text) => parseUpstream(text).kind === 'network'),
    isOptional: proxy.length > 0 && !explicit,
    service: { name: FORWARD_NAME, mapping: undefined, upstreamTls, clientTls: undefined, isOwnName: () => false },
    at: { host: explicit ? host : bind ?? host, port },
  }
}

/** `https:8443=host:443` meant HTTP with TLS to the upstream before the proxy could end a client's TLS; with a certificate it ends it. */
function settleLegacy(mapping: Mapping, hasCertificate: boolean): Mapping {
  if (!mapping.legacyHttps) return mapping
  return { ...mapping, clientTls: hasCertificate, upstreamTls: !hasCertificate }
}

/** `NAME@`, else the right side; the second of two equal names is `name#2`. */
function uniqueName({ name, text, upstream, schemelessRight, scheme }: Mapping, names: Map<string, number>, notes: string[]): string {
  const right = joinHostPort(upstream.host, upstream.port)
  const own = name ?? (schemelessRight ? right : `${scheme}://${right}`)
  const count = (names.get(own) ?? 0) + 1
  names.set(own, count)
  if (count === 1) return own
  const unique = `${own}#${count}`
  notes.push(`'${text}' goes by the name '${unique}', since '${own}' is taken; NAME@ before a mapping gives it one of its own`)
  return unique
}

/** A client may call the listener by any address of this machine that leads to it, or by the name it was told to listen on. */
function ownName({ listen, upstream }: Mapping, own: readonly Address[]): Service['isOwnName'] {
  const names = new Set(['localhost', ...(listen.host === undefined ? [] : [listen.host])])
  return (given, port) => {
    const host = given.toLowerCase()
    if (host === upstream.host && port === upstream.port) return false
    return own.some((at) => at.port === port && (names.has(host) || isAddressOf(host, at.host)))
  }
}

/** Behind a wildcard any address will do: with the listener's own port it is hardly another machine's. */
function isAddressOf(host: string, own: string): boolean {
  const bound = parseIp(own)
  return bound && isUnspecified(bound) ? isIp(host) !== 0 : arrivesAt(host, own)
}
