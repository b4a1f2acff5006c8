import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { namesOf } from '../../src/derive/names.ts'
import { faults } from '../../src/faults/index.ts'
import type { AnyFault } from '../../src/model/fault.ts'
import type { Sink, Stage, StageContext } from '../../src/model/stage.ts'
import { builder, faultContract, keepsBytes, parse } from './fault-contract.ts'
import { pattern, StageRig, type BuildStage } from './stage-rig.ts'

for (const spec of faults.list) faultContract(spec)

test('documented faults are listed in their documented order, which has no gaps', () => {
  const orders = faults.list.filter(({ compat }) => compat?.documented).map(({ compat }) => compat?.order)
  assert.deepEqual(orders, orders.map((_, index) => index + 1))
})

test('every documented variable of a fault follows from its declaration', () => {
  const names = faults.list.flatMap((spec) => {
    const { env, fields } = namesOf(spec)
    return [env, ...fields.map((field) => field.env)]
  })
  const documented = `
    FAULT_WITH_HTTP_FAULT FAULT_HTTP_FAULT_STATUS FAULT_HTTP_FAULT_BODY FAULT_HTTP_FAULT_PROBABILITY FAULT_HTTP_FAULT_SCHED
    FAULT_WITH_LATENCY FAULT_LATENCY_PER_READ_WRITE FAULT_LATENCY_SIDE FAULT_LATENCY_DIRECTION FAULT_LATENCY_DISTRIBUTION FAULT_LATENCY_MEAN
    FAULT_LATENCY_STANDARD_DEVIATION FAULT_LATENCY_SHAPE FAULT_LATENCY_SCALE FAULT_LATENCY_MIN FAULT_LATENCY_MAX FAULT_LATENCY_SCHED
    FAULT_WITH_BANDWIDTH FAULT_BANDWIDTH_SIDE FAULT_BANDWIDTH_DIRECTION FAULT_BANDWIDTH_RATE FAULT_BANDWIDTH_UNIT FAULT_BANDWIDTH_SCHED
    FAULT_WITH_JITTER FAULT_JITTER_DIRECTION FAULT_JITTER_SIDE FAULT_JITTER_AMPLITUDE FAULT_JITTER_FREQ FAULT_JITTER_SCHED
    FAULT_WITH_DNS FAULT_DNS_PROBABILITY FAULT_DNS_SCHED
    FAULT_WITH_PACKET_LOSS FAULT_PACKET_LOSS_SIDE FAULT_PACKET_LOSS_DIRECTION FAULT_PACKET_LOSS_SCHED
    FAULT_WITH_BLACKHOLE FAULT_BLACKHOLE_SIDE FAULT_BLACKHOLE_DIRECTION FAULT_BLACKHOLE_SCHED`
  for (const name of documented.trim().split(/\s+/)) assert.ok(names.includes(name), name)
})

test('every documented flag of a fault follows from its declaration', () => {
  const flags = faults.list.flatMap((spec) => {
    const { flag, fields } = namesOf(spec)
    return [flag, ...fields.map((field) => field.flag)]
  })
  const documented = `
    --with-latency --latency-per-read-write --latency-side --latency-direction --latency-distribution --latency-mean --latency-stddev
    --latency-shape --latency-scale --latency-min --latency-max --latency-sched --with-bandwidth --bandwidth-side --bandwidth-direction
    --bandwidth-rate --bandwidth-unit --bandwidth-sched --with-jitter --jitter-side --jitter-direction --jitter-amplitude --jitter-frequency
    --jitter-sched --with-dns --dns-rate --dns-sched --with-packet-loss --packet-loss-side --packet-loss-direction --packet-loss-sched
    --with-http-response --http-response-direction --http-response-status --http-response-body --http-response-trigger-probability
    --http-response-sched --with-blackhole --blackhole-side --blackhole-direction --blackhole-sched`
  for (const name of documented.trim().split(/\s+/)) assert.ok(flags.includes(name), name)
})

const shareable = faults.list.flatMap((spec) => spec.stream ? spec.examples.map((example) => ({ spec, params: parse(spec, example) })) : [])
  .filter(({ spec, params }) => keepsBytes(spec, params))

interface Link { readonly spec: AnyFault; readonly params: Readonly<Record<string, unknown>> }

/** Several stages as one, in the order the bytes meet them. */
function chain(links: readonly Link[]): BuildStage {
  return (context, next) => {
    const stages: Stage[] = []
    let sink: Sink = next
    for (const [index, { spec, params }] of [...links].reverse().entries()) {
      stages.unshift(builder(spec, params)(stageContext(context, index), sink))
      sink = stages[0]!
    }
    return {
      get held() { return stages.reduce((sum, stage) => sum + stage.held, 0) },
      heldMax: Infinity,
      get blocked() { return stages.some((stage) => stage.blocked) },
      write: (unit) => { sink.write(unit) },
      end: () => { sink.end() },
      flush: () => { for (const stage of stages) stage.flush() },
      destroy: () => { for (const stage of stages) stage.destroy() },
      update: () => stages.every((stage, index) => stage.update?.(links[index]!.params) ?? true),
    }
  }
}

/** Draws and state of its own for each place in the chain. */
function stageContext(context: StageContext, index: number): StageContext {
  const states = new Map<string, object>()
  return {
    ...context,
    get turn() { return context.turn },
    draws: context.draws.fork(index),
    state<T extends object>(make: () => T): T {
      const known = states.get('') ?? make()
      states.set('', known)
      return known as T
    },
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: 9_000 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.double({ min: 0, max: 400, noNaN: true }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('update' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
)

test('chains of any faults, under any chunks, times, flushes and updates, deliver every byte in order and one end', () => {
  const links = fc.array(fc.constantFrom(...shareable), { minLength: 1, maxLength: 4 })
  fc.assert(fc.property(links, fc.array(step, { maxLength: 30 }), fc.nat(1_000), fc.boolean(), (faultsOfChain, steps, seed, ends) => {
    const rig = new StageRig(chain(faultsOfChain), { seed })
    const data = pattern(steps.reduce((sum, one) => sum + (one.kind === 'send' ? one.bytes : 0), 0))
    let at = 0
    for (const one of steps) {
      if (one.kind === 'send') rig.send(data.subarray(at, at += one.bytes))
      else if (one.kind === 'wait') rig.clock.advance(one.ms)
      else if (one.kind === 'flush') rig.stage.flush()
      else if (one.kind === 'turn') rig.turn++
      else assert.equal(rig.stage.update?.({}), true)
    }
    if (ends) rig.stage.end()
    rig.stage.flush()
    if (rig.resets === 0) {
      assert.ok(rig.received.equals(data))
      assert.equal(rig.ends, ends ? 1 : 0)
    }
    assert.equal(rig.complaint, '')
    assert.equal(rig.stage.held, 0)
    rig.stage.destroy()
    assert.equal(rig.clock.pending, 0)
  }), { numRuns: 300 })
})

test('chains of any faults, destroyed at any time, leave no timer and nothing held', () => {
  const links = fc.array(fc.constantFrom(...shareable), { minLength: 1, maxLength: 4 })
  fc.assert(fc.property(links, fc.array(step, { maxLength: 20 }), (faultsOfChain, steps) => {
    const rig = new StageRig(chain(faultsOfChain))
    for (const one of steps) {
      if (one.kind === 'send') rig.send(pattern(one.bytes))
      else if (one.kind === 'wait') rig.clock.advance(one.ms)
    }
    rig.stage.destroy()
    const { passed } = rig
    rig.clock.advance(3_600_000)
    assert.deepEqual([rig.stage.held, rig.clock.pending, rig.passed], [0, 0, passed])
  }), { numRuns: 200 })
})
