import type { OpenListener } from '../engine/listener.ts'
import type { Host } from '../kit/host.ts'

/** Inside a container nothing outside reaches loopback: a note when all listeners are bound to it. */
export function containerNote({ platform }: Host, listeners: readonly OpenListener[]): string[] {
  if (!platform.container || !listeners.every(({ addresses }) => addresses.every(({ host }) => isLoopback(host)))) return []
  return ['this is a container, and every proxy listens on loopback only: nothing outside can reach it; use --bind 0.0.0.0 and --proxy-address 0.0.0.0:3180']
}

const isLoopback = (host: string): boolean => host.startsWith('127.') || host === '::1'
