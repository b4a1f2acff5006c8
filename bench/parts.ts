import { NEUTRAL_FAULTS, RAW_NEUTRAL_FAULTS } from './command.ts'
import { bulk, connections, messages, requests } from './load.ts'
import { direct, forward, handWritten, haproxy, mapping, tunnel, type Subject, type Target } from './subjects.ts'
import type { Part } from './measure.ts'
import type { PartName } from './options.ts'

/** Connections of the load where a figure does not say another number. */
const BUSY = 32

/** What is compared, and the second copies of it that show how far the machine differs from itself. */
export const SUBJECT = {
  haproxy: 'haproxy', haproxyAgain: 'haproxy again', hand: 'node:net by hand',
  fault: 'fault epoll', faultAgain: 'fault epoll again', node: 'fault node', connect: 'fault CONNECT',
  none: 'no fault', noneAgain: 'no fault again',
} as const

const raw = (target: Target): readonly Subject[] => [
  direct(target),
  haproxy(SUBJECT.haproxy, target),
  haproxy(SUBJECT.haproxyAgain, target),
  handWritten(target),
  mapping(SUBJECT.fault, target, { transport: 'epoll' }),
  mapping(SUBJECT.faultAgain, target, { transport: 'epoll' }),
  mapping(SUBJECT.node, target, { transport: 'node' }),
]

const http: readonly Subject[] = [
  direct('origin'),
  haproxy(SUBJECT.haproxy, 'origin'),
  haproxy(SUBJECT.haproxyAgain, 'origin'),
  forward(SUBJECT.fault, { transport: 'epoll' }),
  forward(SUBJECT.faultAgain, { transport: 'epoll' }),
  forward(SUBJECT.node, { transport: 'node' }),
]

/** Each fault alone, beside no fault at all twice. */
function neutral(made: Readonly<Record<string, string>>, make: (name: string, faults: readonly string[]) => Subject): readonly Subject[] {
  const faults = Object.entries(made).map(([name, text]) => make(name, [text]))
  return [make(SUBJECT.none, []), make(SUBJECT.noneAgain, []), ...faults]
}

/** The parts that are loads on subjects; memory and start-up are measured otherwise. */
export const LOAD_PARTS: Readonly<Partial<Record<PartName, readonly Part[]>>> = {
  tcp: [{ name: 'tcp', subjects: [...raw('echo'), tunnel(SUBJECT.connect)], steps: [messages(1), messages(BUSY)] }],
  conns: [{ name: 'conns', subjects: raw('echo'), steps: [connections()] }],
  bulk: [{ name: 'bulk', subjects: raw('bulk'), steps: [bulk('up'), bulk('down')] }],
  http: [{ name: 'http', subjects: http, steps: [requests(BUSY)] }],
  faults: [
    { name: 'faults, tcp', subjects: neutral(RAW_NEUTRAL_FAULTS, (name, faults) => mapping(name, 'echo', { transport: 'epoll', faults })), steps: [messages(BUSY)] },
    { name: 'faults, http', subjects: neutral(NEUTRAL_FAULTS, (name, faults) => forward(name, { transport: 'epoll', faults })), steps: [requests(BUSY)] },
  ],
}
