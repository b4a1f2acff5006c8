import type { Engine } from '../../engine/engine.ts'
import { isIp } from '../../kit/ip.ts'

/** Whether the forward proxy faults this target. A name is looked up only if some rule is an address; one that is not found matches none of these. */
export function whetherMatched({ upstreams, resolver, limits }: Engine, host: string, port: number, settled: (matched: boolean) => void): void {
  if (upstreams.matchesName(host, port)) return settled(true)
  if (!upstreams.needsAddress || isIp(host)) return settled(false)
  resolver.lookup(host, limits.dnsTimeoutMs, (result) => {
    settled('addresses' in result && result.addresses.some((address) => upstreams.matchesAddress(address, port)))
  })
}
