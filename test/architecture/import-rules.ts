import { isBuiltin } from 'node:module'
import { FOLDERS, MODULE_HOMES, PLUGIN_FOLDERS, ROOT_FILES, type FolderRule } from './folders.ts'
import { importsOf, isProduct, targetOf, type Import, type Source } from './source.ts'

type Folders = Readonly<Record<string, FolderRule>>

const TABLE = 'test/architecture/folders.ts'

/** The rule that a path falls under: the deepest one. `name` is the folder itself, also where the rule has a `*`. */
export function folderOf(file: string, folders: Folders = FOLDERS): { readonly name: string; readonly rule: FolderRule } | undefined {
  const parts = file.split('/').slice(1, -1)
  for (let depth = parts.length; depth > 0; depth--) {
    const name = parts.slice(0, depth).join('/')
    const rule = folders[name] ?? folders[[...parts.slice(0, depth - 1), '*'].join('/')]
    if (rule) return { name, rule }
  }
  return undefined
}

/** Folders without a rule, rules without a folder, empty folders, and files directly in src that are none of the known ones. */
export function folderComplaints(listing: readonly string[], folders: Folders = FOLDERS): string[] {
  const complaints: string[] = []
  const files = listing.filter((name) => name.startsWith('src/') && !name.endsWith('/'))
  for (const folder of listing.filter((name) => name.startsWith('src/') && name.endsWith('/') && name !== 'src/')) {
    if (!files.some((file) => file.startsWith(folder))) complaints.push(`${folder} is empty: remove it`)
  }
  const used = new Set<FolderRule>()
  for (const file of files) {
    const found = folderOf(file, folders)
    if (found) used.add(found.rule)
    else if (file.split('/').length > 2) complaints.push(`${file} is in a folder without a rule: add the folder to FOLDERS in ${TABLE} and to the table in ARCHITECTURE.md`)
    else if (file.endsWith('.ts') && !ROOT_FILES.includes(file.slice('src/'.length))) complaints.push(`${file} may not be directly in src: put it into the folder it belongs to`)
  }
  for (const [name, rule] of Object.entries(folders)) {
    if (!used.has(rule)) complaints.push(`the rule for ${name} has no folder: remove it from FOLDERS in ${TABLE} and from the table in ARCHITECTURE.md`)
    for (const other of rule.imports) if (!(other in folders)) complaints.push(`the rule for ${name} allows ${other}, which has no rule: remove it from FOLDERS in ${TABLE}`)
  }
  return complaints
}

/** Imports that the table does not allow. */
export function importComplaints(sources: readonly Source[], folders: Folders = FOLDERS): string[] {
  return sources.filter(isProduct).flatMap((source) => importsOf(source).flatMap((one) => {
    const complaint = one.specifier === undefined ? 'imports something that is not written as a plain string: write it out, so that the rules can see it' : complaintOf(source, one, one.specifier, folders)
    return complaint === undefined ? [] : [`${one.at}: ${complaint}`]
  }))
}

function complaintOf(source: Source, { isType }: Import, specifier: string, folders: Folders): string | undefined {
  const from = folderOf(source.path, folders)
  const target = targetOf(source, specifier)
  if (target === undefined) return isType ? undefined : moduleComplaint(from, specifier)
  if (!target.startsWith('src/')) return `imports ${target}: what is shipped imports nothing outside src`
  if (target.endsWith('.test.ts')) return `imports the test ${target}: move what is needed out of it`
  if (!from) return undefined
  const to = folderOf(target, folders)
  if (!to && target.split('/').length > 2) return undefined // A folder without a rule is a complaint of its own.
  if (!to) return `imports ${target}: the files directly in src put the parts together, and no part knows them; take what you need as an argument`
  if (to.name === from.name || to.name.startsWith(`${from.name}/`)) return undefined
  if (from.rule.imports.some((allowed) => to.name === allowed || to.name.startsWith(`${allowed}/`))) return undefined
  return `imports ${target}, but ${from.name} may import ${from.rule.imports.join(', ') || 'no other folder'}: take it as an argument, or move what both need into a folder they share`
}

function moduleComplaint(from: { readonly name: string; readonly rule: FolderRule } | undefined, specifier: string): string | undefined {
  const module = moduleOf(specifier)
  const home = MODULE_HOMES.find(({ modules }) => modules.includes(module))
  if (home && !home.only.some((name) => from?.name === name || from?.name.startsWith(`${name}/`))) return `imports ${module}, which only ${home.only.join(', ')} may: ${home.instead}`
  if (!from) return undefined
  const { modules } = from.rule
  if (modules.includes(module) || (module.startsWith('node:') && modules.includes('node:*'))) return undefined
  return `imports ${module}, but ${from.name} may import ${modules.join(', ') || 'no package and nothing of Node'}: do this work in a folder that may, or add it to FOLDERS in ${TABLE} and to the table in ARCHITECTURE.md`
}

/** The package of a specifier: `undici/lib/x.js` is `undici`, `net` is `node:net`. */
function moduleOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier.split('/', 1)[0]!
  const name = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
  return isBuiltin(name) ? `node:${name}` : name
}

/** Plug-ins that somebody other than their index imports: nothing knows a plug-in, and no plug-in another. */
export function pluginImportComplaints(sources: readonly Source[], declaring: ReadonlySet<string>): string[] {
  return sources.filter(isProduct).flatMap((source) => importsOf(source).flatMap(({ at, specifier }) => {
    const target = specifier === undefined ? undefined : targetOf(source, specifier)
    if (target === undefined || !declaring.has(target)) return []
    const index = PLUGIN_FOLDERS.map(({ folder }) => `src/${folder}/index.ts`).find((name) => name.split('/')[1] === target.split('/')[1])
    return source.path === index ? [] : [`${at}: imports the plug-in ${target}, which only ${index} may: move what both need into a file that declares none`]
  }))
}
