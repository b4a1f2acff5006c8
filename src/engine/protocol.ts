import type { HookName } from '../model/fault.ts'
import type { Mapping } from '../model/mapping.ts'
import type { SchemeSpec } from '../model/protocol.ts'
import type { UpstreamTls } from './dialer.ts'
import type { Engine } from './engine.ts'
import type { Wire } from './wire/wire.ts'
import type { DatagramSocket } from './wire/wire.ts'

/** Certificates for the client's side, PEM. */
export interface ClientTls { readonly cert: string; readonly key: string }

/** The settings of one listener. */
export interface Service {
  /** Name for keys, events and matches. */
  readonly name: string
  /** Absent: the HTTP forward proxy, whose target comes from the request. */
  readonly mapping: Mapping | undefined
  readonly upstreamTls: UpstreamTls
  readonly clientTls: ClientTls | undefined
  /** `host:port` under which clients may name the listener itself. */
  readonly isOwnName: (host: string, port: number) => boolean
}

/** A connection just accepted, with what its listener knows. */
export interface Incoming {
  readonly engine: Engine
  readonly service: Service
  readonly wire: Wire
  readonly id: number
  readonly openedAtMs: number
  /** Bytes already read from the wire. */
  readonly first?: Buffer
}

/** One protocol that a listener can speak. */
export interface ProtocolSpec {
  readonly name: string
  readonly summary: string
  /** Words before `://` in a mapping that choose it. */
  readonly schemes: readonly Omit<SchemeSpec, 'protocol'>[]
  /** Where faults can act on its traffic; a note says what cannot be reached. */
  readonly carries: readonly HookName[]
  /** Said at start, whatever the faults are. */
  readonly limits?: string
  /** A part of its traffic where fewer faults can act, in words that follow `but not`. */
  readonly blind?: { readonly where: string; readonly carries: readonly HookName[] }
  /** True for the protocol of the listener that has no mapping. */
  readonly isForward?: boolean
  /** Takes over an accepted connection. */
  serve?(incoming: Incoming): void
  /** Takes over a datagram socket; the returned function ends it. */
  serveDatagrams?(engine: Engine, service: Service, socket: DatagramSocket): () => void
}

export const defineProtocol = (spec: ProtocolSpec): ProtocolSpec => spec
