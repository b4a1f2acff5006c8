import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import ts from 'typescript'
import { emitDeclarations } from '../scripts/declarations.ts'

const root = path.join(import.meta.dirname, '..')

const CONSUMER = `
import { builtins, DEFAULT_SETTINGS, nodeHost, parseFault, startRuntime, type Event, type Runtime } from 'fault-cli'
const faults = [parseFault('latency 200ms', builtins.faults, 'my test').entry]
const runtime: Runtime = await startRuntime({ settings: { ...DEFAULT_SETTINGS, seed: 42 }, faults, builtins, host: nodeHost(process) })
runtime.bus.subscribe((event: Event) => {
  if (event.event === 'exchange.finished') event.faults.map(({ fault, askedMs }) => [fault.length, askedMs + 1])
  // @ts-expect-error this event has no seed
  if (event.event === 'run.finished') event.seed
})
// @ts-expect-error a seed is a number
await startRuntime({ settings: { ...DEFAULT_SETTINGS, seed: 'x' }, faults, builtins, host: nodeHost(process) })
`

test('a program that depends on the package is type-checked against its declarations', { timeout: 120_000 }, (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fault-types-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const installed = path.join(folder, 'node_modules/fault-cli')
  mkdirSync(installed, { recursive: true })
  cpSync(path.join(root, 'package.json'), path.join(installed, 'package.json'))
  for (const name of ['zod', '@types', 'undici-types']) symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name), 'junction')
  emitDeclarations(root, path.join(installed, 'dist/types'))
  const { exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { exports: { '.': { types: string } } }
  assert.doesNotMatch(readFileSync(path.join(installed, exports['.'].types), 'utf8'), /\.ts['"]/)
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
  const file = path.join(folder, 'consumer.ts')
  writeFileSync(file, CONSUMER)
  const program = ts.createProgram([file], {
    strict: true, noEmit: true, skipLibCheck: false, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.NodeNext, lib: ['lib.esnext.d.ts'], types: ['node'],
    typeRoots: [path.join(folder, 'node_modules/@types')],
  })
  const complaints = ts.getPreEmitDiagnostics(program).filter(({ file: where }) => !where?.fileName.includes('/@types/'))
  assert.equal(ts.formatDiagnostics(complaints, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => folder, getNewLine: () => '\n' }), '')
})
