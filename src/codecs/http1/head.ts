import { concludeFacts, noteField } from './facts.ts'
import { FieldLines, trimmed } from './fields.ts'
import { sameName } from './grammar.ts'
import { RequestHead, ResponseHead } from './message.ts'
import type { Head } from './message.ts'
import { httpProblem } from './problem.ts'
import type { HttpProblem, ProblemCode } from './problem.ts'
import { Section, type MarkedNames } from './section.ts'
import { targetProblem } from './target.ts'

const DEFAULT_MAX_BYTES = 65536

/**
 * Reads the heads of one direction of a connection, one after the other (RFC 9112 §2–§6, strict). A head that lies in one
 * piece of input is not copied. Bad input is a value, never an exception, and the same one however the bytes are cut.
 */
export class HeadReader<Kind extends Head['kind'] = Head['kind']> {
  /** How many bytes of the last `read` were used; what follows is the body or the next message. */
  consumed = 0
  readonly #kind: Kind
  readonly #section: Section
  readonly #noticed: readonly string[]
  #problem: HttpProblem | undefined

  /** `noticed`: names whose fields a request head is to have at hand. */
  constructor(kind: Kind, maxBytes: number = DEFAULT_MAX_BYTES, noticed?: MarkedNames) {
    this.#kind = kind
    this.#section = new Section(kind, maxBytes, noticed)
    this.#noticed = noticed?.names ?? NONE
  }

  /** Bytes of an incomplete head, copied from earlier reads; 0 between messages. */
  get heldBytes(): number {
    return this.#section.heldBytes
  }

  /** Looks at `bytes[start, end)`: a head, a problem (which stays until `reset`), or undefined when more is needed. */
  read(bytes: Buffer, start = 0, end: number = bytes.length): Extract<Head, { kind: Kind }> | HttpProblem | undefined {
    if (this.#problem !== undefined) return this.#problem
    const section = this.#section
    const progress = section.take(bytes, start, end)
    this.consumed = section.consumed
    if (progress === 'more') return undefined
    if (progress === 'problem') return this.#refuse(section.problem)
    const head = this.#kind === 'request' ? requestHead(section, this.#noticed) : responseHead(section)
    section.reset()
    return typeof head === 'string' ? this.#refuse(head) : head as Extract<Head, { kind: Kind }>
  }

  /** Forgets a head half read, and a problem. */
  reset(): void {
    this.#section.reset()
    this.#problem = undefined
  }

  #refuse(problem: ProblemCode): HttpProblem {
    this.#section.reset()
    this.#problem = httpProblem(problem, this.#kind)
    return this.#problem
  }
}

const NONE: readonly string[] = []

function requestHead(section: Section, noticed: readonly string[]): RequestHead | ProblemCode {
  const { text, methodEnd, targetEnd } = section
  const lines = new FieldLines(undefined, text, section.fieldsAt)
  const head = new RequestHead(text.substring(0, methodEnd), text.substring(methodEnd + 1, targetEnd), section.minor, lines)
  head.length = text.length
  if (noticed.length > 0) notice(head, section, noticed)
  return noteMarks(head, section) ?? targetProblem(head.method, head.target) ?? head
}

function notice(head: RequestHead, { text, marks, markCount }: Section, noticed: readonly string[]): void {
  for (let at = 0; at < markCount * 4; at += 4) {
    const length = marks[at + 1]! - marks[at]!
    for (const name of noticed) {
      if (name.length !== length || !sameName(text.substring(marks[at]!, marks[at + 1]), name)) continue
      (head.noticed ??= []).push(name, trimmed(text, marks[at + 2]!, marks[at + 3]!))
    }
  }
}

function responseHead(section: Section): ResponseHead | ProblemCode {
  const { text, fieldsAt } = section
  const status = (text.charCodeAt(9) - 48) * 100 + (text.charCodeAt(10) - 48) * 10 + text.charCodeAt(11) - 48
  const reason = text.slice(13, fieldsAt - 2)
  const head = new ResponseHead(status, reason, section.minor, new FieldLines(undefined, text, fieldsAt))
  head.length = text.length
  head.bare = fieldsAt === 14
  return noteMarks(head, section) ?? head
}

function noteMarks(head: Head, section: Section): ProblemCode | undefined {
  const { text, marks } = section
  let upgrades = false
  for (let at = 0; at < section.markCount * 4; at += 4) {
    const name = text.substring(marks[at]!, marks[at + 1])
    const problem = noteField(head, name, trimmed(text, marks[at + 2]!, marks[at + 3]!))
    if (problem !== undefined) return problem
    upgrades ||= sameName(name, 'upgrade')
  }
  return concludeFacts(head, upgrades)
}
