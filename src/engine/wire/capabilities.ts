export type CapabilityName =
  | 'pause-accept-at-limit' | 'notice-hangup' | 'notice-reset' | 'buffer-sizes' | 'sub-millisecond-timers' | 'hold-in-backlog'

/** Something not every transport does. A reason is a clause that reads on after "because". */
export interface Capability {
  readonly name: CapabilityName
  readonly summary: string
  readonly epoll: true | string
  readonly node: true | string
}

/** Where the transports differ; everything else works the same on both. */
export const capabilities: readonly Capability[] = [
  {
    name: 'pause-accept-at-limit', summary: 'at the descriptor limit, connections wait until there is room',
    epoll: true, node: 'node:net accepts and closes what comes at the descriptor limit',
  },
  {
    name: 'notice-hangup', summary: 'a peer that ends its side is noticed while its wire is paused',
    epoll: true, node: 'node:net tells the end of a paused socket only when nothing is unread before it',
  },
  {
    name: 'notice-reset', summary: 'a peer that resets is noticed while its wire is paused, however much is unread',
    epoll: true, node: 'node:net stops looking at a paused socket that has 64 KiB unread',
  },
  {
    name: 'hold-in-backlog', summary: 'a paused listener leaves new connections in the backlog, where they cost no descriptor',
    epoll: true, node: 'node:net accepts always, so what comes is accepted and held',
  },
  {
    name: 'buffer-sizes', summary: 'the kernel\'s buffers of a connection can be sized',
    epoll: true, node: 'node:net cannot set them',
  },
  {
    name: 'sub-millisecond-timers', summary: 'timers fire to about 0.1 ms',
    epoll: true, node: 'setTimeout counts whole milliseconds',
  },
]

export function canOf(name: CapabilityName, transport: 'epoll' | 'node'): true | string {
  return capabilities.find((capability) => capability.name === name)![transport]
}
