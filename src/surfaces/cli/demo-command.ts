import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { demoPrelude, startDemo } from '../../demo/server.ts'
import { EXIT, UserError } from '../../kit/errors.ts'
import type { Host } from '../../kit/host.ts'
import { joinHostPort } from '../../kit/ip.ts'
import { readAll } from './declare.ts'
import type { Invocation } from './main.ts'
import { demoSettings, globalSettings } from './options.ts'

/** `fault demo run`: serves until interrupted. */
export async function demoCommand({ host, given, notes }: Invocation): Promise<number> {
  const { logFile } = readAll(globalSettings, given)
  const settings = readAll(demoSettings, given)
  const format = given.get('--explain-config')
  if (format) {
    const { explainConfig } = await import('./explain-config.ts')
    return explainConfig({ host, given }, { settings: { ...globalSettings, ...demoSettings }, faults: [], notes }, format)
  }
  for (const note of notes) host.stderr.write(`note: ${note}\n`)
  const print = (line: string): void => { host.stdout.write(`${line}\n`) }
  const append = logFile === undefined ? undefined : appender(host, logFile)
  const log = (line: string): void => {
    print(line)
    append?.(line)
  }
  const interrupted = Promise.withResolvers<void>()
  const off = host.onInterrupt(() => interrupted.resolve())
  try {
    const demo = await startDemo({ ...settings, env: host.env, clock: host.clock, log })
    print(demoPrelude(`http://${joinHostPort(reachable(demo.address.host), demo.address.port)}`))
    await interrupted.promise
    await demo.close()
  } finally {
    off()
  }
  return EXIT.ok
}

/** What a client on this machine calls the address. */
const reachable = (address: string): string => (['127.0.0.1', '0.0.0.0', '::'].includes(address) ? 'localhost' : address)

/** Tries the file at once, so that a bad path fails before anything listens; later trouble ends the log only. */
function appender({ cwd, stderr }: Pick<Host, 'cwd' | 'stderr'>, name: string): (line: string) => void {
  const file = path.resolve(cwd, name)
  let broken = false
  try {
    appendFileSync(file, '')
  } catch (error) {
    throw new UserError('CANNOT_WRITE', `cannot write to '${name}': ${(error as Error).message}`, { exitCode: EXIT.failed, hint: 'give a path in a folder that exists and may be written to' })
  }
  return (line) => {
    if (broken) return
    try {
      appendFileSync(file, `${line}\n`)
    } catch (error) {
      broken = true
      stderr.write(`warning: cannot write to '${name}' any more (${(error as Error).message})\n`)
    }
  }
}
