import type { Catalogue } from '../../derive/catalogue.ts'
import { checkNames } from '../../derive/spelling.ts'
import type { OptionSpec } from '../../derive/option.ts'
import { compatOption, demoSettings, explainFormat, faultOption, globalSettings, runSettings, uiSettings } from './options.ts'

export type Action = 'run' | 'demo' | 'tour' | 'explain' | 'doctor' | 'completion' | 'group'

export interface Operand {
  readonly name: string
  readonly summary: string
  readonly choices?: readonly string[]
  /** The option it is another way to give. */
  readonly flag?: string
  readonly isRequired?: boolean
}

export interface CommandSpec {
  readonly path: readonly string[]
  /** Another path that means it, not shown. */
  readonly alias?: readonly string[]
  readonly action: Action
  readonly summary: string
  readonly operands: readonly Operand[]
  /** Its own; the global ones come with every command. */
  readonly options: readonly OptionSpec[]
  readonly examples: readonly (readonly [command: string, what: string])[]
}

const values = (settings: object): OptionSpec[] => Object.values(settings) as OptionSpec[]

const HELP = { env: undefined, kind: 'switch', placeholder: '', choices: [], group: 'Global options' } as const
const plainSwitch = (flag: string, summary: string, short?: string): OptionSpec => {
  const { env: _, ...rest } = HELP
  return { ...rest, flag, summary, ...(short !== undefined && { short }) }
}

/** Accepted with every command, before and after it. */
export const globalOptions: readonly OptionSpec[] = [
  ...values(globalSettings), explainFormat,
  plainSwitch('--help', 'Print help', '-h'), plainSwitch('--help-all', 'Print help with every option there is'), plainSwitch('--version', 'Print the version', '-V'),
]

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const

/** The whole command line. Fails when two options of one command share a flag or two of the program a variable. */
export function commandsOf(catalogue: Catalogue): readonly CommandSpec[] {
  const faults = catalogue.flatMap(({ options }) => options)
  const commands: CommandSpec[] = [
    {
      path: ['run'], alias: ['run', 'proxy'], action: 'run', summary: 'Run the proxy with faults', operands: [],
      options: [...values(uiSettings), ...values(runSettings), faultOption, ...faults],
      examples: runExamples(catalogue),
    },
    { path: ['demo'], action: 'group', summary: 'A demo application to put the proxy in front of', operands: [], options: [], examples: [['fault demo run', 'the demo on http://127.0.0.1:7070']] },
    {
      path: ['demo', 'run'], action: 'demo', summary: 'Run the demo application',
      operands: [{ name: 'ADDRESS', summary: 'Address to listen on', flag: '--address' }, { name: 'PORT', summary: 'Port to listen on', flag: '--port' }],
      options: values(demoSettings),
      examples: [['fault demo run', 'on http://127.0.0.1:7070'], ['fault demo run 0.0.0.0 8080 --ping-url self', 'on every address, without the network']],
    },
    { path: ['tour'], action: 'tour', summary: 'See it work in ten seconds', operands: [], options: [], examples: [['fault tour', 'the demo, called directly and through a proxy with a fault']] },
    {
      path: ['explain'], action: 'explain', summary: 'Say what a fault does, takes and costs in faithfulness',
      operands: [{ name: 'FAULT', summary: 'Name of a fault; without one, all are listed', choices: catalogue.map(({ name }) => name) }], options: [],
      examples: [['fault explain', 'all faults'], ...catalogue.slice(0, 1).map(({ name }) => [`fault explain ${name}`, 'everything about one'] as const)],
    },
    { path: ['doctor'], action: 'doctor', summary: 'Say what works on this machine', operands: [], options: [compatOption], examples: [['fault doctor', 'platform and transports'], ['fault doctor --compat', 'what is documented and not built yet']] },
    {
      path: ['completion'], action: 'completion', summary: 'Print a completion script', operands: [{ name: 'SHELL', summary: 'The shell', choices: SHELLS, isRequired: true }], options: [],
      examples: [['source <(fault completion bash)', 'completion in this shell']],
    },
  ]
  check(commands)
  return commands
}

/** Made of the faults' own examples: the command line knows none of them by name. */
function runExamples(catalogue: Catalogue): CommandSpec['examples'] {
  const [first, second, third] = catalogue
  const line = (...words: readonly string[]): string => ['fault', 'run', ...words].map(shellWord).join(' ')
  return [
    ...(first ? [[line(...first.example.flags), first.example.means] as const] : []),
    ...(second ? [[line('--proxy', '5433=psql://localhost:5432', ...second.example.flags), `on port 5433, in front of a database: ${second.example.means}`] as const] : []),
    ...(third ? [[line('--duration', '60s', '--fault', `${third.example.text} sched=start:10s,duration:20s`), `for twenty seconds of a minute: ${third.example.means}`] as const] : []),
  ]
}

/** A word as a shell takes it. */
export const shellWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

function check(commands: readonly CommandSpec[]): void {
  const options = everyOption(commands)
  checkNames('the command line', options)
  checkNames('the environment', options.flatMap(({ env, envAliases = [] }) => [env, ...envAliases].flatMap((name) => (name === undefined ? [] : [{ flag: name }]))))
}

export const nameOf = ({ path }: Pick<CommandSpec, 'path'>): string => ['fault', ...path].join(' ')

/** The command with the longest path that the operands begin with. */
export function findCommand(commands: readonly CommandSpec[], operands: readonly string[]): { command: CommandSpec; rest: readonly string[] } | undefined {
  const fitting = commands.flatMap((command) => [command.path, ...(command.alias ? [command.alias] : [])]
    .filter((path) => path.every((word, index) => operands[index] === word))
    .map((path) => ({ command, rest: operands.slice(path.length) })))
  return fitting.sort((a, b) => a.rest.length - b.rest.length)[0]
}

/** Every option of every command. */
export const everyOption = (commands: readonly CommandSpec[]): OptionSpec[] => [...globalOptions, ...commands.flatMap(({ options }) => options)]
