import { signature, type OptionSpec } from '../../derive/option.ts'
import { twoColumns } from '../../kit/text-table.ts'
import { globalOptions, nameOf, type CommandSpec } from './commands.ts'

export interface HelpOptions {
  /** Options that are rarely needed, and each one's variable. */
  readonly all: boolean
  readonly columns: number
}

/** Help of the program as a whole. */
export function programHelp(commands: readonly CommandSpec[], { columns, all }: HelpOptions): string {
  const width = Math.min(columns, 120)
  const shown = commands.filter(({ path, action }) => path.length > 1 || action !== 'group')
  const run = shown.find(({ action }) => action === 'run')
  return [
    'fault puts controlled network faults between a program and what it depends on.', '',
    'Usage: fault [OPTIONS] COMMAND', '',
    'Commands', twoColumns(shown.map(({ path, operands, summary }) => [[...path, ...operands.map(shownOperand)].join(' '), summary]), { width }), '',
    ...sections(globalOptions, { all, width }),
    'Examples', ...examples([...(run?.examples.slice(0, 2) ?? []), ...shown.filter(({ action }) => action !== 'run').map(({ examples: [first] }) => first!)], width), '',
    'fault run --help shows the documented faults, fault run --help-all every one.', '',
  ].join('\n')
}

/** Help of one command. */
export function commandHelp(command: CommandSpec, commands: readonly CommandSpec[], { columns, all }: HelpOptions): string {
  const width = Math.min(columns, 120)
  const { operands, options, path } = command
  const children = commands.filter((other) => other.path.length === path.length + 1 && path.every((word, index) => other.path[index] === word))
  const tail = children.length > 0 ? ['COMMAND'] : operands.map(shownOperand)
  return [
    `${command.summary}.`, '',
    `Usage: ${[nameOf(command), '[OPTIONS]', ...tail].join(' ')}`, '',
    ...(children.length > 0 ? ['Commands', twoColumns(children.map((child) => [[child.path.at(-1), ...child.operands.map(shownOperand)].join(' '), child.summary]), { width }), ''] : []),
    ...(operands.length > 0 ? ['Arguments', twoColumns(operands.map(({ name, summary, choices }) => [name, withChoices(summary, choices)]), { width }), ''] : []),
    ...sections([...options, ...globalOptions], { all, width }),
    'Examples', ...examples(command.examples, width), '',
    ...(all || !options.some(({ isMore }) => isMore) ? [] : [`${nameOf(command)} --help-all shows everything, and the variable of each option.`, '']),
  ].join('\n')
}

const shownOperand = ({ name, isRequired = false }: { readonly name: string; readonly isRequired?: boolean }): string => (isRequired ? name : `[${name}]`)

const withChoices = (summary: string, choices: readonly string[] = []): string => (choices.length > 0 ? `${summary} (${choices.join(', ')})` : summary)

function sections(options: readonly OptionSpec[], { all, width }: { readonly all: boolean; readonly width: number }): string[] {
  const groups = new Map<string, OptionSpec[]>()
  for (const option of options) {
    if (option.isMore && !all) continue
    const group = groups.get(option.group)
    if (group) group.push(option)
    else groups.set(option.group, [option])
  }
  return [...groups].flatMap(([title, group]) => [title, twoColumns(group.map((option) => row(option, all)), { width, leftMax: 34 }), ''])
}

function row(option: OptionSpec, all: boolean): [string, string] {
  const { summary, default: fallback, env, kind } = option
  const notes = [
    ...(fallback !== undefined && kind !== 'switch' ? [`default ${fallback}`] : []),
    ...(all && env !== undefined ? [env] : []),
  ]
  const indented = option.short === undefined ? `    ${signature(option)}` : signature(option)
  return [indented, notes.length > 0 ? `${summary} [${notes.join(', ')}]` : summary]
}

function examples(list: CommandSpec['examples'], width: number): string[] {
  return list.flatMap(([command, what]) => [`  ${command}`, twoColumns([['', what]], { indent: 6, width, leftMax: 0 })])
}
