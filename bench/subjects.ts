import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { faultCommand, type FaultUse } from './command.ts'
import { tool, untilListening, type Child, type Children } from './children.ts'
import { descriptorLimit } from './proc.ts'

export type Target = 'echo' | 'bulk' | 'origin'

/** What every part of a run shares. */
export interface Bench {
  readonly children: Children
  readonly freePort: () => Promise<number>
  /** Ports of the servers behind all proxies. */
  readonly servers: Readonly<Record<Target, number>>
  /** The words that start `fault`. */
  readonly program: readonly string[]
  /** Where configurations go; removed at the end. */
  readonly folder: string
  readonly rounds: number
  readonly seconds: number
  readonly quick: boolean
  readonly signal: AbortSignal
  progress(text: string): void
}

/** A subject at work. No child: the server itself is measured. */
export interface Running {
  readonly port: number
  readonly child?: Child
  /** HOST:PORT to ask for with CONNECT. */
  readonly tunnel?: string
}

export interface Subject {
  readonly name: string
  start(bench: Bench): Promise<Running>
}

export async function startServers(children: Children, freePort: () => Promise<number>): Promise<Record<Target, number>> {
  const ports = { echo: await freePort(), bulk: await freePort(), origin: await freePort() }
  for (const words of [['echo', ports.echo], ['bulk', 'serve', ports.bulk], ['origin', ports.origin]]) {
    const child = children.start([tool(String(words[0])), ...words.slice(1).map(String)])
    await untilListening(child, Number(words.at(-1)))
  }
  return ports
}

export function direct(target: Target): Subject {
  return { name: 'direct', start: async (bench) => ({ port: bench.servers[target] }) }
}

/** One thread, no log, no checks; an HTTP proxy that keeps connections on both sides when the target is the origin. */
export function haproxy(name: string, target: Target): Subject {
  return {
    name,
    async start(bench) {
      const port = await bench.freePort()
      const file = path.join(bench.folder, `haproxy-${port}.cfg`)
      writeFileSync(file, haproxyConfiguration(port, bench.servers[target], target === 'origin' ? 'http' : 'tcp'))
      return listening(bench, port, ['haproxy', '-db', '-f', file])
    },
  }
}

/** The hand-written relay on node:net. */
export function handWritten(target: Target): Subject {
  return {
    name: 'node:net by hand',
    async start(bench) {
      const port = await bench.freePort()
      const file = fileURLToPath(import.meta.resolve('./link.mjs'))
      return listening(bench, port, [process.execPath, file, String(port), String(bench.servers[target])])
    },
  }
}

export function mapping(name: string, target: Target, use: Pick<FaultUse, 'transport' | 'faults'>): Subject {
  return {
    name,
    async start(bench) {
      const port = await bench.freePort()
      return listening(bench, port, faultCommand(bench.program, { ...use, listen: port, target: bench.servers[target] }))
    },
  }
}

export function forward(name: string, use: Pick<FaultUse, 'transport' | 'faults'>): Subject {
  return {
    name,
    async start(bench) {
      const port = await bench.freePort()
      return listening(bench, port, faultCommand(bench.program, { ...use, listen: port }))
    },
  }
}

/** The echo server through CONNECT. */
export function tunnel(name: string): Subject {
  const subject = forward(name, { transport: 'epoll' })
  return { name, start: async (bench) => ({ ...await subject.start(bench), tunnel: `127.0.0.1:${bench.servers.echo}` }) }
}

async function listening(bench: Bench, port: number, words: readonly string[]): Promise<Running> {
  const child = bench.children.start(words)
  await untilListening(child, port)
  return { port, child }
}

function haproxyConfiguration(port: number, target: number, mode: 'tcp' | 'http'): string {
  const connections = Math.min(20_000, Math.floor((descriptorLimit() - 200) / 2))
  return `global
  nbthread 1
  maxconn ${connections}
defaults
  mode ${mode}
  maxconn ${connections}
  timeout connect 5s
  timeout client 10m
  timeout server 10m
${mode === 'http' ? '  timeout http-request 30s\n  timeout http-keep-alive 60s\n  option http-keep-alive\n' : ''}listen bench
  bind 127.0.0.1:${port}
  server target 127.0.0.1:${target}
`
}
