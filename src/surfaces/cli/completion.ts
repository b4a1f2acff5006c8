import type { OptionSpec } from '../../derive/option.ts'
import { quoted } from '../../kit/caret.ts'
import { EXIT, UserError } from '../../kit/errors.ts'
import { globalOptions, SHELLS, type CommandSpec } from './commands.ts'
import type { Invocation } from './main.ts'

/** `fault completion SHELL`: prints the script. */
export async function completionCommand({ host, commands, operands: [shell] }: Invocation): Promise<number> {
  const generate = shell === undefined ? undefined : generators[shell.toLowerCase() as (typeof SHELLS)[number]]
  if (!generate) {
    const message = shell === undefined ? 'a shell is missing' : `there is no completion for ${quoted(shell)}`
    throw new UserError('UNKNOWN_SHELL', message, { hint: `write one of ${SHELLS.join(', ')}` })
  }
  host.stdout.write(generate(levelsOf(commands)))
  return EXIT.ok
}

/** What may be written behind one path of commands. */
interface Level {
  readonly path: string
  readonly words: readonly (readonly [word: string, summary: string])[]
  readonly options: readonly OptionSpec[]
}

function levelsOf(commands: readonly CommandSpec[]): Level[] {
  const root: Level = { path: '', words: childrenOf(commands, []), options: globalOptions }
  return [root, ...commands.map((command) => ({
    path: command.path.join(' '),
    words: [...childrenOf(commands, command.path), ...command.operands.flatMap(({ choices = [] }) => choices.map((word) => [word, ''] as const))],
    options: [...command.options, ...globalOptions],
  }))]
}

function childrenOf(commands: readonly CommandSpec[], path: readonly string[]): [string, string][] {
  return commands.filter((child) => child.path.length === path.length + 1 && path.every((word, index) => child.path[index] === word))
    .map((child) => [child.path.at(-1)!, child.summary])
}

/** Options that take a value, by what completes it. */
function valued(levels: readonly Level[]): { readonly byChoice: ReadonlyMap<string, readonly string[]>; readonly files: readonly string[]; readonly free: readonly string[] } {
  const byChoice = new Map<string, string[]>()
  const files = new Set<string>()
  const free = new Set<string>()
  for (const option of levels.flatMap(({ options }) => options)) {
    if (option.kind === 'switch' || option.implied !== undefined) continue
    const names = [option.flag, ...(option.short === undefined ? [] : [option.short])]
    if (option.choices.length > 0) {
      const words = option.choices.join(' ')
      byChoice.set(words, [...new Set([...(byChoice.get(words) ?? []), ...names])])
    } else for (const name of names) (option.placeholder === 'file' ? files : free).add(name)
  }
  return { byChoice, files: [...files], free: [...free] }
}

const steps = (levels: readonly Level[]): string[] => levels.map(({ path }) => path).filter((path) => path !== '')
const before = (path: string): string => path.split(' ').slice(0, -1).join(' ')
const last = (path: string): string => path.split(' ').at(-1)!
const flagsOf = ({ options }: Level): string[] => options.flatMap(({ flag, short }) => (short === undefined ? [flag] : [flag, short]))
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

function bash(levels: readonly Level[]): string {
  const { byChoice, files, free } = valued(levels)
  return `# bash completion for fault
_fault() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" word words=""
  COMPREPLY=()
  if [[ $cur == "=" ]]; then cur=""; elif [[ $prev == "=" ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at/$word" in
${steps(levels).map((path) => `      ${quote(`${before(path)}/${last(path)}`)}) at=${quote(path)} ;;`).join('\n')}
    esac
  done
  case "$prev" in
${[...byChoice].map(([words, names]) => `    ${names.join('|')}) COMPREPLY=($(compgen -W ${quote(words)} -- "$cur")); return ;;`).join('\n')}
    ${files.join('|')}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    ${free.join('|')}) return ;;
  esac
  case "$at" in
${levels.map((level) => `    ${quote(level.path)}) words=${quote([...level.words.map(([word]) => word), ...flagsOf(level)].join(' '))} ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _fault fault
`
}

function zsh(levels: readonly Level[]): string {
  const { byChoice, files, free } = valued(levels)
  const described = (word: string, summary: string): string => quote(`${word.replaceAll(':', '\\:')}${summary === '' ? '' : `:${summary.replaceAll(':', '\\:')}`}`)
  return `#compdef fault
# zsh completion for fault
_fault() {
  local at="" word prev="\${words[CURRENT-1]}"
  local -a commands options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at/$word" in
${steps(levels).map((path) => `      ${quote(`${before(path)}/${last(path)}`)}) at=${quote(path)} ;;`).join('\n')}
    esac
  done
  case "$prev" in
${[...byChoice].map(([words, names]) => `    ${names.join('|')}) compadd -- ${words}; return ;;`).join('\n')}
    ${files.join('|')}) _files; return ;;
    ${free.join('|')}) return ;;
  esac
  case "$at" in
${levels.map((level) => `    ${quote(level.path)})
      commands=(${level.words.map(([word, summary]) => described(word, summary)).join(' ')})
      options=(${level.options.flatMap(({ flag, short, summary }) => [flag, ...(short === undefined ? [] : [short])].map((name) => described(name, summary))).join(' ')}) ;;`).join('\n')}
  esac
  (( \${#commands} )) && _describe -t commands command commands
  _describe -t options option options
}
if [[ "\${funcstack[1]}" == "_fault" ]]; then _fault "$@"; else compdef _fault fault; fi
`
}

function fish(levels: readonly Level[]): string {
  const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const option = (path: string, { flag, short, kind, implied, choices, placeholder, summary }: OptionSpec): string => {
    const takes = kind === 'switch' || implied !== undefined ? '' : choices.length > 0 ? ` -x -a ${text(choices.join(' '))}` : placeholder === 'file' ? ' -r -F' : ' -x'
    return `complete -c fault -n ${text(`__fault_at "${path}"`)} -l ${flag.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}${takes} -d ${text(summary)}`
  }
  return `# fish completion for fault
function __fault_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at/$word"
${steps(levels).map((path) => `            case ${text(`${before(path)}/${last(path)}`)}\n                set at ${text(path)}`).join('\n')}
        end
    end
    test "$at" = "$argv[1]"
end
complete -c fault -f
${levels.flatMap((level) => [
    ...level.words.map(([word, summary]) => `complete -c fault -n ${text(`__fault_at "${level.path}"`)} -a ${word}${summary === '' ? '' : ` -d ${text(summary)}`}`),
    ...level.options.map((one) => option(level.path, one)),
  ]).join('\n')}
`
}

function powershell(levels: readonly Level[]): string {
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
  const { byChoice } = valued(levels)
  return `# PowerShell completion for fault
Register-ArgumentCompleter -Native -CommandName fault -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $steps = @{
${steps(levels).map((path) => `        ${text(`${before(path)}/${last(path)}`)} = ${text(path)}`).join('\n')}
    }
    $choices = @{
${[...byChoice].flatMap(([words, names]) => names.map((name) => `        ${text(name)} = @(${words.split(' ').map(text).join(', ')})`)).join('\n')}
    }
    $words = @{
${levels.map((level) => `        ${text(level.path)} = @(${[...level.words, ...level.options.flatMap(({ flag, short, summary }) => [flag, ...(short === undefined ? [] : [short])].map((name) => [name, summary] as const))]
    .map(([word, summary]) => `@(${text(word)}, ${text(summary || word)})`).join(', ')})`).join('\n')}
    }
    $at = ''
    $previous = ''
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
        if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete -ne '') { break }
        $previous = $element.ToString()
        if ($steps.ContainsKey("$at/$previous")) { $at = $steps["$at/$previous"] }
    }
    if ($choices.ContainsKey($previous)) { $found = $choices[$previous] | ForEach-Object { , @($_, $_) } } else { $found = $words[$at] }
    $found | Where-Object { $_[0] -like "$wordToComplete*" } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }
}
`
}

const generators: Readonly<Record<(typeof SHELLS)[number], (levels: readonly Level[]) => string>> = { bash, zsh, fish, powershell }
