import { networkInterfaces } from 'node:os'
import { formatIp, parseIp, unmapped } from '../kit/ip.ts'

/** True when a connection to `address` arrives at a socket bound to `own`. Both numeric; a socket has one family. */
export function arrivesAt(address: string, own: string): boolean {
  if (address === own) return true
  const to = plain(address)
  const bound = plain(own)
  if (!to || !bound || to.length !== bound.length) return false
  if (formatIp(to) === formatIp(bound)) return true
  // A connection to no address in particular is made to the machine itself.
  if (isUnspecified(to)) return isUnspecified(bound) || isLoopback(bound)
  return isUnspecified(bound) && (isLoopback(to) || isLocal(to))
}

function plain(text: string): Uint8Array | undefined {
  const bytes = parseIp(text)
  return bytes && unmapped(bytes)
}

export function isUnspecified(bytes: Uint8Array): boolean { return bytes.every((byte) => byte === 0) }

/** 127.0.0.0/8 or ::1. */
function isLoopback(bytes: Uint8Array): boolean {
  return bytes.length === 4 ? bytes[0] === 127 : bytes[15] === 1 && bytes.subarray(0, 15).every((byte) => byte === 0)
}

function isLocal(bytes: Uint8Array): boolean {
  const wanted = formatIp(bytes)
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => {
    const own = parseIp(address)
    return own !== undefined && formatIp(own) === wanted
  }))
}
