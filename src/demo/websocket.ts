import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RawData, WebSocket, WebSocketServer } from 'ws'
import { BODY_MAX_BYTES } from './answers.ts'

/** Above this a client that sends and does not read is not read from either. */
const UNREAD_MAX_BYTES = 1024 * 1024

interface WebSocketEcho {
  /** Takes the connection over and sends every message back as it came; `opened` is called once the handshake is answered. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, opened: () => void): Promise<void>
}

export function createWebSocketEcho(): WebSocketEcho {
  let echoes: WebSocketServer | undefined
  return {
    async accept(request, socket, head, opened) {
      const { WebSocketServer } = await import('ws')
      echoes ??= new WebSocketServer({ noServer: true, maxPayload: BODY_MAX_BYTES })
      echoes.handleUpgrade(request, socket, head, (client) => {
        echo(client)
        opened()
      })
    },
  }
}

function echo(client: WebSocket): void {
  const sent = (): void => {
    if (client.isPaused && client.bufferedAmount <= UNREAD_MAX_BYTES) client.resume()
  }
  client.on('message', (data: RawData, binary: boolean) => {
    client.send(Array.isArray(data) ? Buffer.concat(data) : data, { binary }, sent)
    if (client.bufferedAmount > UNREAD_MAX_BYTES) client.pause()
  })
  // What ends one connection (a broken frame, a reset) is of no interest to the others.
  client.on('error', () => {})
}
