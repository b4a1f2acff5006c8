/**
 * What a run was asked to do, checked and typed. Made by the settings layer from defaults, environment and flags;
 * the runtime reads nothing else.
 */
export interface RunSettings {
  /** `host:port` of the HTTP forward proxy, whether asked for by name, and whether it is on at all. */
  readonly proxyAddress: { readonly host: string; readonly port: number; readonly explicit: boolean }
  readonly disableHttpProxy: boolean
  /** Mappings as written, `[NAME@]LEFT=RIGHT`. */
  readonly proxy: readonly string[]
  /** Address for bare ports in mappings and for a forward proxy that was given none; undefined: loopback. */
  readonly bind: string | undefined
  readonly upstream: readonly string[]
  /** Undefined: until interrupted. */
  readonly durationMs: number | undefined
  /** Undefined: one is chosen and printed. */
  readonly seed: number | undefined
  readonly transport: 'auto' | 'epoll' | 'node'
  readonly connectTimeoutMs: number
  readonly dnsTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly headTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly udpIdleTimeoutMs: number
  readonly bufferLimitBytes: number
  readonly maxHeadBytes: number
  /** Adds a `Via` field to forwarded messages. */
  readonly via: boolean
  /** PEM texts, read already. */
  readonly upstreamCa: string | undefined
  readonly upstreamInsecure: boolean
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
}

/** A run with nothing asked for: the forward proxy on its documented address. */
export const DEFAULT_SETTINGS: RunSettings = {
  proxyAddress: { host: '127.0.0.1', port: 3180, explicit: false },
  disableHttpProxy: false,
  proxy: [],
  bind: undefined,
  upstream: [],
  durationMs: undefined,
  seed: undefined,
  transport: 'auto',
  connectTimeoutMs: 10_000,
  dnsTimeoutMs: 5_000,
  drainTimeoutMs: 5_000,
  headTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  udpIdleTimeoutMs: 60_000,
  bufferLimitBytes: 512 * 1024 * 1024,
  maxHeadBytes: 64 * 1024,
  via: false,
  upstreamCa: undefined,
  upstreamInsecure: false,
  tlsCert: undefined,
  tlsKey: undefined,
}
