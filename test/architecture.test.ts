import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { builtins } from '../src/builtins.ts'
import { catalogueOf } from '../src/derive/catalogue.ts'
import { namesOf } from '../src/derive/names.ts'
import { parseFault } from '../src/derive/text-form.ts'
import { commandsOf } from '../src/surfaces/cli/commands.ts'
import { ambientComplaints, lengthComplaints, textComplaints } from './architecture/code-rules.ts'
import { linkComplaints, tableComplaints } from './architecture/document-rules.ts'
import { declarationsOf, faultDataComplaints, faultNameComplaints, registryComplaints, type FaultWords } from './architecture/fault-name-rules.ts'
import { PLUGIN_FOLDERS } from './architecture/folders.ts'
import { folderComplaints, importComplaints, pluginImportComplaints } from './architecture/import-rules.ts'
import { listRepository, sourceOf, type TextFile } from './architecture/source.ts'

// What holds of the code as a whole, read from its syntax trees. The rules are in test/architecture, with tests of their own.

const root = path.join(import.meta.dirname, '..')
const listing = listRepository(root)
const files: readonly TextFile[] = listing
  .filter((name) => /\.(?:ts|mjs|cjs|js|c|h|md|json|yml|yaml)$|(?:^|\/)(?:LICENSE|\.gitignore|run|tarball)$/.test(name))
  .map((name) => ({ path: name, text: readFileSync(path.join(root, name), 'utf8') }))
const sources = files.filter(({ path: name }) => name.endsWith('.ts')).map(sourceOf)
const documents = files.filter(({ path: name }) => /^[A-Z]+\.md$/.test(name))

const specs = builtins.faults.list
const faults: readonly FaultWords[] = declarationsOf(sources, 'faults', 'defineFault').map(({ name, aliases, file }) => {
  const spec = specs.find((one) => one.name === name)
  const names = spec && namesOf(spec)
  return { name, file, names: [name, ...aliases], options: names ? [names, ...names.fields].flatMap(({ flag, env }) => [flag, env]) : [] }
})

function none(complaints: readonly string[]): void {
  assert.ok(complaints.length === 0, `\n${complaints.join('\n')}\n`)
}

/** What is wrong with the name of a fault, or with a text as `--fault` takes it. */
function problemOf(text: string): string | undefined {
  if (builtins.faults.find(text)) return undefined
  try {
    parseFault(text, builtins.faults, '--fault')
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

test('every folder of src has a rule, every rule a folder, and no folder is empty', () => none(folderComplaints(listing)))
test('every folder imports only what the table allows, and only engine/wire opens sockets', () => none(importComplaints(sources)))
test('the table of ARCHITECTURE.md is the one that is enforced', () => none(tableComplaints(files.find(({ path: name }) => name === 'ARCHITECTURE.md')!)))
test('what the documents point to is there', () => none(linkComplaints(documents, (name) => existsSync(path.join(root, name)))))

for (const { folder, define } of PLUGIN_FOLDERS) {
  const registered = builtins[folder as 'faults' | 'protocols'].list.map(({ name }) => name)
  test(`every file of src/${folder} that declares something is in its index`, () => none(registryComplaints(sources, folder, define, registered)))
}
test('nothing but its index knows a fault or a protocol', () => {
  const declaring = new Set(PLUGIN_FOLDERS.flatMap(({ folder, define }) => declarationsOf(sources, folder, define)).map(({ file }) => file))
  none(pluginImportComplaints(sources, declaring))
})
test('the name of a fault, its flags and its variables stand in no string outside its own file', () => none(faultNameComplaints(sources, faults)))
test('data files name only faults that exist', () => {
  const data = files.filter(({ path: name }) => name.startsWith('src/') && name.endsWith('.json'))
  none(faultDataComplaints(data, problemOf))
})
test('no flag and no variable is declared twice', () => { commandsOf(catalogueOf(builtins.faults)) })

test('the world outside is passed in: no process, console, clock or randomness in src', () => none(ambientComplaints(sources)))
test('files have at most 400 lines, functions of src at most 70', () => none(lengthComplaints(sources)))
test('no notes for later, no registry hosts, no paths of one machine', () => {
  const home = os.homedir()
  none(textComplaints(files, [root, ...(home.split(path.sep).length > 2 ? [home] : [])]))
})
