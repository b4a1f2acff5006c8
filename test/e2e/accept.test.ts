import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineFault, type Answer, type AnyFault } from '../../src/model/fault.ts'
import { rig, transports } from '../helpers/rig.ts'
import { laneProxies } from './lanes.ts'
import { connect, eventually, serve, type Peer } from './peers.ts'

const echo = (peer: Peer): void => { peer.socket.on('data', (bytes: Buffer) => peer.write(bytes)) }

/** A fault that is asked as a connection comes, in every protocol. */
const doorkeeper = (accept: () => Answer): AnyFault => defineFault({
  name: 'doorkeeper', summary: 'Decides at the door.', faithful: 'It is made for this test.', params: z.strictObject({}),
  directional: false, preserves: 'nothing', examples: [{}], explain: () => 'decides at the door', accept,
})

const entry = (accept: () => Answer) => ({ spec: doorkeeper(accept), params: {}, envelope: {}, source: { type: 'doorkeeper' } })

for (const transport of transports) for (const proxy of ['raw', 'http']) {
  test(`${transport}, ${proxy}: a connection turned away at the door ends with one terminal event, and its upstream hears nothing`, async (t) => {
    let reached = 0
    const upstream = await serve(t, () => { reached++ })
    const { runtime, port, until, told } = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    for (const action of ['reset', 'close'] as const) {
      await runtime.apply([entry(() => ({ action }))])
      const client = await connect(t, port(proxy))
      client.socket.on('error', () => {})
      client.socket.resume()
      await until('connection.closed', ({ connection }) => connection === told('connection.opened').length)
      await runtime.apply([])
    }
    assert.deepEqual(told('connection.closed').map(({ reason }) => reason), ['fault', 'fault'])
    assert.deepEqual([reached, runtime.connections().length], [0, 0])
  })
}

for (const transport of transports) {
  test(`${transport}: a connection held at the door is seen, and served when the fault goes`, async (t) => {
    const upstream = await serve(t, echo)
    const { runtime, port } = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    await runtime.apply([entry(() => ({ action: 'hang' }))])
    const client = await connect(t, port('raw'))
    client.write('ping')
    await eventually('the connection is listed', () => runtime.connections().length === 1)
    await runtime.apply([])
    await client.until(4)
    assert.equal(runtime.connections().length, 1)
  })

  test(`${transport}: a connection held at the door does not hold up the end`, async (t) => {
    const upstream = await serve(t, echo)
    const { runtime, port, told } = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    await runtime.apply([entry(() => ({ action: 'hang' }))])
    const client = await connect(t, port('raw'))
    client.socket.resume()
    await eventually('the connection is listed', () => runtime.connections().length === 1)
    await runtime.stop('test')
    assert.deepEqual(told('connection.closed').map(({ reason }) => reason), ['drained'])
  })
}
