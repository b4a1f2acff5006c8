import { isIp } from '../../kit/ip.ts'
import { CLASS, COLON, DIGIT, HOST } from './grammar.ts'

/** Where a connection goes. */
export interface Authority {
  /** Without brackets when IPv6. */
  readonly host: string
  /** -1: none given. */
  readonly port: number
}

const MAX_PORT = 65535

/** True unless the text is `host`, `host:port`, `host:` or the same with a bracketed IPv6 literal; allocates nothing for names. */
export function authorityFault(text: string): boolean {
  const end = hostEnd(text)
  return end <= 0 || portFault(text, end)
}

/** The parts of an authority without user information; undefined when it is not one. Port 0 is nowhere. */
export function parseAuthority(text: string): Authority | undefined {
  const end = hostEnd(text)
  if (end <= 0 || portFault(text, end)) return undefined
  const host = text.charCodeAt(0) === 91 ? text.substring(1, end - 1) : text.substring(0, end)
  if (end + 1 >= text.length) return { host, port: -1 }
  const port = Number(text.substring(end + 1))
  return port === 0 ? undefined : { host, port }
}

/** Where the host ends; 0 when there is none, -1 when it is malformed. */
function hostEnd(text: string): number {
  if (text.charCodeAt(0) === 91) {
    const close = text.indexOf(']')
    return close > 0 && isIPv6(text.substring(1, close)) ? close + 1 : -1
  }
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code > 127 || (CLASS[code]! & HOST) === 0) break
    at++
  }
  return at
}

function portFault(text: string, start: number): boolean {
  if (start === text.length) return false
  if (text.charCodeAt(start) !== COLON) return true
  let port = 0
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127 || (CLASS[code]! & DIGIT) === 0) return true
    port = port * 10 + code - 48
    if (port > MAX_PORT) return true
  }
  return false
}

/** A zone means something on one machine only, so it has no place in a message (RFC 9844). */
const isIPv6 = (text: string): boolean => isIp(text) === 6 && !text.includes('%')
