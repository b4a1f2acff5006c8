import type { Engine } from '../engine/engine.ts'
import type { UpstreamTls } from '../engine/dialer.ts'
import { openListener, type ListenAt, type OpenListener } from '../engine/listener.ts'
import type { ProtocolSpec, Service } from '../engine/protocol.ts'
import { EXIT, UserError } from '../kit/errors.ts'
import { isIp, joinHostPort } from '../kit/ip.ts'
import type { FaultEntry } from '../model/entry.ts'
import { hooksOf } from '../model/fault.ts'
import { parseMapping, type Mapping } from '../model/mapping.ts'
import type { ProtocolPlugins } from './builtins.ts'
import type { RunSettings } from './settings.ts'

/** Name of the forward proxy in keys, events and matches. */
const FORWARD_NAME = 'http'

interface Plan { readonly service: Service; readonly protocol: ProtocolSpec; readonly at: ListenAt; readonly isOptional: boolean }

/** Opens every listener of a run, or none. */
export async function openServices(engine: Engine, settings: RunSettings, builtins: ProtocolPlugins, faults: readonly FaultEntry[]): Promise<{ listeners: OpenListener[]; notes: string[] }> {
  const plans = planServices(settings, builtins)
  if (plans.length === 0) throw new UserError('NOTHING_TO_DO', 'no proxy is asked for', { hint: 'leave out --disable-http-proxy, or add a mapping such as --proxy 9090=localhost:8080' })
  const notes = [...checkReach(plans.map(({ protocol, service }) => ({ name: service.name, protocol })), faults)]
  const listeners: OpenListener[] = []
  try {
    for (const plan of plans) await openPlan(engine, plan, listeners, notes)
  } catch (error) {
    for (const listener of listeners) listener.close()
    throw error
  }
  for (const { service, protocol, addresses } of listeners) {
    engine.bus.emit('listener.opened', { proxy: service.name, protocol: protocol.name, addresses: addresses.map(({ host, port }) => joinHostPort(host, port)) })
  }
  return { listeners, notes }
}

async function openPlan(engine: Engine, { service, protocol, at, isOptional }: Plan, listeners: OpenListener[], notes: string[]): Promise<void> {
  try {
    const listenAt = 'loopback' in at || isIp(at.host) ? at : { host: await resolveOwn(engine, at.host), port: at.port }
    listeners.push(await openListener(engine, service, protocol, listenAt))
  } catch (error) {
    if (!isOptional || !(error instanceof UserError) || error.cause !== 'EADDRINUSE') throw error
    notes.push(`the HTTP proxy is off: ${error.message}; the mappings work without it`)
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

function planServices(settings: RunSettings, builtins: ProtocolPlugins): Plan[] {
  const { upstreamCa, upstreamInsecure, tlsCert, tlsKey } = settings
  const upstreamTls: UpstreamTls = { ca: upstreamCa, verify: !upstreamInsecure }
  const clientTls = tlsCert !== undefined && tlsKey !== undefined ? { cert: tlsCert, key: tlsKey } : undefined
  const plans: Plan[] = []
  if (!settings.disableHttpProxy) {
    const { host, port, explicit } = settings.proxyAddress
    const service: Service = { name: FORWARD_NAME, mapping: undefined, upstreamTls, clientTls: undefined, isOwnName: () => false }
    plans.push({ service, protocol: builtins.protocols.list.find(({ isForward }) => isForward)!, at: { host, port }, isOptional: settings.proxy.length > 0 && !explicit })
  }
  const names = new Map<string, number>([[FORWARD_NAME, 1]])
  for (const text of settings.proxy) {
    const mapping = settleLegacy(parseMapping(text, builtins.schemes), clientTls !== undefined)
    const { host, port } = mapping.listen
    if (mapping.clientTls && !clientTls) throw new UserError('NO_CERTIFICATE', `'${text}' ends the client's TLS, but there is no certificate`, { hint: 'give --tls-cert FILE and --tls-key FILE' })
    const bound = host ?? settings.bind
    plans.push({
      service: { name: uniqueName(mapping, names), mapping, upstreamTls, clientTls, isOwnName: ownName(mapping) },
      protocol: builtins.protocols.find(mapping.protocol)!,
      at: bound === undefined ? { loopback: true, port } : { host: bound, port },
      isOptional: false,
    })
  }
  return plans
}

/** `https:8443=host:443` meant HTTP with TLS to the upstream before the proxy could end a client's TLS; with a certificate it ends it. */
function settleLegacy(mapping: Mapping, hasCertificate: boolean): Mapping {
  if (!mapping.legacyHttps) return mapping
  return { ...mapping, clientTls: hasCertificate, upstreamTls: !hasCertificate }
}

/** `NAME@`, else the right side; the second of two equal names is `name#2`. */
function uniqueName({ name, upstream, schemelessRight, scheme }: Mapping, names: Map<string, number>): string {
  const right = joinHostPort(upstream.host, upstream.port)
  const own = name ?? (schemelessRight ? right : `${scheme}://${right}`)
  const count = (names.get(own) ?? 0) + 1
  names.set(own, count)
  return count === 1 ? own : `${own}#${count}`
}

/** A client may call the listener by any address or name of this machine; what counts is its port. */
function ownName({ listen, upstream }: Mapping): Service['isOwnName'] {
  const loopback = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::', ...(listen.host === undefined ? [] : [listen.host.toLowerCase()])])
  return (host, port) => port === listen.port && loopback.has(host.toLowerCase()) && !(host === upstream.host && port === upstream.port)
}

/** A fault that nothing can carry is an error; one that only some listeners carry is a note for each of the others. */
function checkReach(listeners: readonly { readonly name: string; readonly protocol: ProtocolSpec }[], faults: readonly FaultEntry[]): string[] {
  const notes = new Set<string>()
  for (const { spec, envelope } of faults) {
    const wanted = hooksOf(spec)
    const named = envelope.proxy === undefined ? undefined : [envelope.proxy].flat()
    const meant = listeners.filter(({ name }) => named?.includes(name) ?? true)
    if (meant.length === 0) throw new UserError('NO_SUCH_PROXY', `${spec.name} is for proxy ${named!.map((name) => `'${name}'`).join(', ')}, which is not there`, { hint: `the proxies are ${listeners.map(({ name }) => `'${name}'`).join(', ')}` })
    const cannot = meant.filter(({ protocol }) => !wanted.some((hook) => protocol.carries.includes(hook)))
    for (const { name, protocol } of cannot) notes.add(`${spec.name} cannot act on '${name}', which speaks ${protocol.name}`)
    if (cannot.length === meant.length) {
      const { name, protocol } = cannot[0]!
      throw new UserError('FAULT_CANNOT_ACT', `${spec.name} cannot act on '${name}', which speaks ${protocol.name}`, { hint: `${spec.name} acts on ${wanted.join(', ')}; ${protocol.name} carries ${protocol.carries.join(', ') || 'no faults yet'}` })
    }
    for (const { name, protocol } of meant) if (protocol.blind && !wanted.some((hook) => protocol.blind!.carries.includes(hook))) notes.add(`${spec.name} acts on '${name}' but not ${protocol.blind.where}`)
  }
  for (const { name, protocol } of listeners) if (protocol.limits) notes.add(`'${name}': ${protocol.limits}`)
  return [...notes]
}
