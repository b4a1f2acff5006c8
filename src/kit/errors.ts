/** Exit codes of the command line (0 success, 1 could not be done, 2 wrong usage, 3 inconclusive). */
export const EXIT = { ok: 0, failed: 1, usage: 2, inconclusive: 3, interrupted: 130 } as const

export interface UserErrorOptions {
  /** What to do next, one line. */
  readonly hint?: string | undefined
  readonly exitCode?: number
  readonly cause?: unknown
}

/** Something the user can act on: printed as `error:` and `hint:`, never with a stack. Anything else thrown is a bug. */
export class UserError extends Error {
  override readonly name = 'UserError'
  /** Stable, upper snake case, for programs. */
  readonly code: string
  readonly exitCode: number
  readonly hint: string | undefined

  constructor(code: string, message: string, options: UserErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.exitCode = options.exitCode ?? EXIT.usage
    this.hint = options.hint
  }
}
