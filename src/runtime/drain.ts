import type { Connections } from '../engine/connections.ts'
import type { Clock } from '../kit/clock.ts'

const LOOK_EVERY_MS = 50
/** A raw connection that moved nothing for this long between two looks is not in the middle of anything. */
const QUIET_MS = 200

/** Lets what is under way finish, closes what is quiet, and cuts the rest when the time is up. */
export function drain(connections: Connections, clock: Clock, limitMs: number): Promise<void> {
  const startedAt = clock.now()
  const moved = new Map<number, { bytes: number; atMs: number }>()
  for (const connection of connections.list()) connection.drain()
  return new Promise((resolve) => {
    const look = (): void => {
      const now = clock.now()
      for (const connection of connections.list()) {
        const bytes = connection.bytesUp + connection.bytesDown
        const last = moved.get(connection.id)
        if (!last || last.bytes !== bytes || connection.isBusy) moved.set(connection.id, { bytes, atMs: now })
        else if (now - last.atMs >= QUIET_MS) connection.close()
        if (now - startedAt >= limitMs) connection.close()
      }
      if (connections.size === 0) resolve()
      else clock.setTimer(LOOK_EVERY_MS, look)
    }
    look()
  })
}
