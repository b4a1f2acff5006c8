import assert from 'node:assert/strict'
import test from 'node:test'
import { RequestHead, ResponseHead } from '../../src/codecs/http1/message.ts'
import { entrySchema } from '../../src/model/entry.ts'
import { hooksOf, type AnyFault } from '../../src/model/fault.ts'
import type { Unit } from '../../src/model/stage.ts'
import { ObedientSource, pattern, runUntil, StageRig, type BuildStage, type RigOptions } from './stage-rig.ts'

type Params = Readonly<Record<string, unknown>>

export const parse = (spec: AnyFault, example: unknown): Params => spec.params.parse(example)

export const builder = (spec: AnyFault, params: Params): BuildStage => (context, next) => spec.stream!(params, context, next)

/** A fault that acts on serialized bytes may take some of them out; any other says by `preserves` whether it does. */
export const keepsBytes = (spec: AnyFault, params: Params): boolean => spec.preserves === 'bytes' && !(spec.raw?.(params) ?? false)

/** What every fault is held to, and every stage it makes. One test for each promise and example. */
export function faultContract(spec: AnyFault): void {
  declarationContract(spec)
  if (!spec.stream) return
  for (const example of spec.examples) {
    const params = parse(spec, example)
    const label = `${spec.name} ${JSON.stringify(example)}`
    const make = (options?: RigOptions): StageRig => new StageRig(builder(spec, params), options)
    timingContract(label, make)
    if (!keepsBytes(spec, params)) {
      lossContract(label, make)
      continue
    }
    deliveryContract(label, make)
    reentryContract(label, make)
    updateContract(label, spec, params)
  }
}

function declarationContract(spec: AnyFault): void {
  test(`${spec.name}: the declaration is complete and its examples are valid`, () => {
    entrySchema(spec)
    assert.ok(hooksOf(spec).length > 0, 'it acts nowhere')
    assert.match(spec.summary, /^[A-Z].*\.$/)
    assert.match(spec.faithful, /^[A-Z].*\.$/)
    if (spec.primary !== undefined) assert.ok(spec.primary in spec.params.shape)
    for (const example of spec.examples) {
      const params = parse(spec, example)
      assert.equal(spec.check?.(params), undefined)
      assert.match(spec.explain(params), /^[a-z][^\n]*[^.\n]$/)
      assert.deepEqual(parse(spec, params), params, 'what parsing gives parses to itself')
    }
  })

  test(`${spec.name}: each parameter says what it means, and unknown ones are refused`, () => {
    for (const [key, schema] of Object.entries(spec.params.shape)) {
      assert.ok((schema as { description?: string }).description, `"${key}" has no description`)
      assert.match(key, /^[a-z][A-Za-z0-9]*$/)
    }
    assert.equal(spec.params.safeParse({ ...spec.examples[0], noSuchParameter: 1 }).success, false)
  })
}

const blocks: readonly { readonly atMs: number; readonly bytes: number }[] = [
  { atMs: 0, bytes: 1 }, { atMs: 0, bytes: 40_000 }, { atMs: 7, bytes: 3_000 }, { atMs: 150, bytes: 20_000 }, { atMs: 1_900, bytes: 9 }, { atMs: 5_000, bytes: 17_000 },
]

/** The same bytes at the same times, read in chunks of `chunkBytes`. */
function feed(rig: StageRig, chunkBytes: number): Buffer {
  const data = pattern(blocks.reduce((sum, block) => sum + block.bytes, 0))
  let at = 0
  for (const block of blocks) {
    rig.clock.advance(block.atMs - rig.clock.now())
    const end = at + block.bytes
    for (; at < end; at = Math.min(end, at + chunkBytes)) rig.send(data.subarray(at, Math.min(end, at + chunkBytes)))
  }
  rig.stage.end()
  runUntil(rig, () => rig.ends > 0)
  return data
}

function timingContract(label: string, make: (options?: RigOptions) => StageRig): void {
  test(`${label}: the same draws give the same timing and the same decisions, however the bytes were read`, () => {
    const [first, ...others] = [65_536, 65_536, 1_000, 1_448, 333].map((chunkBytes) => {
      const rig = make({ seed: 7 })
      feed(rig, chunkBytes)
      return { timeline: rig.timeline, endedAt: rig.endedAt, resets: rig.resets }
    })
    for (const other of others) assert.deepEqual(other, first)
  })

  test(`${label}: destroy leaves no timer and nothing held, and nothing comes out after it`, () => {
    const rig = make()
    rig.send(pattern(30_000))
    rig.send(pattern(100))
    rig.clock.advance(1)
    const { passed } = rig
    rig.stage.destroy()
    assert.deepEqual([rig.clock.pending, rig.stage.held], [0, 0])
    rig.clock.advance(3_600_000)
    rig.stage.flush()
    rig.send(pattern(10))
    rig.stage.end()
    rig.stage.destroy()
    assert.deepEqual([rig.passed, rig.ends, rig.clock.pending, rig.stage.held], [passed, 0, 0, 0])
  })

  test(`${label}: a connection that carries nothing is not touched`, () => {
    const rig = make()
    rig.clock.advance(3_600_000)
    assert.deepEqual([rig.clock.pending, rig.stage.held, rig.passed, rig.applied.length, rig.resets], [0, 0, 0, 0, 0])
    rig.stage.end()
    if (rig.stage.blocked) rig.stage.flush()
    rig.stage.destroy()
    assert.deepEqual([rig.ends, rig.endedAt, rig.applied.length], [1, 3_600_000, 0])
  })
}

/** What is left of the stream is still in order, and ends. */
function lossContract(label: string, make: (options?: RigOptions) => StageRig): void {
  test(`${label}: what is not lost arrives in order, and the rest is counted`, () => {
    const rig = make({ seed: 3 })
    const data = feed(rig, 1_000)
    const { received } = rig
    let at = 0
    for (const byte of received) {
      at = data.indexOf(byte, at) + 1
      assert.notEqual(at, 0, 'a byte came out of order')
    }
    assert.equal(rig.ends, 1)
    const lost = rig.applied.reduce((sum, { bytes }) => sum + bytes, 0)
    assert.equal(received.length + lost, data.length)
  })
}

/** A fault may end the connection instead of delivering; what it then owes is what came before. */
function assertComplete(rig: StageRig, data: Buffer): void {
  const { received } = rig
  if (rig.resets > 0) assert.deepEqual(received, data.subarray(0, received.length))
  else {
    assert.equal(received.length, data.length)
    assert.ok(received.equals(data), 'bytes are out of order or were overwritten')
    assert.equal(rig.ends, 1)
  }
  assert.equal(rig.complaint, '')
  assert.deepEqual([rig.stage.held, rig.clock.pending], [0, 0])
}

function deliveryContract(label: string, make: (options?: RigOptions) => StageRig): void {
  test(`${label}: every byte arrives in order, then the end, once`, () => {
    for (const chunkBytes of [1_000, 65_536]) {
      const rig = make()
      assertComplete(rig, feed(rig, chunkBytes))
    }
  })

  test(`${label}: flush empties it in order, with the end, at once`, () => {
    const rig = make()
    const data = pattern(50_000)
    for (let at = 0; at < data.length; at += 3_000) rig.send(data.subarray(at, at + 3_000))
    rig.stage.end()
    rig.stage.flush()
    assert.equal(rig.clock.now(), 0)
    assertComplete(rig, data)
  })

  test(`${label}: a source that obeys never finds more held than heldMax and one chunk, and is told when to go on`, () => {
    const chunkBytes = 16 * 1024
    const source = new ObedientSource(pattern(300_000), chunkBytes)
    const rig = make({ onWake: () => source.pump() })
    source.start(rig)
    runUntil(rig, () => rig.ends > 0 || rig.resets > 0, () => source.pump())
    assert.ok(source.maxHeld <= rig.stage.heldMax + chunkBytes, `held ${source.maxHeld}, may hold ${rig.stage.heldMax}`)
    assertComplete(rig, pattern(300_000))
  })

  test(`${label}: heads pass whole, as they are, in their place`, () => {
    const head = new ResponseHead(200, 'OK', 1, ['Content-Length', '5'])
    head.length = 4_000
    const request = new RequestHead('GET', '/')
    const sent: Unit[] = [head, Buffer.from('01234'), request, Buffer.from('56789')]
    const rig = make({ mode: 'exchange' })
    for (const unit of sent) rig.stage.write(unit)
    rig.stage.end()
    runUntil(rig, () => rig.ends > 0 || rig.resets > 0)
    assert.equal(rig.complaint, '')
    if (rig.resets > 0) return
    assert.equal(rig.units.indexOf(head), 0)
    const text = rig.units.map((unit) => (unit === request ? '|' : unit === head ? '' : unit.toString())).join('')
    assert.equal(text, '01234|56789')
    assert.deepEqual([rig.stage.held, rig.clock.pending, rig.ends], [0, 0, 1])
  })

  test(`${label}: what is reported was there, and waited as long as it says`, () => {
    const rig = make()
    const data = feed(rig, 4_096)
    for (const { askedMs, measuredMs, bytes } of rig.applied) {
      assert.ok(Number.isFinite(askedMs) && askedMs >= 0 && Number.isFinite(measuredMs) && measuredMs >= 0)
      assert.ok(bytes > 0 && bytes <= data.length)
    }
    assert.ok(rig.applied.reduce((sum, { bytes }) => sum + bytes, 0) <= data.length)
  })
}

function reentryContract(label: string, make: (options?: RigOptions) => StageRig): void {
  test(`${label}: a flush from within the next stage loses and repeats nothing`, () => {
    for (const at of [1, 2, 3]) {
      let calls = 0
      const rig = make({ onWrite: (_, { stage }) => { if (++calls === at) stage.flush() } })
      assertComplete(rig, feed(rig, 2_000))
    }
  })

  test(`${label}: bytes that come while others are passed on keep their order`, () => {
    const data = pattern(60_000)
    let sent = 40_000
    const rig = make({
      onWrite: (_, self) => {
        if (sent >= data.length) return
        const from = sent
        sent += 5_000
        self.send(data.subarray(from, sent))
      },
    })
    for (let at = 0; at < 40_000; at += 8_000) rig.send(data.subarray(at, at + 8_000))
    if (rig.stage.blocked) rig.stage.flush()
    runUntil(rig, () => sent >= data.length || rig.resets > 0)
    rig.stage.end()
    runUntil(rig, () => rig.ends > 0 || rig.resets > 0)
    assertComplete(rig, Buffer.concat(rig.sent))
  })

  test(`${label}: a destroy from within the next stage stops everything`, () => {
    let calls = 0
    const rig = make({ onWrite: (_, { stage }) => { if (++calls === 2) stage.destroy() } })
    for (let count = 0; count < 20; count++) rig.send(pattern(3_000))
    rig.stage.end()
    if (rig.stage.blocked) rig.stage.flush()
    rig.clock.advance(3_600_000)
    assert.deepEqual([rig.stage.held, rig.clock.pending], [0, 0])
    if (calls >= 2) assert.deepEqual([calls, rig.ends], [2, 0])
  })
}

function updateContract(label: string, spec: AnyFault, params: Params): void {
  test(`${label}: changed parameters reach it without dropping or releasing what it holds`, () => {
    for (const example of [...spec.examples, ...spec.examples]) {
      const rig = new StageRig(builder(spec, params))
      const data = pattern(20_000)
      rig.send(data.subarray(0, 12_000))
      const { held } = rig.stage
      const { passed } = rig
      const changed = parse(spec, example)
      if (!keepsBytes(spec, changed) || !rig.stage.update?.(changed)) continue
      assert.deepEqual([rig.stage.held, rig.passed], [held, passed])
      rig.send(data.subarray(12_000))
      rig.stage.end()
      runUntil(rig, () => rig.ends > 0 || rig.resets > 0)
      assertComplete(rig, data)
    }
  })
}
