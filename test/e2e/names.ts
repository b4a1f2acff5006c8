import dgram from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createResolver, type Resolver } from '../../src/engine/resolver.ts'
import { systemClock } from '../../src/kit/clock.ts'

const HEADER_BYTES = 12
const TYPE_A = 1

export interface NameServer {
  /** Asks this server and nobody else. */
  readonly resolver: Resolver
  /** The first question has come. */
  readonly asked: Promise<unknown>
}

/** A name server that answers every question for IPv4 with 127.0.0.1 after `delayMs`, others with nothing; without a delay it is mute. */
export async function nameServer(t: TestContext, delayMs?: number): Promise<NameServer> {
  const socket = dgram.createSocket('udp4')
  let open = true
  t.after(() => { open = false; socket.close() })
  if (delayMs !== undefined) socket.on('message', (question, { port, address }) => {
    setTimeout(() => { if (open) socket.send(answerTo(question), port, address) }, delayMs)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    resolver: createResolver({ clock: systemClock, hostsFile: undefined, servers: [`127.0.0.1:${socket.address().port}`] }),
    asked: once(socket, 'message'),
  }
}

/** RFC 1035 §4.1: the question again, and a record that points to its name. */
function answerTo(question: Buffer): Buffer {
  let end = HEADER_BYTES
  while (question[end]! > 0) end += question[end]! + 1
  end += 5
  const isA = question.readUInt16BE(end - 4) === TYPE_A
  const header = Buffer.from(question.subarray(0, HEADER_BYTES))
  header.writeUInt16BE(0x8180, 2)
  header.writeUInt16BE(isA ? 1 : 0, 6)
  header.writeUInt16BE(0, 10)
  const record = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1])
  return Buffer.concat([header, question.subarray(HEADER_BYTES, end), ...(isA ? [record] : [])])
}

/** Knows the lines of a hosts file. */
export function hostsResolver(t: TestContext, lines: readonly string[]): Resolver {
  const folder = mkdtempSync(join(tmpdir(), 'fault-e2e-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'hosts'), lines.join('\n'))
  return createResolver({ clock: systemClock, hostsFile: join(folder, 'hosts') })
}
