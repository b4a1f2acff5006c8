import assert from 'node:assert/strict'
import test from 'node:test'
import { z } from 'zod'
import { catalogueOf } from '../../src/derive/catalogue.ts'
import { defineFault, type AnyFault } from '../../src/model/fault.ts'
import { createRegistry } from '../../src/model/registry.ts'
import { commandsOf } from '../../src/surfaces/cli/commands.ts'
import { ambientComplaints, lengthComplaints, textComplaints } from './code-rules.ts'
import { linkComplaints, tableComplaints } from './document-rules.ts'
import { declarationsOf, faultDataComplaints, faultNameComplaints, registryComplaints, type FaultWords } from './fault-name-rules.ts'
import { folderComplaints, folderOf, importComplaints, pluginImportComplaints } from './import-rules.ts'
import { sourceOf } from './source.ts'

// Each rule on small sources made up here: what it lets pass, and what it says about what it does not.

const one = (path: string, text: string) => [sourceOf({ path, text })]

/** Exactly one complaint for each pattern, in order. */
function complains(complaints: readonly string[], ...patterns: readonly RegExp[]): void {
  assert.equal(complaints.length, patterns.length, complaints.join('\n') || 'no complaint')
  for (const [index, pattern] of patterns.entries()) assert.match(complaints[index]!, pattern)
}

const table = { 'kit': { imports: [], modules: [] }, 'a': { imports: ['kit'], modules: ['zod'] }, 'a/deep': { imports: [], modules: [] }, 'b/*': { imports: ['a'], modules: ['node:*'] } }

test('a path falls under the deepest rule, and a star is one folder', () => {
  assert.deepEqual([folderOf('src/a/x.ts', table)?.name, folderOf('src/a/other/x.ts', table)?.name, folderOf('src/a/deep/er/x.ts', table)?.name], ['a', 'a', 'a/deep'])
  assert.deepEqual([folderOf('src/b/one/x.ts', table)?.name, folderOf('src/b/x.ts', table), folderOf('src/x.ts', table)], ['b/one', undefined, undefined])
})

test('a folder without a rule, a rule without a folder, an empty folder and a stray file are told', () => {
  const whole = ['src/', 'src/a/', 'src/a/deep/', 'src/a/deep/x.ts', 'src/a/x.ts', 'src/b/', 'src/b/one/', 'src/b/one/x.ts', 'src/bin.ts', 'src/kit/', 'src/kit/x.ts']
  complains(folderComplaints(whole, table))
  complains(folderComplaints([...whole, 'src/new/', 'src/new/x.ts'], table), /src\/new\/x\.ts is in a folder without a rule: add/)
  complains(folderComplaints([...whole, 'src/new/'], table), /src\/new\/ is empty: remove it/)
  complains(folderComplaints([...whole, 'src/main.ts'], table), /src\/main\.ts may not be directly in src: put it/)
  complains(folderComplaints(whole.filter((name) => !name.includes('deep')), table), /rule for a\/deep has no folder: remove it/)
  complains(folderComplaints(whole, { ...table, a: { imports: ['gone'], modules: [] } }), /rule for a allows gone, which has no rule/)
})

test('imports across folders follow the table, however they are written', () => {
  complains(importComplaints(one('src/a/x.ts', "import { k } from '../kit/k.ts'\nimport './y.ts'\nimport '../a/deep/z.ts'"), table))
  for (const text of ["import { b } from '../b/one/b.ts'", "import type { B } from '../b/one/b.ts'", "export * from '../b/one/b.ts'", "const b = await import('../b/one/b.ts')", "let b: import('../b/one/b.ts').B", "require('../b/one/b.ts')"]) {
    complains(importComplaints(one('src/a/x.ts', `\n${text}`), table), /^src\/a\/x\.ts:2: imports src\/b\/one\/b\.ts, but a may import kit: take it as an argument/)
  }
})

test('a folder below another does not see its parent, nor a surface its neighbour', () => {
  complains(importComplaints(one('src/a/deep/x.ts', "import '../y.ts'"), table), /but a\/deep may import no other folder/)
  complains(importComplaints(one('src/b/one/x.ts', "import '../two/x.ts'"), table), /imports src\/b\/two\/x\.ts, but b\/one may import a/)
})

test('nothing is imported from outside src, from a test, or from the files directly in src', () => {
  complains(importComplaints(one('src/a/x.ts', "import '../../test/x.ts'"), table), /imports test\/x\.ts: what is shipped imports nothing outside src/)
  complains(importComplaints(one('src/a/x.ts', "import './y.test.ts'"), table), /imports the test src\/a\/y\.test\.ts/)
  complains(importComplaints(one('src/a/x.ts', "import '../builtins.ts'"), table), /the files directly in src put the parts together/)
  complains(importComplaints(one('src/bin.ts', "import './a/x.ts'\nimport './builtins.ts'"), table))
})

test('an import that cannot be read is told', () => {
  complains(importComplaints(one('src/a/x.ts', 'await import(name)'), table), /not written as a plain string/)
})

test('packages and modules of Node follow the table; their types are free', () => {
  complains(importComplaints(one('src/a/x.ts', "import { z } from 'zod'\nimport type { Socket } from 'node:net'"), table))
  complains(importComplaints(one('src/a/x.ts', "import fs from 'fs'"), table), /imports node:fs, but a may import zod/)
  complains(importComplaints(one('src/a/x.ts', "import fs from 'node:fs/promises'"), table), /imports node:fs, but a may import zod: do this work in a folder that may/)
  complains(importComplaints(one('src/b/one/x.ts', "import fs from 'node:fs'\nimport z from 'zod'"), table), /imports zod, but b\/one may import node:\*/)
})

test('only engine/wire opens sockets, and only the demo is an HTTP server', () => {
  for (const module of ['node:net', 'node:tls', 'node:dgram', 'node:http2', 'net', 'koffi', 'node:module']) {
    complains(importComplaints(one('src/engine/x.ts', `import x from '${module}'`)), /which only engine\/wire may: (?:use the Transport you are given|write an import)/)
    complains(importComplaints(one('src/engine/wire/epoll/x.ts', `import x from 'node:net'`)))
  }
  for (const module of ['node:http', 'node:https', 'http', 'undici', 'ws', 'undici/lib/x.js']) {
    complains(importComplaints(one('src/surfaces/cli/x.ts', `import x from '${module}'`)), /which only demo may/)
    complains(importComplaints(one('src/demo/x.ts', `import x from '${module === 'http' ? 'node:http' : module}'`)))
  }
  complains(importComplaints(one('src/bin.ts', "import net from 'node:net'")), /which only engine\/wire may/)
})

const fault = (path: string, name: string, more = '') => sourceOf({ path, text: `export const f = defineFault({ name: '${name}', ${more} })` })

test('a plug-in is imported by its index and by nobody else', () => {
  const lag = fault('src/faults/lag.ts', 'lag')
  const declaring = new Set(declarationsOf([lag], 'faults', 'defineFault').map(({ file }) => file))
  const user = (path: string) => one(path, "import { f } from '../faults/lag.ts'\nimport { p } from '../faults/parts.ts'")
  complains(pluginImportComplaints(user('src/faults/index.ts'), declaring))
  complains(pluginImportComplaints(user('src/faults/drop.ts'), declaring), /imports the plug-in src\/faults\/lag\.ts, which only src\/faults\/index\.ts may/)
  complains(pluginImportComplaints(user('src/derive/x.ts'), declaring), /which only src\/faults\/index\.ts may/)
  complains(pluginImportComplaints(user('src/derive/x.test.ts'), declaring))
})

test('a declared plug-in that is not registered is told, and a registered one that is not declared', () => {
  const sources = [fault('src/faults/lag.ts', 'lag'), sourceOf({ path: 'src/faults/parts.ts', text: 'export const part = 1' })]
  complains(registryComplaints(sources, 'faults', 'defineFault', ['lag']))
  complains(registryComplaints(sources, 'faults', 'defineFault', []), /src\/faults\/lag\.ts:1: "lag" is not registered: import it in src\/faults\/index\.ts/)
  complains(registryComplaints(sources, 'faults', 'defineFault', ['lag', 'drop']), /"drop" is in src\/faults\/index\.ts, but no file/)
  complains(registryComplaints([sourceOf({ path: 'src/faults/x.ts', text: 'defineFault({ name })' })], 'faults', 'defineFault', []), /not written as a plain string/)
  const two = sourceOf({ path: 'src/faults/x.ts', text: "defineFault({ name: 'lag' })\ndefineFault({ name: 'drop' })" })
  complains(registryComplaints([two], 'faults', 'defineFault', ['lag', 'drop']), /:1: .* declares several plug-ins/, /:2: .* declares several plug-ins/)
})

const lag: FaultWords = { name: 'net-lag', file: 'src/faults/net-lag.ts', names: ['net-lag', 'lagging'], options: ['--with-net-lag', '--net-lag-mean', 'FAULT_NET_LAG_MEAN'] }

test('the name of a fault in a string belongs into its own file', () => {
  const says = (path: string, text: string, meanings: Parameters<typeof faultNameComplaints>[2] = []) => faultNameComplaints(one(path, text), [lag], meanings)
  for (const text of ["'net-lag'", '`lagging`', "'net_lag'", "'netLag'", "let x: 'net-lag'", "x = { 'net-lag': 1 }", "switch (x) { case 'lagging': }", "'net-lag mean=3ms'", "'give --net-lag-mean'", "`${x} FAULT_NET_LAG_MEAN ${y}`"]) {
    complains(says('src/engine/x.ts', text), /^src\/engine\/x\.ts:1: '.*' is the fault net-lag, which only src\/faults\/net-lag\.ts knows: use the registry/)
  }
  for (const text of ["'a net-lag of the line'", "'--net-lag-meaning'", '// net-lag', "import { lag } from './net-lag'", 'netLag.x', "'NET-LAG'"]) complains(says('src/engine/x.ts', text))
  complains(says('src/faults/net-lag.ts', "'net-lag'"))
  complains(says('src/engine/x.test.ts', "'net-lag'"))
})

test('a word that means something else is let pass where that is said, and what is said in vain is told', () => {
  const meanings = [{ word: 'lagging', where: 'src/protocols/', because: 'a word of that protocol' }]
  complains(faultNameComplaints(one('src/protocols/x.ts', "'lagging'"), [lag], meanings))
  complains(faultNameComplaints(one('src/engine/x.ts', "'lagging'"), [lag], meanings), /is the fault net-lag/, /'lagging' in src\/protocols\/ needs no exception: remove it/)
})

test('data files may name faults, but only those that exist', () => {
  const problemOf = (text: string): string | undefined => (text === 'net-lag' ? undefined : 'no such fault')
  const file = (value: unknown) => [{ path: 'src/x.json', text: JSON.stringify(value) }]
  complains(faultDataComplaints(file({ fault: 'net-lag', faults: [{ name: 'net-lag' }, 'net-lag'] }), problemOf))
  complains(faultDataComplaints(file({ deep: [{ fault: 'no-lag' }] }), problemOf), /src\/x\.json says "no-lag": no such fault; correct it/)
  complains(faultDataComplaints(file({ faults: ['no-lag', { name: 'none' }] }), problemOf), /"no-lag"/, /"none"/)
})

/** A fault that does nothing and has one parameter. */
const withParam = (name: string, key: string): AnyFault => defineFault({
  name, summary: 'Does nothing.', faithful: 'Not at all.', params: z.strictObject({ [key]: z.string().optional().describe('Nothing') }),
  directional: false, preserves: 'bytes', examples: [{}], explain: () => 'does nothing', connect: () => undefined,
})

test('two options of one name, of two faults or of a fault and the command line, fail when they are loaded', () => {
  const load = (...specs: readonly AnyFault[]): unknown => commandsOf(catalogueOf(createRegistry('fault', specs)))
  load(withParam('net-lag', 'mean'))
  assert.throws(() => load(withParam('net', 'lagMean'), withParam('net-lag', 'mean')), /two options are called --net-lag-mean/)
  assert.throws(() => load(withParam('drain', 'timeout')), /two options are called --drain-timeout/)
})

test('what belongs to the whole process is used only where the table says', () => {
  const uses = (path: string, text: string) => ambientComplaints(one(path, text))
  for (const text of ['process.exit()', 'const { env } = process', 'globalThis.process.env', "globalThis['process']", "import process from 'node:process'", 'typeof process']) {
    assert.match(uses('src/engine/x.ts', text)[0]!, /uses process, which only src\/bin\.ts may: take what you need from the Host/, text)
    complains(uses('src/bin.ts', text))
  }
  complains(uses('src/bin.ts', 'console.log(1)'), /uses console: write to host\.stdout/)
  complains(uses('src/kit/x.ts', 'Math.random()'), /uses Math\.random: draw from the Draws/)
  complains(uses('src/kit/x.ts', 'const now = Date.now\nnew Date()'), /:1: uses Date\.now/, /:2: uses new Date\(\)/)
  complains(uses('src/kit/x.ts', 'performance.now(); setTimeout(f, 1)'), /uses performance/, /uses setTimeout/)
  complains(uses('src/kit/clock.ts', 'performance.now(); setTimeout(f, 1)'))
  complains(uses('src/kit/x.ts', 'host.process; const x = { process: 1, console: 2 }; new Date(ms); Math.max(1, 2); // process'))
  complains(uses('src/kit/x.test.ts', 'process.exit()'))
})

test('files and functions have an end', () => {
  const lines = (count: number) => '\n'.repeat(count)
  complains(lengthComplaints(one('test/x.test.ts', `x${lines(3)}`), 3))
  complains(lengthComplaints(one('test/x.test.ts', `x${lines(3)}y`), 3), /test\/x\.test\.ts has 4 lines, of at most 3: find the second idea/)
  for (const text of [`function f() {${lines(3)}}`, `const f = () => {${lines(3)}}`, `class X {\n  m() {${lines(3)}} }`]) {
    complains(lengthComplaints(one('src/x.ts', text), 10, 4))
    complains(lengthComplaints(one('src/x.ts', text), 10, 3), /: a function of 4 lines, of at most 3: keep the decisions/)
    complains(lengthComplaints(one('src/x.test.ts', text), 10, 3))
  }
})

test('notes for later, registry hosts and paths of one machine are told by line', () => {
  const says = (text: string, places?: readonly string[]) => textComplaints([{ path: 'x.md', text }], places)
  complains(says(`fine\n// ${'TO'}${'DO'} later`), /^x\.md:2: a note to do something later: do it/)
  complains(says(`${'FIX'}${'ME'}`), /a note to do something later/)
  complains(says(`https://registry.${'npmjs'}.org/x`), /the host of a package registry: leave it/)
  complains(says(`see /${'home'}/someone/x`), /a path of one particular machine: make it relative/)
  complains(says('cd /srv/checkout/x', ['/srv/checkout']), /a path of one particular machine/)
  complains(says('/etc/hosts, https://x.example/home/page, src/work/x, todo: nothing'))
})

test('a row of the documented table that is missing, wrong, silent or too many is told', () => {
  const rules = { kit: { imports: [], modules: ['zod'] } }
  const says = (...rows: readonly string[]) => tableComplaints({ path: 'A.md', text: ['| folder | may import | from outside | may not |', '|---|---|---|---|', ...rows].join('\n') }, rules)
  complains(says('| `kit` | – | `zod` | know the domain |'))
  complains(says(), /A\.md has no row for `kit`.*: add one/)
  complains(says('| `kit` | `model` | `zod` | x |'), /"may import" of `kit` is "`model`", but FOLDERS .* says "–"/)
  complains(says('| `kit` | – | – | x |'), /"from outside" of `kit`/)
  complains(says('| `kit` | – | `zod` |  |'), /does not say what it may not do/)
  complains(says('| `kit` | – | `zod` | x |', '| `gone` | – | – | x |'), /has a row for `gone`, which has no rule/)
})

test('links and quoted paths that lead nowhere are told', () => {
  const exists = (path: string): boolean => path === 'src/kit/clock.ts' || path === 'docs/x.md'
  complains(linkComplaints([{ path: 'A.md', text: '[x](docs/x.md#part) `src/kit/clock.ts` [web](https://x.example/) [here](#part)' }], exists))
  complains(linkComplaints([{ path: 'A.md', text: '[x](docs/y.md) `src/kit/watch.ts`' }], exists), /A\.md points to docs\/y\.md, which is not there/, /points to src\/kit\/watch\.ts/)
})
