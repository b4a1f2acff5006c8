import { EXIT, UserError } from '../kit/errors.ts'
import { askAcceptance } from './acceptance.ts'
import type { Engine } from './engine.ts'
import type { ProtocolSpec, Service } from './protocol.ts'
import { ListenError, type Address, type Listener, type Wire } from './wire/wire.ts'

export interface OpenListener {
  readonly service: Service
  readonly protocol: ProtocolSpec
  readonly addresses: readonly Address[]
  /** No new connections; those that are open stay. */
  close(): void
}

/** Where to listen: one literal address, or both loopback families for a bare port. */
export type ListenAt = { readonly host: string; readonly port: number } | { readonly loopback: true; readonly port: number }

const BACKLOG = 4096
const KEEP_ALIVE_MS = 60_000
const PORT_TRIES = 5

/** The machine has no such family or address. */
const ABSENT = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'ENETUNREACH'])

export async function openListener(engine: Engine, service: Service, protocol: ProtocolSpec, at: ListenAt): Promise<OpenListener> {
  const parts = 'loopback' in at ? await openLoopback(engine, service, protocol, at.port) : [await openOne(engine, service, protocol, at)]
  return {
    service, protocol,
    addresses: parts.map(({ address }) => address),
    close: () => { for (const part of parts) part.close() },
  }
}

interface Part { readonly address: Address; close(): void }

/** The same port on 127.0.0.1 and, where the machine has it, on [::1]. */
async function openLoopback(engine: Engine, service: Service, protocol: ProtocolSpec, port: number): Promise<Part[]> {
  for (let attempt = 1; ; attempt++) {
    const four = await openOne(engine, service, protocol, { host: '127.0.0.1', port })
    try {
      return [four, await openOne(engine, service, protocol, { host: '::1', port: four.address.port })]
    } catch (error) {
      if (error instanceof UserError && ABSENT.has(String(error.cause))) return [four]
      four.close()
      if (port !== 0 || attempt === PORT_TRIES) throw error
    }
  }
}

async function openOne(engine: Engine, service: Service, protocol: ProtocolSpec, address: Address): Promise<Part> {
  try {
    if (protocol.serveDatagrams) {
      const socket = await engine.transport.datagrams({ ...address, ipv6Only: address.host.includes(':') })
      const stop = protocol.serveDatagrams(engine, service, socket)
      return { address: socket.address, close: () => { stop(); socket.close() } }
    }
    const onExhausted = exhaustionNotice(engine, service)
    const accept = (wire: Wire): void => accepted(engine, service, protocol, wire)
    const listener: Listener = await engine.transport.listen({ ...address, backlog: BACKLOG, ipv6Only: address.host.includes(':'), keepAliveMs: KEEP_ALIVE_MS, onExhausted }, accept)
    return listener
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    throw new UserError('CANNOT_LISTEN', error.message, { exitCode: EXIT.failed, cause: error.code, hint: hintFor(service, error.code) })
  }
}

function accepted(engine: Engine, service: Service, protocol: ProtocolSpec, wire: Wire): void {
  const id = engine.connections.nextId()
  const openedAtMs = engine.clock.now()
  if (engine.bus.isListening) engine.bus.emit('connection.opened', { connection: id, proxy: service.name, client: `${wire.remote.host}:${wire.remote.port}` })
  const incoming = { engine, service, wire, id, openedAtMs }
  askAcceptance(incoming, () => protocol.serve!(incoming))
}

function exhaustionNotice({ bus }: Engine, { name }: Service): () => void {
  let said = false
  return () => {
    if (said) return
    said = true
    bus.emit('notice', { level: 'warning', code: 'OUT_OF_DESCRIPTORS', message: `${name}: no file descriptor is left, so new connections wait; raise the limit (ulimit -n)` })
  }
}

function hintFor({ mapping }: Service, code: string): string {
  if (code === 'EACCES') return 'ports below 1024 need privileges; choose a higher one'
  if (code !== 'EADDRINUSE') return 'listen on an address of this machine, such as 127.0.0.1'
  return mapping ? 'stop what listens there, or map another port; port 0 picks a free one' : 'stop what listens there, or choose another address with --proxy-address'
}
