import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate { readonly cert: string; readonly key: string }

const configOf = (names: string) => `
[ca]
default_ca = this
[this]
new_certs_dir = .
database = index
serial = serial
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = CA:TRUE
subjectAltName = ${names}
[req]
distinguished_name = name
[name]
`

/** A certificate that signs itself, made by openssl, valid until 2049 or expired in 2020. */
export function makeCertificate({ names = 'DNS:localhost,IP:127.0.0.1', expired = false } = {}): Certificate {
  const cwd = mkdtempSync(join(tmpdir(), 'wire-'))
  const openssl = (...args: string[]) => execFileSync('openssl', [...args, '-config', 'config'], { cwd, stdio: 'ignore' })
  try {
    writeFileSync(join(cwd, 'config'), configOf(names))
    writeFileSync(join(cwd, 'index'), '')
    writeFileSync(join(cwd, 'serial'), '01')
    openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key', '-out', 'request', '-subj', '/CN=wire test')
    const [from, to] = expired ? ['20200101000000Z', '20200201000000Z'] : ['20200101000000Z', '20490101000000Z']
    openssl('ca', '-batch', '-selfsign', '-notext', '-keyfile', 'key', '-in', 'request', '-out', 'cert', '-startdate', from, '-enddate', to)
    return { cert: readFileSync(join(cwd, 'cert'), 'utf8'), key: readFileSync(join(cwd, 'key'), 'utf8') }
  } finally {
    rmSync(cwd, { recursive: true })
  }
}
