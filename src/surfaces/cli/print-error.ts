import { EXIT, UserError } from '../../kit/errors.ts'
import type { Host } from '../../kit/host.ts'

/**
 * `error:` and `hint:` on standard error; the exit code. What is no UserError is a bug of ours: its stack, and a request
 * to report it.
 */
export function printError({ stderr }: Pick<Host, 'stderr'>, error: unknown, useColor: boolean): number {
  const label = (text: string, code: number): string => (useColor ? `\u001b[1;${code}m${text}\u001b[0m` : text)
  if (!(error instanceof UserError)) {
    const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error)
    stderr.write(`${label('error:', 31)} this is a bug in fault, not in what you did\n${harmless(stack)}\n${label('hint:', 36)} please report it with the lines above and the command line\n`)
    return EXIT.failed
  }
  stderr.write(`${label('error:', 31)} ${harmless(error.message)}\n`)
  if (error.hint !== undefined) stderr.write(`${label('hint:', 36)} ${harmless(error.hint)}\n`)
  return error.exitCode
}

/** A text from outside may hold control characters that a terminal would obey. */
function harmless(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (char) => (char === '\n' ? char : ' '))
}
