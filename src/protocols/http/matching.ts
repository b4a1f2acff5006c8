import type { Engine } from '../../engine/engine.ts'
import type { Cancellable } from '../../engine/resolver.ts'
import { isIp } from '../../kit/ip.ts'

/**
 * Whether the forward proxy faults this target. A name is looked up only if some rule is an address; one that is not found
 * matches none of these. `settled` comes once, never after `cancel`; possibly before this returns.
 */
export function whetherMatched({ upstreams, resolver, limits }: Engine, host: string, port: number, settled: (matched: boolean) => void): Cancellable {
  if (upstreams.matchesName(host, port)) settled(true)
  else if (!upstreams.needsAddress || isIp(host)) settled(false)
  else {
    return resolver.lookup(host, limits.dnsTimeoutMs, (result) => {
      settled('addresses' in result && result.addresses.some((address) => upstreams.matchesAddress(address, port)))
    })
  }
  return { cancel() {} }
}
