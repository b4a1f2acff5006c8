import type { Platform } from '../../kit/host.ts'
import { EpollTransport } from './epoll/epoll-transport.ts'
import { loadLibc } from './epoll/libc.ts'
import { NodeTransport } from './node-transport.ts'
import type { Transport, TransportOptions } from './wire.ts'

export interface OpenOptions extends TransportOptions {
  readonly platform: Pick<Platform, 'os' | 'arch' | 'bun'>
  readonly prefer?: 'epoll' | 'node'
  /** How to get koffi. Default: `require`. */
  readonly load?: Parameters<typeof loadLibc>[1]
}

export interface Opened {
  readonly transport: Transport
  /** Why it is not epoll, for the log and for `doctor`. */
  readonly reason?: string
}

/** The fast transport where it works, `node:net` everywhere else. Never throws because of the machine it runs on. */
export function openTransport(options: OpenOptions): Opened {
  if (options.prefer === 'node') return { transport: new NodeTransport(options), reason: 'asked for' }
  const libc = loadLibc(options.platform, options.load)
  if ('reason' in libc) return { transport: new NodeTransport(options), reason: libc.reason }
  try {
    return { transport: new EpollTransport(libc, options) }
  } catch (error) {
    return { transport: new NodeTransport(options), reason: (error as Error).message }
  }
}
