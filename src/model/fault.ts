import type { z } from 'zod'
import type { RequestHead, ResponseHead } from '../codecs/http1/message.ts'
import type { Clock } from '../kit/clock.ts'
import type { Draws } from '../kit/rng.ts'
import type { Side, Sink, Stage, StageContext } from './stage.ts'

/** Why a connection to the upstream could not be had; the words of events, `Proxy-Status` and error bodies. */
export type FailureCause =
  | 'nxdomain' | 'servfail' | 'dns-timeout' | 'refused' | 'unreachable' | 'connect-timeout' | 'reset' | 'exhausted'
  | 'tls' | 'tls-certificate' | 'loop' | 'error'

/** What a hook decides. `undefined` is pass. */
export type Verdict =
  | undefined
  | { readonly action: 'delay'; readonly delayMs: number }
  /** Never answers, until the fault goes or the client leaves. */
  | { readonly action: 'hang' }
  | { readonly action: 'fail'; readonly cause: FailureCause; readonly afterMs?: number }
  | { readonly action: 'answer'; readonly head: ResponseHead; readonly body: Buffer }
  | { readonly action: 'reset' }
  | { readonly action: 'close' }

/** At once, or later: the engine bounds the wait and drops the answer when the client has left. */
export type Answer = Verdict | Promise<Verdict>

/** What the hooks that are not stages are given, for one exchange or connection. */
export interface HookContext {
  readonly clock: Clock
  readonly draws: Draws
  readonly side: Side
  readonly target: { readonly host: string; readonly port: number }
  state<T extends object>(make: () => T): T
  applied(askedMs: number, measuredMs: number, bytes: number): void
}

/** Where a fault can act. A listener carries some of them; a fault that none can carry is an error at start. */
export type HookName = 'accept' | 'resolve' | 'connect' | 'tls' | 'request' | 'response' | 'stream'
const HOOK_NAMES: readonly HookName[] = ['accept', 'resolve', 'connect', 'tls', 'request', 'response', 'stream']

/** A documented spelling that the general rule `--NAME-PARAM` / `FAULT_NAME_PARAM` does not give. */
export interface CompatField {
  /** After `--<stem>-`. */
  readonly flag?: string
  /** After `FAULT_<STEM>_`. */
  readonly env?: string
  readonly default?: unknown
}

/** A label with its value in the start-up summary; `flow` stands for side and direction. */
export type Described = 'flow' | readonly [label: string, value: string | number | boolean]

/** The names a fault is known by outside: the documented flags and variables, YAML types, labels of events and reports. */
export interface Compat {
  /** Documented faults show in `--help`; the others in `--help-all`. */
  readonly documented?: boolean
  /** Place in the documented order of the faults; documented flags come before `--fault`. */
  readonly order?: number
  /** After `FAULT_WITH_`, when it is not the name. */
  readonly with?: string
  /** After `FAULT_`, when it is not the name. */
  readonly env?: string
  /** Keys are parameters and envelope fields. */
  readonly fields?: Readonly<Record<string, CompatField>>
  /** Title in the schedule drawing; in the start-up summary and `--tail` too, unless they have their own. */
  readonly title?: string
  readonly summaryTitle?: string
  readonly tailTitle?: string
}

/**
 * Everything there is to know about a fault. Flags, environment variables, YAML and JSON schemas, completions,
 * `fault explain`, the reference and the contract tests come from this value.
 */
export interface FaultSpec<Name extends string = string, Params extends z.ZodObject = z.ZodObject> {
  readonly name: Name
  readonly aliases?: readonly string[]
  /** One sentence, present tense. */
  readonly summary: string
  /** How close the effect is to the real failure. */
  readonly faithful: string
  readonly params: Params
  /** What only the combination of parameters shows: a message for the user, or undefined. */
  readonly check?: (params: z.output<Params>) => string | undefined
  /** The parameter that a bare word sets: `--fault 'latency 200ms'`. */
  readonly primary?: keyof z.output<Params> & string
  /** False: `side` and `direction` mean nothing for it. */
  readonly directional: boolean
  /** What the contract tests hold a stage to. */
  readonly preserves: 'bytes' | 'nothing'
  /** Shown in the documentation and run by the contract tests. */
  readonly examples: readonly [z.input<Params>, ...z.input<Params>[]]
  readonly compat?: Compat
  /** True: acts on serialized bytes, so only on HTTP/1 and tunnels; its stage sits after serialization. */
  raw?(params: z.output<Params>): boolean
  /** The words of the start-up summary, in their order; default: side, direction and `explain`. */
  describe?(params: z.output<Params>, probability: number): readonly Described[]
  /** Names of transport capabilities it cannot do without. */
  needs?(params: z.output<Params>): readonly string[]
  /** One clause for people, such as `adds 300 ms ± 40 ms (normal)`. */
  explain(params: z.output<Params>): string
  accept?(params: z.output<Params>, context: HookContext): Answer
  resolve?(params: z.output<Params>, context: HookContext): Answer
  connect?(params: z.output<Params>, context: HookContext): Answer
  tls?(params: z.output<Params>, context: HookContext): Answer
  request?(params: z.output<Params>, context: HookContext, head: RequestHead): Answer
  response?(params: z.output<Params>, context: HookContext, request: RequestHead, response: ResponseHead): Answer
  stream?(params: z.output<Params>, context: StageContext, next: Sink): Stage
}

/** A fault as the engine and the surfaces hold it, whatever its parameters are. */
export type AnyFault = FaultSpec<string, z.ZodObject>

export function defineFault<const Name extends string, Params extends z.ZodObject>(spec: FaultSpec<Name, Params>): FaultSpec<Name, Params> {
  return spec
}

export function hooksOf(spec: AnyFault): HookName[] {
  return HOOK_NAMES.filter((name) => spec[name] !== undefined)
}
