import type { Clock, Timer } from '../kit/clock.ts'
import type { Cancellable } from './resolver.ts'
import { ignore, type Wire } from './wire/wire.ts'

export interface PeekOptions<Seen> {
  readonly wire: Wire
  readonly clock: Clock
  /** What the first bytes mean; undefined: more are needed. */
  readonly decide: (bytes: Buffer) => Seen | undefined
  /** What a client that stays silent for `afterMs` means; absent: it is waited for. */
  readonly silence?: { readonly afterMs: number; readonly means: Seen }
  /** Longest that a client may take to say enough once it has begun. */
  readonly timeoutMs: number
  readonly seen: (seen: Seen, first: Buffer) => void
  /** The client left, ended or dawdled before it was understood; the wire is closed. */
  readonly lost: (reason: string) => void
}

/** Looks at a client's first bytes without losing them. The wire is paused when `seen` is called, and closed by `cancel`. */
export function peek<Seen>(options: PeekOptions<Seen>): Cancellable {
  const { wire, clock, silence } = options
  let first = EMPTY
  let timer: Timer | undefined
  const leave = (): void => {
    timer?.cancel()
    wire.handler = ignore
    wire.pause()
  }
  const lose = (reason: string): void => {
    leave()
    wire.close()
    options.lost(reason)
  }
  const expire = (): void => {
    if (!silence || first.length > 0) return lose('client-timeout')
    leave()
    options.seen(silence.means, first)
  }
  if (silence) timer = clock.setTimer(silence.afterMs, expire)
  wire.handler = {
    ...ignore,
    data(bytes) {
      if (first.length === 0) {
        timer?.cancel()
        timer = clock.setTimer(options.timeoutMs, expire)
      }
      first = Buffer.concat([first, bytes])
      const seen = options.decide(first)
      if (seen === undefined) return
      leave()
      options.seen(seen, first)
    },
    // A wire tells its end once, so whoever came next would wait for it for ever.
    ended: () => lose('client-left'),
    closed: (reason) => {
      timer?.cancel()
      options.lost(`client-${reason}`)
    },
  }
  wire.resume()
  return { cancel: () => { leave(); wire.close() } }
}

const EMPTY = Buffer.alloc(0)

/** RFC 8446 §5.1: a TLS connection begins with a handshake record. */
export const looksLikeTls = (bytes: Buffer): boolean => bytes[0] === 0x16
