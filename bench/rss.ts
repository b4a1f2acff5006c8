import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { tool } from './children.ts'
import { addTrouble, put, reasonOf, type PartResult } from './measure.ts'
import { SUBJECT } from './parts.ts'
import { descriptorLimit, rssMb } from './proc.ts'
import { handWritten, haproxy, mapping, type Bench, type Running, type Subject } from './subjects.ts'

/** Idle connections; the most is what a proxy with two descriptors for each can hold under the usual 20,000. */
const IDLE_STEPS = [0, 1000, 9000] as const
export const rssRow = (connections: number): string => `RSS MB, ${connections} idle`
const SPARE_DESCRIPTORS = 500
const SETTLE_MS = 300
const OPEN_LIMIT_MS = 60_000
const MOST_ROUNDS = 3

const subjects: readonly Subject[] = [
  haproxy(SUBJECT.haproxy, 'echo'),
  handWritten('echo'),
  mapping(SUBJECT.fault, 'echo', { transport: 'epoll' }),
  mapping(SUBJECT.node, 'echo', { transport: 'node' }),
]

/** Memory differs little from run to run: three rounds are enough, each with fresh processes. */
export async function measureRss(bench: Bench): Promise<PartResult> {
  const result: PartResult = { name: 'rss', subjects: subjects.map(({ name }) => name), rows: {}, troubles: [] }
  const rounds = Math.min(bench.rounds, bench.quick ? 2 : MOST_ROUNDS)
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      if (bench.signal.aborted) return result
      bench.progress(`rss: round ${round + 1}, ${subject.name}`)
      try {
        await measureSubject(bench, subject, (connections, value) => put(result.rows, { row: rssRow(connections), subject: subject.name, round, value }))
      } catch (error) {
        if (!bench.signal.aborted) addTrouble(result, `${subject.name}: ${reasonOf(error)}`)
      }
    }
  }
  return result
}

async function measureSubject(bench: Bench, subject: Subject, tell: (connections: number, value: number) => void): Promise<void> {
  const running = await subject.start(bench)
  try {
    await hold(bench, running, tell)
  } finally {
    await running.child?.stop()
  }
}

async function hold(bench: Bench, { port, child }: Running, tell: (connections: number, value: number) => void): Promise<void> {
  const holder = bench.children.start([tool('hold'), String(port)], ['pipe', 'pipe', 'pipe'])
  const { stdin, stdout } = holder.process
  if (!stdin || !stdout || !child) throw new Error('no process to ask')
  stdin.on('error', () => undefined)
  const limit = setTimeout(() => holder.process.kill('SIGKILL'), OPEN_LIMIT_MS)
  const answers = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const ask = async (line: string) => {
    stdin.write(`${line}\n`)
    const answer = await answers.next()
    if (answer.done) throw new Error(`at "${line}": ${holder.complaint() || 'the holder ended'}`)
    return Number(answer.value)
  }
  try {
    for (const connections of IDLE_STEPS) {
      if (2 * connections + SPARE_DESCRIPTORS > descriptorLimit()) throw new Error(`${connections} connections need ${2 * connections + SPARE_DESCRIPTORS} descriptors, ulimit -Hn is ${descriptorLimit()}`)
      if (connections > 0) await ask(String(connections))
      await sleep(SETTLE_MS)
      tell(connections, rssMb(child.pid))
    }
    const wanted = IDLE_STEPS[IDLE_STEPS.length - 1] ?? 0
    const alive = await ask('check')
    if (alive !== wanted) throw new Error(`${wanted - alive} of ${wanted} idle connections no longer work`)
  } finally {
    clearTimeout(limit)
    await holder.stop()
    await sleep(SETTLE_MS)
  }
}
