import type { Address } from '../wire.ts'
import { linux, type Libc } from './libc.ts'

/** Large enough for IPv6. */
export const SOCKADDR_BYTES = 28
const SCOPE_OFFSET = 24

/** Undefined when this is no numeric address with a port, or its zone (`fe80::1%eth0`) is not one of this machine. */
export function encodeAddress(libc: Libc, { host, port }: Address): Buffer | undefined {
  if (!(port >= 0 && port <= 65535)) return undefined
  const v6 = host.includes(':')
  const family = v6 ? linux.AF_INET6 : linux.AF_INET
  const bytes = Buffer.alloc(v6 ? SOCKADDR_BYTES : 16)
  bytes.writeUInt16LE(family, 0)
  bytes.writeUInt16BE(port, 2)
  const percent = v6 ? host.indexOf('%') : -1
  if (percent < 0) return libc.inet_pton(family, host, bytes.subarray(v6 ? 8 : 4)) === 1 ? bytes : undefined
  const scope = scopeOf(libc, host.slice(percent + 1))
  bytes.writeUInt32LE(scope, SCOPE_OFFSET)
  return scope > 0 && libc.inet_pton(family, host.slice(0, percent), bytes.subarray(8)) === 1 ? bytes : undefined
}

function scopeOf(libc: Libc, zone: string): number {
  return /^\d{1,9}$/.test(zone) ? Number(zone) : libc.if_nametoindex(zone)
}

const text = Buffer.alloc(64)
export function decodeAddress(libc: Libc, bytes: Buffer): Address {
  const port = bytes.readUInt16BE(2)
  if (bytes.readUInt16LE(0) === linux.AF_INET) return { host: `${bytes[4]}.${bytes[5]}.${bytes[6]}.${bytes[7]}`, port }
  const host = libc.inet_ntop(linux.AF_INET6, bytes.subarray(8), text, text.length) as string
  const scope = bytes.readUInt32LE(SCOPE_OFFSET)
  return { host: scope > 0 ? `${host}%${libc.if_indextoname(scope, text) ?? scope}` : host, port }
}

export function nameOf(libc: Libc, fd: number, side: 'getsockname' | 'getpeername'): Address {
  const bytes = Buffer.alloc(SOCKADDR_BYTES)
  const length = Buffer.from([SOCKADDR_BYTES, 0, 0, 0])
  return libc[side](fd, bytes, length) === 0 ? decodeAddress(libc, bytes) : { host: '', port: 0 }
}
