import { randomBytes } from 'node:crypto'
import { systemClock } from './kit/clock.ts'
import type { Host } from './kit/host.ts'
import { lazyBuiltins } from './lazy-builtins.ts'
import { main } from './surfaces/cli/main.ts'

const host: Host = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  platform: { os: process.platform, arch: process.arch, nodeVersion: process.versions.node, bun: 'bun' in process.versions },
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  wallTime: () => Date.now(),
  entropy: () => randomBytes(4).readUInt32LE(),
  onInterrupt(handle) {
    const signals = ['SIGINT', 'SIGTERM'] as const
    const handlers = signals.map((signal) => [signal, () => handle(signal)] as const)
    for (const [signal, told] of handlers) process.on(signal, told)
    return () => { for (const [signal, told] of handlers) process.off(signal, told) }
  },
  abort: (exitCode) => process.exit(exitCode),
}

// A reader that goes away (`fault … | head`) is no reason to die.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {})

process.exitCode = await main(host, lazyBuiltins)
