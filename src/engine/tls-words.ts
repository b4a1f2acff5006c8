const NO_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'])

/** Why TLS failed, in one line, without OpenSSL's numbers and places in its code, and without advice on how to run Node. */
export function tlsWords({ code, message }: { readonly code: string; readonly message: string }): string {
  if (NO_TLS.has(code)) return 'it does not answer in TLS'
  const reason = /(?:^|:)error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(message)?.[1] ?? message.split('; ', 1)[0]!
  return reason.replaceAll(/\s+/g, ' ').trim()
}

/** True for what is wrong with the peer's certificate, as against the protocol. */
export const isCertificateProblem = (code: string): boolean => /CERT|SELF_SIGNED|ISSUER|ALTNAME|HOSTNAME_MISMATCH|CRL/.test(code)
