import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rig, transports } from '../helpers/rig.ts'
import { laneProxies, lanes, measure, oracle, type Halves } from './lanes.ts'

const DELAY_MS = 120
/** What a busy machine may add to a half of an exchange that nothing delays. */
const NOISE_MS = 90

type Half = keyof Halves
interface Row { readonly side: string; readonly direction: string; readonly delays: readonly Half[] }

const rows: readonly Row[] = [
  { side: 'client', direction: 'ingress', delays: ['requestMs'] },
  { side: 'client', direction: 'egress', delays: ['responseMs'] },
  { side: 'server', direction: 'ingress', delays: ['responseMs'] },
  { side: 'server', direction: 'egress', delays: ['requestMs'] },
  { side: 'client', direction: 'both', delays: ['requestMs', 'responseMs'] },
  { side: 'server', direction: 'both', delays: ['requestMs', 'responseMs'] },
]

function assertDelayed(what: string, measured: Halves, control: Halves, delays: readonly Half[]): void {
  for (const half of ['requestMs', 'responseMs'] as const) {
    const added = measured[half] - control[half]
    const wanted = delays.includes(half) ? DELAY_MS : 0
    const text = `${what}: ${half} ${measured[half].toFixed(1)}, without the fault ${control[half].toFixed(1)}`
    assert.ok(measured[half] >= wanted, text)
    assert.ok(Math.abs(added - wanted) < NOISE_MS, text)
  }
}

for (const transport of transports) for (const lane of lanes) describe(`${transport}: ${lane.name}`, { concurrency: 3 }, () => {
  for (const { side, direction, delays } of rows) test(`latency on ${side} ${direction} delays ${delays.map((half) => half.slice(0, -2)).join(' and ')} and nothing else`, async (t) => {
    const upstream = await oracle(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const control = await measure(await lane.open(t, proxy, upstream.port), lane, upstream)
    await proxy.swap(`latency mean=${DELAY_MS} side=${side} direction=${direction}`)
    const measured = await measure(await lane.open(t, proxy, upstream.port), lane, upstream)
    assertDelayed(`${side} ${direction}`, measured, control, delays)
  })

  test('D-07: a client-side latency that is there from the start delays a GET without body', async (t) => {
    const upstream = await oracle(t)
    const control = await measure(await lane.open(t, await rig(t, { transport, proxies: laneProxies(upstream.port) }), upstream.port), lane, upstream)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: [`latency mean=${DELAY_MS} side=client`] })
    assertDelayed('client ingress', await measure(await lane.open(t, proxy, upstream.port), lane, upstream), control, ['requestMs'])
  })

  const perExchange = lane.http ? '' : ' per=turn'
  test(`D-49: the second exchange on one connection is delayed as the first is${perExchange && ', by turn'}`, async (t) => {
    const upstream = await oracle(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const peer = await lane.open(t, proxy, upstream.port)
    const control = await measure(peer, lane, upstream)
    await proxy.swap(`latency mean=${DELAY_MS}${perExchange}`)
    for (const nth of ['first', 'second']) assertDelayed(nth, await measure(peer, lane, upstream), control, ['responseMs'])
  })
})
