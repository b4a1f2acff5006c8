import type { Clock } from '../../kit/clock.ts'
import type { Capability, CapabilityName } from './capabilities.ts'

/** Where one end of a wire is. `host` is a numeric address, IPv4 or IPv6. */
export interface Address { readonly host: string; readonly port: number }

/** Why a wire went away by itself. `clean`: both sides ended. */
export type CloseReason = 'clean' | 'reset' | 'timeout' | 'error'
export type DialFailure = 'refused' | 'unreachable' | 'timeout' | 'exhausted' | 'busy' | 'error'

/**
 * What a wire tells its owner. One call at a time, never from inside a method of the same wire.
 * A callback that throws costs its own wire a reset and is handed to `TransportOptions.onBug`.
 */
export interface WireHandler {
  /** `bytes` are valid only during this call. To hold them longer, hold `wire.keep(bytes)`. */
  data(bytes: Buffer): void
  /** Everything is written, after a `write` that returned false or an `end` that had to wait. */
  drained(): void
  /** The peer sent its FIN. The other direction stays open until `end()`. */
  ended(): void
  /** Last call, exactly once, unless the owner called `close()` or `reset()`. */
  closed(reason: CloseReason): void
  /**
   * The peer sent its FIN while the wire is paused, so bytes may still be unread before it. At most once in the life
   * of a wire, also to a handler that is set after it happened; `ended` still follows once everything is read.
   * See the capability `notice-hangup`.
   */
  hangup?(): void
}

/**
 * One byte stream, as a proxy needs it. Born paused: set `handler`, then `resume()`.
 *
 *   peer ──▶ data / ended / closed ──▶ owner ──▶ write / end / close / reset ──▶ peer
 */
export interface Wire {
  handler: WireHandler
  readonly local: Address
  readonly remote: Address
  /** Bytes accepted by `write` and not yet taken by the kernel. */
  readonly buffered: number
  /**
   * True when `write` holds on to what it is given: bytes of a data callback must be kept first, and no buffer may be
   * filled again. False: whatever was given may be reused when `write` returns.
   */
  readonly retainsWrites: boolean
  /** False: more than `HIGH_WATER_BYTES` wait, so stop until `drained`. Never loses what it was given. */
  write(bytes: Buffer): boolean
  /** Writes a text, one byte for each of its latin1 characters, without a buffer in between. */
  writeText(text: string): boolean
  /**
   * Until `uncork`, small writes gather and leave together in one system call. Pairs nest. Meant for the writes of one
   * callback: what is gathered waits until `uncork`, however late that comes.
   */
  cork(): void
  uncork(): void
  /** Sends FIN after what is buffered. */
  end(): void
  /** Sends RST, now. */
  reset(): void
  /** Gives up what is buffered here and closes; what the kernel holds still leaves. */
  close(): void
  pause(): void
  resume(): void
  /** Bytes that stay valid after the data callback: small ones are copied, large ones change hands for free. */
  keep(bytes: Buffer): Buffer
}

export const HIGH_WATER_BYTES = 64 * 1024

/** What a TCP socket is set to before it carries anything. */
export interface SocketOptions {
  /** Idle time before TCP asks whether the peer is still there. Absent: never. */
  readonly keepAliveMs?: number
  /** Sizes of the kernel's buffers. See the capability `buffer-sizes`. */
  readonly receiveBufferBytes?: number
  readonly sendBufferBytes?: number
}

export interface ListenOptions extends Address, SocketOptions {
  /** Connections that may wait to be accepted; default 4,096. */
  readonly backlog?: number
  readonly ipv6Only?: boolean
  /**
   * No descriptor was left for a connection. Told at each onset, not for each connection; accepting recovers by itself.
   * See the capability `pause-accept-at-limit`.
   */
  readonly onExhausted?: () => void
}

export interface Listener {
  readonly address: Address
  /** Hands over no new wire until `resume`. New connections wait. */
  pause(): void
  resume(): void
  close(): void
}

export interface DialOptions extends SocketOptions {
  /** Raced in this order (RFC 8305, section 5): the first to connect wins. Numeric hosts only. */
  readonly addresses: readonly Address[]
  /** For all addresses together. */
  readonly timeoutMs: number
  /** Head start of each address over the next one, cut short when it fails; default 250. */
  readonly attemptDelayMs?: number
  readonly bind?: { readonly host: string; readonly port?: number }
}

/** When no address connects, the failure is that of the first one. */
export type DialResult =
  | { readonly wire: Wire; readonly address: Address }
  | { readonly failure: DialFailure; readonly address?: Address }

export interface Dialing { cancel(): void }

/** How to begin TLS on a wire. Certificates, keys and authorities are PEM. */
export type SecureOptions = (ClientSecurity | ServerSecurity) & {
  /** Read from the wire and not used by its owner: where TLS begins. May be the bytes of the data callback one is in. */
  readonly received?: Buffer
  readonly timeoutMs: number
}

export interface ClientSecurity {
  readonly role: 'client'
  /** The name to ask for and to verify. An IP literal is verified, not asked for (RFC 6066, section 3). Default: the peer's address. */
  readonly servername?: string
  /** Instead of the authorities that come with the runtime. */
  readonly ca?: string
  readonly verify: boolean
  readonly alpn?: readonly string[]
}

export interface ServerSecurity {
  readonly role: 'server'
  readonly cert: string
  readonly key: string
  readonly alpn?: readonly string[]
}

/** `protocol` is what ALPN agreed on. `code` is OpenSSL's or the system's: `CERT_HAS_EXPIRED`, `ECONNRESET`, `ETIMEDOUT`. */
export type SecureResult =
  | { readonly wire: Wire; readonly protocol?: string }
  | { readonly failure: 'tls'; readonly code: string; readonly message: string }

export interface DatagramOptions extends Address {
  readonly ipv6Only?: boolean
  readonly receiveBufferBytes?: number
}

export interface DatagramHandler {
  /** `bytes` belong to whoever gets them. */
  message(bytes: Buffer, from: Address): void
  /** Something went wrong with one datagram; the socket goes on. `code` is the system's name: `ENETUNREACH`, `EMSGSIZE`. */
  error(code: string): void
}

export interface DatagramSocket {
  handler: DatagramHandler
  readonly address: Address
  /** Holds on to `bytes` until they are sent. Never throws: what fails is told to `handler.error`. */
  send(bytes: Buffer, to: Address): void
  close(): void
}

export interface TransportOptions {
  /** A callback threw: a bug of ours. What it belonged to was reset; everything else goes on. */
  readonly onBug: (error: unknown) => void
}

export interface Transport {
  readonly name: 'epoll' | 'node'
  /** Never fires early. A timer that throws is handed to `onBug`. */
  readonly clock: Clock
  readonly capabilities: readonly Capability[]
  /** True, or why not on this transport. */
  can(name: CapabilityName): true | string
  /** Rejects with a `ListenError`. */
  listen(options: ListenOptions, accepted: (wire: Wire) => void): Promise<Listener>
  /** `settled` is called once, later; never after `cancel()`. */
  dial(options: DialOptions, settled: (result: DialResult) => void): Dialing
  /**
   * Begins TLS on a wire of this transport. The wire is gone from here on, whatever the outcome: `settled` brings
   * another one, once, later; never after `cancel()`.
   */
  secure(wire: Wire, options: SecureOptions, settled: (result: SecureResult) => void): Dialing
  /** Rejects with a `ListenError`. */
  datagrams(options: DatagramOptions): Promise<DatagramSocket>
  /** Closes everything this transport opened. The process can exit afterwards. */
  stop(): void
}

export const ignore: WireHandler = { data() {}, drained() {}, ended() {}, closed() {} }

export function closeReasonOf(code: string | undefined): CloseReason {
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset'
  return code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' ? 'timeout' : 'error'
}

const failures: Readonly<Record<string, DialFailure>> = {
  ECONNREFUSED: 'refused', ENETUNREACH: 'unreachable', EHOSTUNREACH: 'unreachable', ENETDOWN: 'unreachable',
  ETIMEDOUT: 'timeout', EMFILE: 'exhausted', ENFILE: 'exhausted', EADDRINUSE: 'busy', EADDRNOTAVAIL: 'busy',
}

export const dialFailureOf = (code: string | undefined): DialFailure => failures[code ?? ''] ?? 'error'

/** Codes that mean that the machine, not the peer, is the limit. */
export const EXHAUSTED: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address in use', EACCES: 'permission denied', EADDRNOTAVAIL: 'no such address here',
}

/** A socket could not be bound. `code` is the system's: `EADDRINUSE`. */
export class ListenError extends Error {
  readonly code: string
  constructor({ host, port }: Address, code: string) {
    super(`cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}: ${reasons[code] ?? code}`)
    this.code = code
  }
}

/** The system's or OpenSSL's name for what went wrong. */
export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'UNKNOWN'
