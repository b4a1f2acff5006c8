import dns from 'node:dns'
import { readFileSync, statSync } from 'node:fs'
import type { Clock } from '../kit/clock.ts'
import { isIp } from '../kit/ip.ts'
import type { FailureCause } from '../model/fault.ts'

export interface Cancellable { cancel(): void }
export type LookupResult = { readonly addresses: readonly string[] } | { readonly cause: FailureCause }

/** Turns a host name into numeric addresses. `settled` comes once, never after `cancel`; possibly before the call returns. */
export interface Resolver {
  lookup(host: string, timeoutMs: number, settled: (result: LookupResult) => void): Cancellable
}

export interface SystemResolverOptions {
  readonly clock: Clock
  /** Absent on machines that have none. */
  readonly hostsFile: string | undefined
  /** `ip:port` of name servers; default: the machine's. */
  readonly servers?: readonly string[]
  /** What else the system knows; default: getaddrinfo. An empty list: nothing. */
  readonly askSystem?: AskSystem
}

type AskSystem = (host: string, answered: (addresses: readonly string[]) => void) => void

const getaddrinfo: AskSystem = (host, answered) => {
  dns.lookup(host, { all: true, order: 'verbatim' }, (error, found) => answered(error ? [] : found.map(({ address }) => address)))
}

/** getaddrinfo occupies threads that the whole process shares, for as long as a dead name server takes. */
const SYSTEM_LOOKUPS_AT_ONCE = 2
/** One query, sent twice. */
const QUERY_MS = 2000
/** RFC 8305 §3: how long IPv4 addresses wait for IPv6 ones. */
const WAIT_FOR_V6_MS = 50
/** How long IPv6 addresses wait for IPv4 ones: before that none of these would be tried anyway. */
const WAIT_FOR_V4_MS = 250

/**
 * Hosts file, then c-ares for both families, then getaddrinfo for what only the system knows (search domains, mDNS).
 * Nothing is remembered: every connection sees the names as they are now.
 */
export function createResolver(options: SystemResolverOptions): Resolver {
  const hosts = new HostsFile(options.hostsFile)
  const system = new SystemLookups(options.askSystem ?? getaddrinfo)
  return {
    lookup(host, timeoutMs, settled) {
      const name = host.endsWith('.') ? host.slice(0, -1) : host
      if (isIp(name)) return done(settled, { addresses: [name] })
      if (!/^[^\0]+$/.test(name)) return done(settled, { cause: 'nxdomain' })
      const known = hosts.find(name.toLowerCase())
      if (known) return done(settled, { addresses: known })
      return new Lookup(name, timeoutMs, options, system, settled)
    },
  }
}

function done(settled: (result: LookupResult) => void, result: LookupResult): Cancellable {
  settled(result)
  return { cancel() {} }
}

class Lookup implements Cancellable {
  readonly #settled: (result: LookupResult) => void
  readonly #options: SystemResolverOptions
  readonly #resolver: dns.Resolver
  readonly #deadline: Cancellable
  readonly #host: string
  readonly #system: SystemLookups
  #waiting = 2
  #addresses: string[] = []
  #cause: FailureCause = 'nxdomain'
  #ended = false
  #otherFamily: Cancellable | undefined
  #queued: Cancellable | undefined

  constructor(host: string, timeoutMs: number, options: SystemResolverOptions, system: SystemLookups, settled: (result: LookupResult) => void) {
    this.#host = host
    this.#system = system
    this.#settled = settled
    this.#options = options
    this.#resolver = new dns.Resolver({ timeout: Math.min(timeoutMs, QUERY_MS), tries: 2 })
    if (options.servers) this.#resolver.setServers([...options.servers])
    this.#deadline = options.clock.setTimer(timeoutMs, () => this.#giveUp())
    this.#resolver.resolve6(host, (error, found) => this.#heard(error, found, true))
    this.#resolver.resolve4(host, (error, found) => this.#heard(error, found, false))
  }

  cancel(): void {
    if (this.#ended) return
    this.#ended = true
    this.#release()
  }

  #heard(error: NodeJS.ErrnoException | null, found: readonly string[] | undefined, v6: boolean): void {
    if (this.#ended) return
    this.#waiting--
    if (error) this.#cause = worse(this.#cause, causeOf(error.code))
    else this.#addresses = interleave(this.#addresses, found ?? [], v6)
    if (this.#addresses.length === 0) {
      if (this.#waiting === 0) this.#askSystem()
    } else if (this.#waiting === 0) this.#succeed()
    else this.#otherFamily = this.#options.clock.setTimer(v6 ? WAIT_FOR_V4_MS : WAIT_FOR_V6_MS, () => this.#succeed())
  }

  #askSystem(): void {
    this.#queued = this.#system.ask(this.#host, (addresses) => {
      this.#end(addresses.length > 0 ? { addresses } : { cause: this.#cause })
    })
  }

  #succeed(): void { this.#end({ addresses: this.#addresses }) }

  /** The name servers' own answer counts, if there is one and only the system keeps silent. */
  #giveUp(): void { this.#end({ cause: this.#waiting === 0 ? this.#cause : 'dns-timeout' }) }

  #end(result: LookupResult): void {
    if (this.#ended) return
    this.#ended = true
    this.#release()
    this.#settled(result)
  }

  #release(): void {
    this.#deadline.cancel()
    this.#otherFamily?.cancel()
    this.#resolver.cancel()
    this.#queued?.cancel()
  }
}

/** RFC 8305 §4: the families take turns, IPv6 first. */
function interleave(present: readonly string[], found: readonly string[], foundIsV6: boolean): string[] {
  const [six, four] = foundIsV6 ? [found, present] : [present, found]
  const merged: string[] = []
  for (let index = 0; index < Math.max(six.length, four.length); index++) {
    if (six[index] !== undefined) merged.push(six[index]!)
    if (four[index] !== undefined) merged.push(four[index]!)
  }
  return merged
}

function causeOf(code: string | undefined): FailureCause {
  if (code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EBADNAME') return 'nxdomain'
  return code === 'ETIMEOUT' ? 'dns-timeout' : 'servfail'
}

const worse = (a: FailureCause, b: FailureCause): FailureCause => (a === 'nxdomain' ? b : a)

/** getaddrinfo, a few at once; the rest waits in line, and leaves it when nobody wants the answer any more. */
class SystemLookups {
  readonly #askSystem: AskSystem
  #running = 0
  readonly #line = new Set<() => void>()

  constructor(askSystem: AskSystem) {
    this.#askSystem = askSystem
  }

  ask(host: string, settled: (addresses: readonly string[]) => void): Cancellable {
    let wanted = true
    const run = (): void => {
      this.#running++
      this.#askSystem(host, (addresses) => {
        this.#running--
        this.#next()
        if (wanted) settled(addresses)
      })
    }
    if (this.#running < SYSTEM_LOOKUPS_AT_ONCE) run()
    else this.#line.add(run)
    return { cancel: () => { wanted = false; this.#line.delete(run) } }
  }

  #next(): void {
    const run = this.#line.values().next().value
    if (!run) return
    this.#line.delete(run)
    run()
  }
}

/** The hosts file, read again when it has changed. `localhost` is loopback even where the file is silent (RFC 6761 §6.3). */
class HostsFile {
  readonly #path: string | undefined
  #version = ''
  #names = new Map<string, string[]>()

  constructor(path: string | undefined) {
    this.#path = path
  }

  find(name: string): readonly string[] | undefined {
    this.#refresh()
    return this.#names.get(name) ?? (name === 'localhost' || name.endsWith('.localhost') ? ['127.0.0.1', '::1'] : undefined)
  }

  #refresh(): void {
    if (this.#path === undefined) return
    try {
      const { mtimeMs, size } = statSync(this.#path)
      const version = `${mtimeMs} ${size}`
      if (version === this.#version) return
      this.#version = version
      this.#names = parseHosts(readFileSync(this.#path, 'latin1'))
    } catch {
      this.#version = ''
      this.#names = new Map()
    }
  }
}

function parseHosts(text: string): Map<string, string[]> {
  const names = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [address, ...hosts] = line.split('#', 1)[0]!.trim().split(/\s+/)
    if (!address || !isIp(address)) continue
    for (const host of hosts) {
      const addresses = names.get(host.toLowerCase()) ?? []
      if (!addresses.includes(address)) addresses.push(address)
      names.set(host.toLowerCase(), addresses)
    }
  }
  return names
}
