import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate { readonly cert: string; readonly key: string }

/** A certificate that signs itself, made by openssl. */
export function makeCertificate(names = 'DNS:localhost,IP:127.0.0.1', { days = 2 } = {}): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'wire-'))
  try {
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(folder, 'key'), '-out', join(folder, 'cert'),
      '-subj', '/CN=wire test', '-addext', `subjectAltName=${names}`, '-days', String(days),
    ], { stdio: 'ignore' })
    return { cert: readFileSync(join(folder, 'cert'), 'utf8'), key: readFileSync(join(folder, 'key'), 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
