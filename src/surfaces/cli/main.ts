import type { Catalogue } from '../../derive/catalogue.ts'
import generated from '../../derive/catalogue.json' with { type: 'json' }
import type { Given } from '../../derive/option.ts'
import { quoted } from '../../kit/caret.ts'
import { closest } from '../../kit/did-you-mean.ts'
import { EXIT, UserError } from '../../kit/errors.ts'
import type { Host } from '../../kit/host.ts'
import type { Builtins } from '../../runtime/builtins.ts'
import { closestFlag, givenByFlags, readWords, type FlagWord, type Word } from './arguments.ts'
import { commandsOf, everyOption, findCommand, globalOptions, nameOf, shellWord, type CommandSpec } from './commands.ts'
import { givenByVariables, readVariables } from './environment.ts'
import { lazily, type LazyBuiltins } from './lazy.ts'
import { printError } from './print-error.ts'

/** A command with all that was given for it. */
export interface Invocation {
  readonly host: Host
  readonly builtins: LazyBuiltins
  readonly version: string
  readonly catalogue: Catalogue
  readonly commands: readonly CommandSpec[]
  readonly command: CommandSpec
  readonly given: ReadonlyMap<string, Given>
  readonly operands: readonly string[]
  readonly notes: readonly string[]
}

const { version, faults } = generated as unknown as { version: string; faults: Catalogue }

/** The command line; resolves with the exit code. Everything else is loaded when it is needed. */
export async function main(host: Host, builtins: Builtins | LazyBuiltins): Promise<number> {
  let words: readonly Word[] = []
  try {
    const commands = commandsOf(faults)
    words = readWords(host.argv, everyOption(commands))
    return await dispatch(host, lazily(builtins), commands, words)
  } catch (error) {
    return printError(host, error, usesColor(host, words))
  }
}

async function dispatch(host: Host, builtins: LazyBuiltins, commands: readonly CommandSpec[], words: readonly Word[]): Promise<number> {
  const operands = words.flatMap((word) => (word.kind === 'operand' ? [word.text] : []))
  if (has(words, '--version')) return print(host, `fault ${version}\n`)
  const asksHelp = operands[0] === 'help' || has(words, '--help') || has(words, '--help-all')
  const path = operands[0] === 'help' ? operands.slice(1) : operands
  const found = findCommand(commands, path)
  if (!found) {
    if (path.length > 0 || words.some(isUnknown)) throw await noCommand(host, commands, words, path)
    return asksHelp ? help(host, commands, undefined, words) : bare(host, commands, words)
  }
  const { command, rest } = found
  if (command.action === 'group' && rest.length > 0) throw await noCommand(host, commands, words, path)
  if (asksHelp) return help(host, commands, command, words)
  if (command.action === 'group') return help(host, commands, command, words, EXIT.usage)
  await refuseStrangers(commands, command, words, rest)
  return perform(await invocation({ host, builtins, version, catalogue: faults, commands, command }, words, rest))
}

const has = (words: readonly Word[], flag: string): boolean => words.some((word) => word.kind === 'flag' && word.option?.flag === flag && word.value !== 'false')
const isUnknown = (word: Word): word is FlagWord => word.kind === 'flag' && word.option === undefined

function print({ stdout }: Host, text: string): number {
  stdout.write(text)
  return EXIT.ok
}

async function help(host: Host, commands: readonly CommandSpec[], command: CommandSpec | undefined, words: readonly Word[], exitCode: number = EXIT.ok): Promise<number> {
  const { commandHelp, programHelp } = await import('./help.ts')
  const output = exitCode === EXIT.ok ? host.stdout : host.stderr
  const options = { all: has(words, '--help-all'), columns: output.columns ?? 100 }
  output.write(command ? commandHelp(command, commands, options) : programHelp(commands, options))
  return exitCode
}

/** No command: help, or the command that the flags are for. */
async function bare(host: Host, commands: readonly CommandSpec[], words: readonly Word[]): Promise<number> {
  const own = words.filter((word) => word.kind === 'flag' && word.option && !globalOptions.includes(word.option))
  if (own.length > 0) throw missingCommand(host, commands, own)
  return help(host, commands, undefined, words, EXIT.usage)
}

function missingCommand(host: Host, commands: readonly CommandSpec[], own: readonly Word[]): UserError {
  const wanted = commands.find(({ options }) => own.every((word) => word.kind === 'flag' && options.includes(word.option!))) ?? commands[0]!
  return new UserError('MISSING_COMMAND', 'a command is missing', { hint: [nameOf(wanted), ...host.argv.map(shellWord)].join(' ') })
}

async function noCommand(host: Host, commands: readonly CommandSpec[], words: readonly Word[], path: readonly string[]): Promise<UserError> {
  const { unbuiltCommand, unbuiltFlag } = await import('./unbuilt.ts')
  const unbuilt = unbuiltCommand(path)
  if (unbuilt) return unbuilt
  const flag = words.find(isUnknown)
  if (flag) return unbuiltFlag([], flag) ?? unknownFlag(flag, everyOption(commands), 'fault --help')
  const known = [...new Set(commands.map((command) => command.path.slice(0, path.length).join(' ')))]
  const meant = closest(path.join(' '), known)
  const own = words.filter((word) => word.kind === 'flag' && word.option && !globalOptions.includes(word.option))
  const hint = meant ? `did you mean fault ${meant}?` : own.length > 0 ? missingCommand(host, commands, own).hint : 'fault --help lists the commands'
  return new UserError('UNKNOWN_COMMAND', `no command is called ${quoted(path.join(' '))}`, { hint })
}

function unknownFlag({ name }: FlagWord, options: readonly CommandSpec['options'][number][], help: string): UserError {
  const meant = closestFlag(name, options)
  return new UserError('UNKNOWN_FLAG', `no flag is called ${name}`, { hint: meant ? `did you mean ${meant}?` : `${help} lists the flags` })
}

/** Refuses flags and operands that the command does not have. */
async function refuseStrangers(commands: readonly CommandSpec[], command: CommandSpec, words: readonly Word[], operands: readonly string[]): Promise<void> {
  const own = [...globalOptions, ...command.options]
  const strange = words.find((word): word is FlagWord => word.kind === 'flag' && (word.option === undefined || !own.includes(word.option)))
  const extra = operands[command.operands.length]
  if (!strange && extra === undefined) return
  const { unbuiltCommand, unbuiltFlag, unbuiltOperand } = await import('./unbuilt.ts')
  const unbuilt = extra === undefined ? undefined : unbuiltCommand([...command.path, ...operands])
  if (unbuilt) throw unbuilt
  if (strange) {
    const home = strange.option && commands.find(({ options }) => options.includes(strange.option!))
    throw unbuiltFlag(command.path, strange) ?? (home
      ? new UserError('MISPLACED_FLAG', `${strange.name} is no flag of ${nameOf(command)}`, { hint: `it is one of ${nameOf(home)}` })
      : unknownFlag(strange, own, `${nameOf(command)} --help`))
  }
  throw unbuiltOperand(command.path, extra!) ?? new UserError('EXTRA_ARGUMENT', `${nameOf(command)} does not take ${quoted(extra!)}`, { hint: `${nameOf(command)} --help` })
}

async function invocation(known: Omit<Invocation, 'given' | 'operands' | 'notes'>, words: readonly Word[], operands: readonly string[]): Promise<Invocation> {
  const { host, command, commands } = known
  const options = [...globalOptions, ...command.options]
  const byFlag = givenByFlags(words)
  for (const [index, text] of operands.entries()) {
    const { flag, name } = command.operands[index]!
    if (flag === undefined) continue
    if (byFlag.has(flag)) throw new UserError('GIVEN_TWICE', `${name} is given twice, as ${quoted(text)} and by ${flag}`, { hint: 'keep one of them' })
    byFlag.set(flag, { values: [text], source: 'flag', name: flag })
  }
  const variables = readVariables(host.env, everyOption(commands))
  const notes = [...variables.notes]
  if (variables.strangers.length > 0) {
    const { unbuiltVariable, strangerNotes } = await import('./unbuilt.ts')
    const unbuilt = startsSomething(command) ? unbuiltVariable(command.path, variables) : undefined
    if (unbuilt) throw unbuilt
    notes.push(...strangerNotes(variables.strangers, everyOption(commands)))
  }
  return { ...known, operands, notes, given: new Map([...givenByVariables(variables, options, byFlag), ...byFlag]) }
}

const startsSomething = ({ action }: CommandSpec): boolean => action === 'run' || action === 'demo'

async function perform(call: Invocation): Promise<number> {
  switch (call.command.action) {
    case 'run': return (await import('./run.ts')).run(call)
    case 'demo': return (await import('./demo-command.ts')).demoCommand(call)
    case 'tour': return (await import('./tour-command.ts')).tourCommand(call.host, await call.builtins.all())
    case 'explain': return (await import('./explain.ts')).explainCommand(call)
    case 'doctor': return (await import('./doctor.ts')).doctorCommand(call)
    case 'completion': return (await import('./completion.ts')).completionCommand(call)
    case 'group': return EXIT.usage
  }
}

function usesColor({ env, stderr }: Host, words: readonly Word[]): boolean {
  const given = words.findLast((word) => word.kind === 'flag' && word.option?.flag === '--color')
  const choice = given?.kind === 'flag' ? given.value : env['FAULT_COLOR']
  if (choice === 'always' || choice === 'never') return choice === 'always'
  return (env['NO_COLOR'] ?? '') === '' && stderr.isTTY === true
}
