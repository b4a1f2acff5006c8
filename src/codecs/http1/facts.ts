import { authorityFault } from './authority.ts'
import { eachElement } from './fields.ts'
import { DECISIVE_FIELDS, decimal, sameName } from './grammar.ts'
import type { Head } from './message.ts'
import type { ProblemCode } from './problem.ts'

/** Whether a change of this field (lower case) changes the facts of its head. */
export const isFact = (lower: string): boolean => DECISIVE_FIELDS.includes(lower)

/** Finds the facts of a head again from its `fields`; the code of the first problem, if any. */
export function deriveFacts(head: Head): ProblemCode | undefined {
  head.contentLength = -1
  head.chunked = head.close = head.keepAlive = head.upgrade = head.hopByHop = false
  if (head.kind === 'request') {
    head.host = undefined
    head.expectContinue = false
  }
  const { fields } = head
  let problem: ProblemCode | undefined
  let upgrades = false
  for (let index = 0; index < fields.length; index += 2) {
    problem ??= noteField(head, fields[index]!, fields[index + 1]!)
    upgrades ||= sameName(fields[index]!, 'upgrade')
  }
  return problem ?? concludeFacts(head, upgrades)
}

/** Takes in one field; names compare by length first, so that most fields cost one branch. */
export function noteField(head: Head, name: string, value: string): ProblemCode | undefined {
  switch (name.length) {
    case 4: return sameName(name, 'host') ? noteHost(head, value) : undefined
    case 6:
      if (head.kind === 'request' && head.minor === 1 && sameName(name, 'expect') && sameName(value, '100-continue')) head.expectContinue = true
      return undefined
    case 10:
      if (sameName(name, 'connection')) noteConnection(head, value)
      return undefined
    case 14: return sameName(name, 'content-length') ? noteLength(head, value) : undefined
    case 16:
      if (sameName(name, 'proxy-connection')) head.hopByHop = true
      return undefined
    case 17: return sameName(name, 'transfer-encoding') ? noteCoding(head, value) : undefined
    case 19:
      if (sameName(name, 'proxy-authorization')) head.hopByHop = true
      return undefined
    default: return undefined
  }
}

/** What only the whole head shows. `upgrades`: it has an `Upgrade` field. */
export function concludeFacts(head: Head, upgrades: boolean): ProblemCode | undefined {
  if (head.upgrade && (!upgrades || head.minor === 0)) head.upgrade = false
  if (head.chunked) {
    if (head.contentLength >= 0) return 'length-and-chunked'
    if (head.minor === 0) return 'chunked-in-1.0'
  }
  if (head.kind !== 'request') return undefined
  if (head.host === undefined && head.minor === 1) return 'no-host'
  return head.method === 'CONNECT' && (head.chunked || head.contentLength > 0) ? 'connect-with-body' : undefined
}

function noteHost(head: Head, value: string): ProblemCode | undefined {
  if (head.kind !== 'request') return undefined
  if (head.host !== undefined) return 'two-hosts'
  head.host = value
  // Empty is right when the target has no authority (RFC 9112 §3.2).
  return value !== '' && authorityFault(value) ? 'bad-host' : undefined
}

function noteLength(head: Head, value: string): ProblemCode | undefined {
  if (head.contentLength >= 0) return 'repeated-content-length'
  const length = decimal(value)
  if (length < 0) return value.includes(',') ? 'repeated-content-length' : 'bad-content-length'
  head.contentLength = length
  return undefined
}

function noteCoding(head: Head, value: string): ProblemCode | undefined {
  if (head.chunked) return 'te-te'
  if (!sameName(value, 'chunked')) {
    let chunked = 0
    eachElement(value, (element) => { if (sameName(element, 'chunked')) chunked++ })
    return chunked > 1 ? 'te-te' : 'unknown-transfer-coding'
  }
  head.chunked = true
  return undefined
}

function noteConnection(head: Head, value: string): void {
  if (value === 'keep-alive' || value === 'Keep-Alive') head.keepAlive = true
  else if (value === 'close') head.close = true
  else eachElement(value, (element) => { noteOption(head, element) })
}

function noteOption(head: Head, option: string): void {
  if (sameName(option, 'close')) head.close = true
  else if (sameName(option, 'keep-alive')) head.keepAlive = true
  else if (sameName(option, 'upgrade')) head.upgrade = true
  else head.hopByHop = true
}
