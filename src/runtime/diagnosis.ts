import { capabilities, type Capability } from '../engine/wire/capabilities.ts'
import { openTransport } from '../engine/wire/transport.ts'
import type { Platform } from '../kit/host.ts'

export interface Diagnosis {
  readonly transport: 'epoll' | 'node'
  /** Why it is not the fast one. */
  readonly reason: string | undefined
  readonly capabilities: readonly Capability[]
}

/** Tries the transports of this machine, and leaves nothing open. */
export function diagnose(platform: Platform): Diagnosis {
  const { transport, reason } = openTransport({ platform, onBug: () => {} })
  transport.stop()
  return { transport: transport.name, reason, capabilities }
}
