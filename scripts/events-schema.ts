import path from 'node:path'
import ts from 'typescript'

type Json = Record<string, unknown>

/** JSON Schema (2020-12) of one event, read from the types in `file`: an interface `Events`, from name to data. */
export function eventsSchema(file: string): Json {
  const program = ts.createProgram([file], { strict: true, exactOptionalPropertyTypes: true, noEmit: true, lib: ['lib.esnext.d.ts'], types: [], allowImportingTsExtensions: true, module: ts.ModuleKind.NodeNext })
  const source = program.getSourceFile(file)
  const declaration = source?.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === 'Events')
  if (!declaration) throw new Error(`${path.basename(file)} has no interface Events`)
  const reader = new TypeReader(program.getTypeChecker())
  const events = reader.membersOf(declaration)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'event',
    description: 'One event of a run: a line of --events',
    oneOf: events.map(({ name }) => ({ $ref: `#/$defs/${name}` })),
    $defs: { ...Object.fromEntries(events.map(({ name, type, description }) => [name, reader.event(name, type, description)])), ...reader.named },
  }
}

interface Member { readonly name: string; readonly type: ts.Type; readonly description: string; readonly isOptional: boolean }

class TypeReader {
  readonly #checker: ts.TypeChecker
  /** Interfaces that other types are made of, by name. */
  readonly named: Json = {}

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker
  }

  membersOf(node: ts.Node): Member[] {
    return this.#members(this.#checker.getTypeAtLocation(node))
  }

  event(name: string, type: ts.Type, description: string): Json {
    const { properties, required, ...rest } = this.#object(type)
    return {
      ...described(description), ...rest,
      properties: { event: { const: name }, atMs: { description: 'Milliseconds since the run began', type: 'number' }, ...properties as Json },
      required: ['event', 'atMs', ...required as string[]],
    }
  }

  #members(type: ts.Type): Member[] {
    return this.#checker.getPropertiesOfType(type).map((symbol) => ({
      name: symbol.name, type: this.#checker.getTypeOfSymbol(symbol), description: this.#words(symbol), isOptional: (symbol.flags & ts.SymbolFlags.Optional) !== 0,
    }))
  }

  #words(symbol: ts.Symbol): string {
    return ts.displayPartsToString(symbol.getDocumentationComment(this.#checker)).trim()
  }

  #object(type: ts.Type): Json {
    const members = this.#members(type)
    return {
      type: 'object',
      properties: Object.fromEntries(members.map(({ name, type: of, description }) => [name, { ...described(description), ...this.#schema(of) }])),
      required: members.filter(({ isOptional }) => !isOptional).map(({ name }) => name),
      additionalProperties: false,
    }
  }

  #schema(type: ts.Type): Json {
    if (type.isUnion()) return this.#union(type.types.filter(({ flags }) => !(flags & ts.TypeFlags.Undefined)))
    const plain = PLAIN.find(([flag]) => type.flags & flag)?.[1]
    if (plain) return { type: plain }
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value }
    const [item] = this.#checker.isArrayType(type) ? this.#checker.getTypeArguments(type as ts.TypeReference) : []
    if (item) return { type: 'array', items: this.#schema(item) }
    if (type.isClassOrInterface()) return this.#reference(type)
    if (type.flags & ts.TypeFlags.Object && this.#checker.getSignaturesOfType(type, ts.SignatureKind.Call).length === 0) return this.#object(type)
    throw new Error(`no JSON can be of the type ${this.#checker.typeToString(type)}`)
  }

  #reference(type: ts.InterfaceType): Json {
    this.named[type.symbol.name] ??= { ...described(this.#words(type.symbol)), ...this.#object(type) }
    return { $ref: `#/$defs/${type.symbol.name}` }
  }

  #union(parts: readonly ts.Type[]): Json {
    const [only] = parts
    if (only && parts.length === 1) return this.#schema(only)
    if (parts.every(({ flags }) => flags & ts.TypeFlags.BooleanLike)) return { type: 'boolean' }
    if (parts.every((part) => part.isStringLiteral())) return { enum: parts.map(({ value }) => value) }
    const schemas = parts.map((part) => this.#schema(part))
    const types = schemas.map((schema) => schema['type'])
    return schemas.every((schema) => Object.keys(schema).length === 1 && schema['type'] !== undefined) ? { type: types } : { anyOf: schemas }
  }
}

const PLAIN: readonly (readonly [ts.TypeFlags, string])[] = [
  [ts.TypeFlags.String, 'string'], [ts.TypeFlags.Number, 'number'], [ts.TypeFlags.BooleanLike, 'boolean'], [ts.TypeFlags.Null, 'null'],
]

const described = (description: string): Json => (description === '' ? {} : { description: description.replaceAll('\n', ' ') })
