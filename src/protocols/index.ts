import { createRegistry } from '../model/registry.ts'
import type { SchemeSpec } from '../model/protocol.ts'
import { dns } from './dns.ts'
import { forward } from './forward.ts'
import { http } from './http.ts'
import { mongodb } from './mongodb.ts'
import { mysql } from './mysql.ts'
import { postgres } from './postgres.ts'
import { redis } from './redis.ts'
import { tcp } from './tcp.ts'
import { udp } from './udp.ts'

export const protocols = createRegistry('protocol', [forward, http, tcp, postgres, mysql, redis, mongodb, udp, dns])

/** Every word a mapping may have before `://`. */
export const schemes: ReadonlyMap<string, SchemeSpec> = new Map(
  protocols.list.flatMap(({ name, schemes: own }) => own.map((scheme) => [scheme.scheme, { ...scheme, protocol: name }] as const)),
)
