import type { Flow, Unit } from '../model/stage.ts'
import { Arrival } from './arrival.ts'
import type { Engine } from './engine.ts'
import { askFaults } from './phase.ts'
import type { Incoming, Service } from './protocol.ts'
import type { Cancellable } from './resolver.ts'
import type { Carrier } from './seat.ts'
import { ignore, type Wire } from './wire/wire.ts'

/** A connection that has been accepted and of which nothing is known yet. */
class Accepted implements Carrier {
  readonly mode = 'raw'
  readonly turn = 0
  readonly states = new Map<string, object>()
  readonly proxy: string
  readonly target: { readonly host: string; readonly port: number }
  readonly #engine: Engine
  readonly #wire: Wire

  constructor(engine: Engine, { name, mapping }: Service, wire: Wire) {
    this.#engine = engine
    this.#wire = wire
    this.proxy = name
    this.target = mapping?.upstream ?? { host: '', port: 0 }
  }

  get clock() { return this.#engine.clock }
  hasBegun(): boolean { return false }
  offset(): number { return 0 }
  keep<U extends Unit>(_flow: Flow, unit: U): U { return unit }
  wake(): void {}
  reset(): void { this.#wire.reset() }
}

/** Asks the faults of the accept hook before a connection is served; without such faults `serve` is called at once. */
export function askAcceptance(incoming: Incoming, serve: () => void): void {
  const { engine, service, wire } = incoming
  const { book, clock, onBug } = engine
  if (!book.actsOn('accept')) return serve()
  const carrier = new Accepted(engine, service, wire)
  const seats = book.seats({ proxy: service.name, ...carrier.target, key: ['accept'] }, carrier, 'accept')
  let asking: Cancellable = { cancel() {} }
  let isOver = false
  const turnAway = (how: 'close' | 'reset'): void => {
    isOver = true
    asking.cancel()
    wire.handler = ignore
    wire[how]()
  }
  const arrival = new Arrival(incoming, () => turnAway('close'))
  asking = askFaults({ book, clock, onBug, hook: 'accept', seats, ask: (seat) => seat.instance.spec.accept!(seat.instance.params, seat) }, (outcome) => {
    if (outcome !== undefined) {
      turnAway(outcome.action === 'close' ? 'close' : 'reset')
      return arrival.lost('fault')
    }
    isOver = true
    wire.handler = ignore
    arrival.leave()
    serve()
  })
  if (isOver) return
  const left = (reason: string): void => {
    turnAway('close')
    arrival.lost(`client-${reason}`)
  }
  wire.handler = { ...ignore, closed: left, hangup: () => left('left') }
}
