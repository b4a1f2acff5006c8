/** One word before `://` in a mapping, and what it says about the upstream. */
export interface SchemeSpec {
  readonly scheme: string
  /** The protocol that serves it. */
  readonly protocol: string
  /** Default port; absent: the port must be given. */
  readonly port?: number
  /** The connection to the upstream is TLS. */
  readonly tls: boolean
  /** Its traffic is datagrams, which have no TLS of this kind. */
  readonly datagrams?: true
  /** TLS begins by the protocol's own request instead of at once. */
  readonly upgrade?: 'postgres'
}
