import ts from 'typescript'
import { OTHER_MEANINGS, type OtherMeaning } from './folders.ts'
import { isNamed, isProduct, placeOf, walk, type Source, type TextFile } from './source.ts'

/** A call of `defineFault` or `defineProtocol`, as its file writes it. */
export interface Declaration {
  readonly file: string
  readonly at: string
  readonly name: string
  readonly aliases: readonly string[]
}

/** The plug-ins that the files of `src/<folder>` declare. */
export function declarationsOf(sources: readonly Source[], folder: string, define: string): Declaration[] {
  const found: Declaration[] = []
  for (const source of sources.filter((file) => isProduct(file) && file.path.startsWith(`src/${folder}/`))) {
    walk(source.tree, (node) => {
      const spec = ts.isCallExpression(node) && isNamed(node.expression, define) ? node.arguments[0] : undefined
      if (!spec || !ts.isObjectLiteralExpression(spec)) return
      found.push({ file: source.path, at: placeOf(source, node), name: textsOf(spec, 'name')[0] ?? '', aliases: textsOf(spec, 'aliases') })
    })
  }
  return found
}

function textsOf(spec: ts.ObjectLiteralExpression, key: string): string[] {
  const property = spec.properties.find((one): one is ts.PropertyAssignment => ts.isPropertyAssignment(one) && isNamed(one.name, key))
  const values = property && ts.isArrayLiteralExpression(property.initializer) ? property.initializer.elements : property ? [property.initializer] : []
  return values.flatMap((value) => (ts.isStringLiteralLike(value) ? [value.text] : []))
}

/** Plug-ins that their index or the registry does not have, and files that declare none or several. */
export function registryComplaints(sources: readonly Source[], folder: string, define: string, registered: readonly string[]): string[] {
  const index = `src/${folder}/index.ts`
  const declared = declarationsOf(sources, folder, define)
  const complaints: string[] = []
  for (const { at, file, name } of declared) {
    if (name === '') complaints.push(`${at}: the name of the plug-in is not written as a plain string: write it out`)
    else if (!registered.includes(name)) complaints.push(`${at}: "${name}" is not registered: import it in ${index} and add it to the list there`)
    if (declared.some((other) => other.file === file && other.at !== at)) complaints.push(`${at}: ${file} declares several plug-ins: one file, one plug-in`)
  }
  for (const name of registered) if (!declared.some((one) => one.name === name)) complaints.push(`"${name}" is in ${index}, but no file of src/${folder} declares it by ${define}({ name: '${name}', … })`)
  return complaints
}

/** The words by which one fault is known: its name, its aliases, and the flags and variables made from them. */
export interface FaultWords {
  readonly name: string
  readonly file: string
  readonly names: readonly string[]
  readonly options: readonly string[]
}

/**
 * A fault's name, alias, flag or variable in a string outside its own file. A list exists once: whoever needs the faults
 * reads the registry.
 */
export function faultNameComplaints(sources: readonly Source[], faults: readonly FaultWords[], meanings: readonly OtherMeaning[] = OTHER_MEANINGS): string[] {
  const complaints: string[] = []
  const needed = new Set<OtherMeaning>()
  for (const source of sources.filter(isProduct)) {
    walk(source.tree, (node) => {
      const text = textOf(node)
      if (text === undefined || text === '') return
      for (const { file, name, names, options } of faults) {
        const word = file === source.path ? undefined : names.find((one) => isOrBegins(text, one)) ?? options.find((one) => hasWord(text, one))
        if (word === undefined) continue
        const meaning = meanings.find((one) => one.word === word && source.path.startsWith(one.where))
        if (meaning) needed.add(meaning)
        else complaints.push(`${placeOf(source, node)}: '${word}' is the fault ${name}, which only ${file} knows: use the registry or the spec's own data; if the word means something else here, say so in OTHER_MEANINGS of test/architecture/folders.ts`)
      }
    })
  }
  for (const meaning of meanings) if (!needed.has(meaning)) complaints.push(`'${meaning.word}' in ${meaning.where} needs no exception: remove it from OTHER_MEANINGS in test/architecture/folders.ts`)
  return complaints
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return isSpecifier(node) ? undefined : node.text
  return ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node) ? node.text : undefined
}

const isSpecifier = ({ parent }: ts.Node): boolean => ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || (ts.isCallExpression(parent) && parent.expression.kind === ts.SyntaxKind.ImportKeyword)

/** `packetLoss` and `packet_loss` are `packet-loss`; `latency mean=200ms` is a latency. */
function isOrBegins(text: string, name: string): boolean {
  const kebab = text.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-')
  return kebab === name || (text.startsWith(`${name} `) && /\s[A-Za-z][\w-]*=/.test(text))
}

/** The word as a whole: `--latency-mean` is not in `--latency-mean-of`. */
function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!/[\w-]/.test(text[at - 1] ?? ' ') && !/[\w-]/.test(text[at + word.length] ?? ' ')) return true
  }
  return false
}

/** What data files say about faults that is not so. `problemOf` says what is wrong with a name or a text like `--fault` takes. */
export function faultDataComplaints(files: readonly TextFile[], problemOf: (text: string) => string | undefined): string[] {
  return files.flatMap(({ path, text }) => {
    const named = new Set<string>()
    eachObject(JSON.parse(text), ({ fault, faults }) => {
      for (const one of [fault, ...asList(faults).map((item) => (isObject(item) ? item['name'] : item))]) if (typeof one === 'string') named.add(one)
    })
    return [...named].flatMap((one) => {
      const problem = problemOf(one)
      return problem === undefined ? [] : [`${path} says "${one}": ${problem}; correct it, or run npm run generate if the file is generated`]
    })
  })
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value as unknown[] : [])

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

function eachObject(value: unknown, visit: (object: Readonly<Record<string, unknown>>) => void): void {
  if (Array.isArray(value)) for (const item of value as unknown[]) eachObject(item, visit)
  else if (isObject(value)) {
    visit(value)
    for (const item of Object.values(value)) eachObject(item, visit)
  }
}
