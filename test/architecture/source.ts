import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

/** A file, by its path from the root of the repository, with forward slashes. */
export interface TextFile {
  readonly path: string
  readonly text: string
}

export interface Source extends TextFile {
  readonly tree: ts.SourceFile
}

export const sourceOf = ({ path: name, text }: TextFile): Source => ({ path: name, text, tree: ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true) })

export const isTest = ({ path: name }: TextFile): boolean => name.endsWith('.test.ts')
/** What is shipped: src without the tests beside it. */
export const isProduct = (file: TextFile): boolean => file.path.startsWith('src/') && file.path.endsWith('.ts') && !isTest(file)

/** `src/engine/chain.ts:12`. */
export function placeOf({ path: name, tree }: Source, node: ts.Node): string {
  return `${name}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}`
}

export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/** One place that makes another module part of this one. */
export interface Import {
  readonly at: string
  /** As written; undefined: not written as a plain string. */
  readonly specifier: string | undefined
  /** It is gone when the types are. */
  readonly isType: boolean
}

/** Static, dynamic and type imports, re-exports, `require`. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  const add = (node: ts.Node, specifier: ts.Node | undefined, isType: boolean): void => {
    found.push({ at: placeOf(source, node), specifier: specifier && ts.isStringLiteralLike(specifier) ? specifier.text : undefined, isType })
  }
  walk(source.tree, (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node, node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node)) add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
    else if (ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || isNamed(node.expression, 'require'))) add(node, node.arguments[0], false)
  })
  return found
}

export const isNamed = (node: ts.Node, name: string): boolean => ts.isIdentifier(node) && node.text === name

/** `./x.ts` in `src/a/b.ts` is `src/a/x.ts`; undefined for what comes from outside the repository. */
export function targetOf(source: TextFile, specifier: string): string | undefined {
  return specifier.startsWith('.') ? path.posix.join(path.posix.dirname(source.path), specifier) : undefined
}

/** Every file and folder under `root` that git would not ignore; folders end in `/`. */
export function listRepository(root: string): string[] {
  const ignored = ['.git', ...readFileSync(path.join(root, '.gitignore'), 'utf8').split('\n').map((line) => line.trim().replace(/\/$/, '')).filter((line) => line !== '')]
  const isIgnored = (name: string): boolean => ignored.some((rule) => rule === name || rule === path.posix.basename(name) || (rule.startsWith('*') && name.endsWith(rule.slice(1))))
  const found: string[] = []
  const look = (folder: string): void => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = `${folder}${entry.name}`
      if (isIgnored(name)) continue
      found.push(entry.isDirectory() ? `${name}/` : name)
      if (entry.isDirectory()) look(`${name}/`)
    }
  }
  look('')
  return found.sort()
}
