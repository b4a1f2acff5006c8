import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../kit/clock.ts'
import type { Answer } from './answers.ts'
import type { OutgoingCalls } from './outgoing.ts'

/** What the handlers of one demo share. */
export interface Services {
  readonly clock: Clock
  /** Paces `/stream` and `/slow`. */
  readonly dripClock: Clock
  readonly outgoing: OutgoingCalls
  /** What `/ping` calls. */
  readonly pingUrl: URL
  /** This server, on the port it really has. */
  readonly ownUrl: URL
}

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** As it was sent: not decoded. */
  readonly path: string
  readonly query: URLSearchParams
  /** What stands for `:code` in the path of the route. */
  readonly parameter: string
  readonly services: Services
  /** Aborted when the client's connection is gone. */
  readonly left: AbortSignal
}

/** Returns its answer, or has sent it itself. */
export type Handler = (exchange: Exchange) => Answer | Promise<Answer | void>
