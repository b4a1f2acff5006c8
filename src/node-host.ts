import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { systemClock } from './kit/clock.ts'
import type { Host } from './kit/host.ts'

/** The outside world of a Node process. */
export function nodeHost(own: NodeJS.Process): Host {
  const { argv, env, platform: os, arch, versions, stdin, stdout, stderr } = own
  return {
    argv: argv.slice(2),
    env,
    cwd: own.cwd(),
    platform: { os, arch, nodeVersion: versions.node, bun: 'bun' in versions, container: isContainer(env) },
    stdin, stdout, stderr,
    clock: systemClock,
    wallTime: () => Date.now(),
    entropy: () => randomBytes(4).readUInt32LE(),
    onInterrupt(handle) {
      const signals = ['SIGINT', 'SIGTERM'] as const
      const handlers = signals.map((signal) => [signal, () => handle(signal)] as const)
      for (const [signal, told] of handlers) own.on(signal, told)
      return () => { for (const [signal, told] of handlers) own.off(signal, told) }
    },
    abort: (exitCode) => own.exit(exitCode),
  }
}

/** What Docker, Podman, Kubernetes and systemd-nspawn leave to be seen. */
const isContainer = (env: NodeJS.ProcessEnv): boolean =>
  ['/.dockerenv', '/run/.containerenv'].some((mark) => existsSync(mark)) || ['KUBERNETES_SERVICE_HOST', 'container'].some((name) => Boolean(env[name]))
