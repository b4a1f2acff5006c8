import type { FaultRegistry } from '../model/entry.ts'
import type { AnyFault } from '../model/fault.ts'
import { createRegistry } from '../model/registry.ts'
import { bandwidth } from './bandwidth.ts'
import { blackhole } from './blackhole.ts'
import { dns } from './dns.ts'
import { httpResponse } from './http-response.ts'
import { jitter } from './jitter.ts'
import { latency } from './latency.ts'
import { packetLoss } from './packet-loss.ts'

/** Every fault there is; the documented ones in their documented order. */
export const faults: FaultRegistry = createRegistry<AnyFault>('fault', [latency, bandwidth, dns, jitter, packetLoss, httpResponse, blackhole])
