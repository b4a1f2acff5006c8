import { existsSync } from 'node:fs'
import type { OpenListener } from '../engine/listener.ts'
import type { Host } from '../kit/host.ts'

/** Files and variables by which container engines can be told; Docker, Podman, Kubernetes, systemd-nspawn. */
const MARKS = ['/.dockerenv', '/run/.containerenv']
const VARIABLES = ['KUBERNETES_SERVICE_HOST', 'container']

/** Inside a container nothing outside reaches loopback: a note when all listeners are bound to it. */
export function containerNote({ env }: Host, listeners: readonly OpenListener[]): string[] {
  if (!MARKS.some(existsSync) && !VARIABLES.some((name) => env[name])) return []
  const isLoopback = (host: string): boolean => host.startsWith('127.') || host === '::1'
  if (!listeners.every(({ addresses }) => addresses.every(({ host }) => isLoopback(host)))) return []
  return ['this looks like a container, and every proxy listens on loopback only: nothing outside can reach it; use --bind 0.0.0.0 and --proxy-address 0.0.0.0:3180']
}
