import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rig, transports } from '../helpers/rig.ts'
import { laneProxies, lanes, measure, oracle, type Halves } from './lanes.ts'

const DELAY_MS = 120
/** What a busy machine may add to a half of an exchange. */
const NOISE_MS = 60
const MOST_TRIES = 4

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

/** Never delayed by less than is asked for; and by no more, in the best of some tries, since a busy machine only adds. */
async function assertDelayed(control: Halves, delays: readonly Half[], ask: () => Promise<Halves>): Promise<void> {
  const tried: string[] = []
  for (let nth = 0; nth < MOST_TRIES; nth++) {
    const measured = await ask()
    const added = (['requestMs', 'responseMs'] as const).map((half) => {
      const wanted = delays.includes(half) ? DELAY_MS : 0
      assert.ok(measured[half] >= wanted, `${half} is ${measured[half]}`)
      return measured[half] - control[half] - wanted
    })
    if (added.every((ms) => ms < NOISE_MS)) return
    tried.push(JSON.stringify(measured))
  }
  assert.fail(`wanted ${DELAY_MS} ms for ${delays.join(' and ')}, besides ${JSON.stringify(control)}; measured ${tried.join(', ')}`)
}

for (const transport of transports) for (const lane of lanes) describe(`${transport}: ${lane.name}`, { concurrency: 3 }, () => {
  for (const { side, direction, delays } of rows) test(`latency on ${side} ${direction} delays ${delays.map((half) => half.slice(0, -2)).join(' and ')} and nothing else`, async (t) => {
    const upstream = await oracle(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const control = await measure(await lane.open(t, proxy, upstream.port), lane, upstream)
    await proxy.swap(`latency mean=${DELAY_MS} side=${side} direction=${direction}`)
    await assertDelayed(control, delays, async () => measure(await lane.open(t, proxy, upstream.port), lane, upstream))
  })

  test('D-07: a client-side latency that is there from the start delays a GET without body', async (t) => {
    const upstream = await oracle(t)
    const control = await measure(await lane.open(t, await rig(t, { transport, proxies: laneProxies(upstream.port) }), upstream.port), lane, upstream)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port), faults: [`latency mean=${DELAY_MS} side=client`] })
    await assertDelayed(control, ['requestMs'], async () => measure(await lane.open(t, proxy, upstream.port), lane, upstream))
  })

  const perExchange = lane.http ? '' : ' per=turn'
  test(`D-49: the second exchange on one connection, and the third, is delayed as the first is${perExchange && ', by turn'}`, async (t) => {
    const upstream = await oracle(t)
    const proxy = await rig(t, { transport, proxies: laneProxies(upstream.port) })
    const peer = await lane.open(t, proxy, upstream.port)
    const control = await measure(peer, lane, upstream)
    await proxy.swap(`latency mean=${DELAY_MS}${perExchange}`)
    for (let nth = 1; nth <= 3; nth++) await assertDelayed(control, ['responseMs'], () => measure(peer, lane, upstream))
  })
})
