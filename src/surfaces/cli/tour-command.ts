import { startDemo } from '../../demo/server.ts'
import { timedGet, type TimedAnswer } from '../../demo/timed-get.ts'
import { parseFault } from '../../derive/text-form.ts'
import { EXIT } from '../../kit/errors.ts'
import type { Host } from '../../kit/host.ts'
import type { ExchangeRecord } from '../../model/events.ts'
import type { Builtins } from '../../runtime/builtins.ts'
import { startRuntime } from '../../runtime/runtime.ts'
import { DEFAULT_SETTINGS } from '../../runtime/settings.ts'
import tour from './tour.json' with { type: 'json' }

interface Round { readonly direct: TimedAnswer; readonly through: TimedAnswer; readonly record: ExchangeRecord | undefined }

/** Demo, proxy with one fault, and requests to both: what the tool does, seen in ten seconds, on ports nobody uses. */
export async function tourCommand(host: Host, builtins: Builtins): Promise<number> {
  const say = (line = ''): void => { host.stdout.write(`${line}\n`) }
  const demo = await startDemo({ address: '127.0.0.1', port: 0, pingUrl: 'self', env: {}, clock: host.clock })
  let interrupted = false
  const off = host.onInterrupt(() => { interrupted = true })
  try {
    const { entry } = parseFault(tour.fault, builtins.faults, 'the tour')
    const records: ExchangeRecord[] = []
    const runtime = await startRuntime({
      settings: { ...DEFAULT_SETTINGS, proxyAddress: { host: '127.0.0.1', port: 0, explicit: true } },
      faults: [entry], builtins, host,
      listen: (bus) => bus.subscribe((event) => { if (event.event === 'exchange.finished') records.push(event) }),
    })
    const target = `http://127.0.0.1:${demo.address.port}/`
    const proxy = runtime.listeners[0]!.addresses[0]!
    say(`A demo application listens on ${target}`)
    say(`A proxy in front of it listens on http://${proxy.host}:${proxy.port}: ${entry.spec.name} ${entry.spec.explain(entry.params)} (seed ${runtime.seed}, transport ${runtime.transport.name})`)
    say()
    const rounds: Round[] = []
    try {
      for (let number = 1; number <= tour.requests && !interrupted; number++) {
        const direct = await timedGet(target, host.clock)
        const through = await timedGet(target, host.clock, proxy)
        const record = await finished(host, records, number)
        rounds.push({ direct, through, record })
        say(`  GET / ${number}/${tour.requests}   direct ${ms(direct.durationMs)} (${direct.status})   through the proxy ${ms(through.durationMs)} (${through.status})`)
      }
    } finally {
      await runtime.stop('tour')
    }
    say()
    for (const line of table(rounds)) say(line)
    say()
    say('Next: put it in front of something of yours')
    say(`  fault run --upstream localhost:8080 --fault '${tour.fault}'   then: curl -x http://127.0.0.1:3180 http://localhost:8080/`)
    say(`  fault run --proxy 5433=localhost:5432 --fault '${tour.fault}' then: psql -h 127.0.0.1 -p 5433 …`)
    return interrupted ? EXIT.interrupted : EXIT.ok
  } finally {
    off()
    await demo.close()
  }
}

/** The proxy's own account of the exchange; it is told when the last byte has left, which the client may see first. */
async function finished({ clock }: Host, records: readonly ExchangeRecord[], count: number): Promise<ExchangeRecord | undefined> {
  for (let tries = 0; tries < 100 && records.length < count; tries++) await new Promise<void>((resolve) => { clock.setTimer(2, resolve) })
  return records[count - 1]
}

const ms = (value: number): string => `${value.toFixed(1)} ms`.padStart(9)

function table(rounds: readonly Round[]): string[] {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  const effects = rounds.flatMap(({ record }) => record?.faults ?? [])
  const direct = mean(rounds.map((round) => round.direct.durationMs))
  const through = mean(rounds.map((round) => round.through.durationMs))
  return [
    '              |  mean of ' + String(rounds.length),
    '  ------------+------------',
    `  direct      |  ${ms(direct)}`,
    `  through     |  ${ms(through)}`,
    `  asked       |  ${ms(mean(effects.map(({ askedMs }) => askedMs)))}`,
    `  measured    |  ${ms(mean(effects.map(({ measuredMs }) => measuredMs)))}   (what the fault really added)`,
  ]
}
