import ts from 'typescript'
import { AMBIENT, MAX_FILE_LINES, MAX_FUNCTION_LINES, type AmbientRule } from './folders.ts'
import { isNamed, isProduct, placeOf, walk, type Source, type TextFile } from './source.ts'

/** Uses of what belongs to the whole process, where it is to be passed in. */
export function ambientComplaints(sources: readonly Source[], rules: readonly AmbientRule[] = AMBIENT): string[] {
  const complaints: string[] = []
  for (const source of sources.filter(isProduct)) {
    walk(source.tree, (node) => {
      const name = ambientName(node)
      const rule = name === undefined ? undefined : rules.find((one) => one.name === name || one.name === name.replace(/^globalThis\./, ''))
      if (!rule || rule.only.some((place) => source.path.startsWith(place))) return
      complaints.push(`${placeOf(source, node)}: uses ${rule.name}${rule.only.length > 0 ? `, which only ${rule.only.join(', ')} may` : ''}: ${rule.instead}`)
    })
  }
  return complaints
}

/** What a node says as a global, written as in the table. */
function ambientName(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node)) return isNamed(node.expression, 'Date') && (node.arguments?.length ?? 0) === 0 ? 'new Date()' : undefined
  if (ts.isPropertyAccessExpression(node)) return ts.isIdentifier(node.expression) ? `${node.expression.text}.${node.name.text}` : undefined
  if (ts.isElementAccessExpression(node)) return ts.isIdentifier(node.expression) && ts.isStringLiteralLike(node.argumentExpression) ? `${node.expression.text}.${node.argumentExpression.text}` : undefined
  if (ts.isStringLiteralLike(node) && ts.isImportDeclaration(node.parent)) return node.text.replace(/^node:/, '') === 'process' ? 'process' : undefined
  return ts.isIdentifier(node) && isUsed(node) ? node.text : undefined
}

/** False for the name of a member, which says nothing about the global of that name. */
function isUsed(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  const isMember = ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent) || ts.isPropertySignature(parent) || ts.isMethodDeclaration(parent)
    || ts.isMethodSignature(parent) || ts.isGetAccessor(parent) || ts.isSetAccessor(parent)
  return !(isMember && parent.name === node) && !(ts.isBindingElement(parent) && parent.propertyName === node) && !ts.isQualifiedName(parent)
}

/** Files and functions that have grown too long. Tests may have long functions, not long files. */
export function lengthComplaints(sources: readonly Source[], maxFile = MAX_FILE_LINES, maxFunction = MAX_FUNCTION_LINES): string[] {
  const complaints: string[] = []
  for (const source of sources) {
    const { path, text, tree } = source
    const lines = text.replace(/\n$/, '').split('\n').length
    if (lines > maxFile) complaints.push(`${path} has ${lines} lines, of at most ${maxFile}: find the second idea in it and give it a file`)
    if (!isProduct(source)) continue
    walk(tree, (node) => {
      if (!ts.isFunctionLike(node)) return
      const length = 1 + tree.getLineAndCharacterOfPosition(node.end).line - tree.getLineAndCharacterOfPosition(node.getStart(tree)).line
      if (length > maxFunction) complaints.push(`${placeOf(source, node)}: a function of ${length} lines, of at most ${maxFunction}: keep the decisions, move the steps into functions of their own`)
    })
  }
  return complaints
}

/** Written so that this file does not complain about itself. */
const UNWANTED: readonly { readonly pattern: RegExp; readonly what: string; readonly instead: string }[] = [
  { pattern: /\b(?:TO(?:DO)|FIX(?:ME))\b/, what: 'a note to do something later', instead: 'do it, or open an issue' },
  { pattern: /(?:registry\.(?:npmjs|yarnpkg)\.|\bnpmjs\.org\b|proxy\.golang\.)/, what: 'the host of a package registry', instead: 'leave it to the configuration of the package manager' },
  { pattern: /(?<![\w.:/*])\/(?:home|Users|root|work|workspace)\/[\w.-]+|\b[A-Z]:\\Users\\/, what: 'a path of one particular machine', instead: 'make it relative, or take it from os.tmpdir() or the Host' },
]

/** Words that do not belong into the repository. `places` are further texts, such as the folder it is in, that name a machine. */
export function textComplaints(files: readonly TextFile[], places: readonly string[] = []): string[] {
  return files.flatMap(({ path, text }) => text.split('\n').flatMap((line, index) => {
    const found = UNWANTED.find(({ pattern }) => pattern.test(line)) ?? (places.some((place) => line.includes(place)) ? UNWANTED[2] : undefined)
    return found ? [`${path}:${index + 1}: ${found.what}: ${found.instead}`] : []
  }))
}
