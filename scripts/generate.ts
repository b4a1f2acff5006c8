import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { catalogueOf } from '../src/derive/catalogue.ts'
import { faultsSchema } from '../src/derive/json-schema.ts'
import { cliPage, environmentPage, faultPage, faultsPage } from '../src/derive/markdown.ts'
import { faults } from '../src/faults/index.ts'
import { commandsOf, globalOptions, nameOf, shellWord } from '../src/surfaces/cli/commands.ts'
import { eventsSchema } from './events-schema.ts'

const root = path.resolve(import.meta.dirname, '..')

/** Folders in which everything is generated: what is not in the list below is stale. */
const OWN_FOLDERS = ['docs/reference/faults']

/** Every generated file with its content, by path from the root of the repository. */
function generated(): ReadonlyMap<string, string> {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }
  const catalogue = catalogueOf(faults)
  const commands = commandsOf(catalogue).filter(({ action }) => action !== 'group').map((command) => ({ ...command, name: nameOf(command) }))
  return new Map([
    ['src/derive/catalogue.json', json({ version, faults: catalogue })],
    ['schema/faults.schema.json', json(faultsSchema(faults))],
    ['schema/events.schema.json', json(eventsSchema(path.join(root, 'src/model/events.ts')))],
    ['docs/reference/cli.md', cliPage(globalOptions, commands)],
    ['docs/reference/environment.md', environmentPage(globalOptions, commands)],
    ['docs/reference/faults/index.md', faultsPage(faults.list)],
    ...faults.list.map((spec) => [`docs/reference/faults/${spec.name}.md`, faultPage(spec, shellWord)] as const),
  ])
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

function current(file: string): string | undefined {
  try {
    return readFileSync(path.join(root, file), 'utf8')
  } catch {
    return undefined
  }
}

function leftOver(files: ReadonlyMap<string, string>): string[] {
  return OWN_FOLDERS.flatMap((folder) => {
    try {
      return readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`)
    } catch {
      return []
    }
  }).filter((file) => !files.has(file))
}

const files = generated()
const stale = [...files].filter(([file, content]) => current(file) !== content).map(([file]) => file)
const extra = leftOver(files)

if (process.argv.includes('--check')) {
  for (const file of stale) console.error(`stale: ${file}`)
  for (const file of extra) console.error(`left over: ${file}`)
  if (stale.length + extra.length > 0) {
    console.error('run npm run generate')
    process.exitCode = 1
  }
} else {
  for (const file of extra) rmSync(path.join(root, file))
  for (const file of stale) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
    writeFileSync(path.join(root, file), files.get(file)!)
    console.log(`wrote ${file}`)
  }
}
