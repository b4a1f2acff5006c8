import assert from 'node:assert/strict'
import unbuilt from '../../src/derive/unbuilt.json' with { type: 'json' }
import type { Check } from './built-checks.ts'
import { explain, fault, notBuilt } from './drive.ts'
import type { BuiltOption, CommandRow, UnbuiltOption } from './rows.ts'

/** What has to follow `fault` for a command that is not built, so that only its absence can be wrong. */
const required: Readonly<Record<string, readonly string[]>> = {
  'run llm': ['openai'], 'run db': ['pg'],
}

const isGlobal = (option: UnbuiltOption) => option.command.length === 0
/** Of a command that works: refused by its own name, while a command that does not answers as a whole. */
const ofBuiltCommand = (option: UnbuiltOption) => isGlobal(option) || option.command.join(' ') === 'run'
const argvOf = (option: UnbuiltOption) => isGlobal(option) ? ['run'] : [...option.command, ...(required[option.command.join(' ')] ?? [])]
const nameOf = (option: UnbuiltOption) => [...option.command, option.flag ?? option.name ?? ''].join(' ')

/** Whose absence is reported: the option's, or that of its command or of a command above it. */
function culprits(option: UnbuiltOption, ...own: readonly string[]): readonly string[] {
  return ofBuiltCommand(option) ? own : commandNames(option.command)
}

function commandNames(path: readonly string[]): readonly string[] {
  return path.map((_, index) => path.slice(0, index + 1).join(' ')).filter((name) => name !== 'run')
}

export function unbuiltChecks(option: UnbuiltOption): Check[] {
  const { flag, short, sample, aliases = [] } = option
  const checks: Check[] = []
  for (const spelling of [flag, ...aliases].filter((name) => name !== undefined)) checks.push(flagCheck(option, spelling))
  if (flag !== undefined && short !== undefined) {
    checks.push({ id: `${[...option.command, short].join(' ')} is not built`, run: () => notBuilt([...argvOf(option), short, sample ?? ''], culprits(option, flag, `'${short}'`)) })
  }
  for (const value of option.values ?? []) checks.push(valueCheck(option, value))
  for (const env of [option.env, ...(option.envAliases ?? [])].filter((name) => name !== undefined)) checks.push(...envChecks(option, env))
  if (option.default !== undefined) checks.push({
    id: `${option.flag ? nameOf(option) : option.env ?? ''} will default to ${option.default}`,
    run: () => Promise.resolve(assert.equal(recorded(option)?.default, option.default)),
  })
  if (option.required === true) checks.push({
    id: `${nameOf(option)} will be required`,
    run: () => Promise.resolve(assert.equal(unbuilt.flags.find((entry) => sameFlag(entry, option))?.required, true)),
  })
  return checks
}

function flagCheck(option: UnbuiltOption, spelling: string): Check {
  const { sample } = option
  const names = culprits(option, spelling)
  return {
    id: `${[...option.command, spelling].join(' ')} is not built`,
    run: async () => {
      const argv = argvOf(option)
      await notBuilt([...argv, spelling, ...(sample === undefined ? [] : [sample])], names)
      if (sample !== undefined) await notBuilt([...argv, `${spelling}=${sample}`], names)
      if (isGlobal(option)) await notBuilt([spelling, ...(sample === undefined ? [] : [sample]), ...argv], names)
    },
  }
}

function valueCheck(option: UnbuiltOption, value: string): Check {
  return {
    id: `${nameOf(option)} ${value} is not built`,
    run: () => option.flag === undefined
      ? notBuilt([...option.command, value], culprits(option, value, option.name ?? value))
      : notBuilt([...argvOf(option), option.flag, value], culprits(option, option.flag)),
  }
}

function envChecks(option: UnbuiltOption, env: string): Check[] {
  const checks: Check[] = [{ id: `${env} of ${nameOf(option)} is not built`, run: () => notBuilt(argvOf(option), culprits(option, env), { [env]: option.sample ?? 'true' }) }]
  if (ofBuiltCommand(option) && option.default === 'false') checks.push({
    id: `${env}=false asks for nothing and is accepted`,
    run: async () => { assert.deepEqual((await explain(argvOf(option), { [env]: 'false' })).faults, []) },
  })
  return checks
}

export const unbuiltCommandChecks = ({ path, aliases = [] }: CommandRow): Check[] => [path, ...aliases.map((alias) => [...path.slice(0, -1), alias])].map((words) => ({
  id: `fault ${words.join(' ')} is not built`,
  run: () => notBuilt([...words, ...(required[words.join(' ')] ?? [])], [...commandNames(path), ...commandNames(words)]),
}))

/** The platform commands also take the flags of the faults. */
export function platformFaultChecks(options: readonly BuiltOption[]): Check[] {
  return unbuilt.commands.filter((entry) => entry.takesFaultFlags === true).flatMap(({ path }) => options.flatMap(({ flag, samples, values }) => {
    const text = samples?.[0][0] ?? values?.[0]?.[0]
    return flag === undefined ? [] : [{
      id: `${path.join(' ')} ${flag} is not built`,
      run: () => notBuilt([...path, flag, ...(text === undefined ? [] : [text])], commandNames(path)),
    }]
  }))
}

interface Named { readonly command: readonly string[]; readonly flag?: string; readonly env?: string }

const sameFlag = (entry: Named, option: UnbuiltOption) => entry.flag === option.flag && entry.command.join(' ') === option.command.join(' ')

function recorded(option: UnbuiltOption): { readonly default?: string } | undefined {
  return option.flag === undefined ? unbuilt.variables.find((entry) => entry.env === option.env) : unbuilt.flags.find((entry) => sameFlag(entry, option))
}

/** The table and the data file that the command line answers from list the same names. */
export function completenessChecks(commands: readonly CommandRow[], options: readonly UnbuiltOption[]): Check[] {
  const line = (entry: UnbuiltOption | (Named & { readonly values?: readonly string[]; readonly short?: string; readonly aliases?: readonly string[]; readonly envAliases?: readonly string[] })) =>
    [entry.command.join(' '), entry.flag, entry.short, entry.aliases, entry.env, entry.envAliases, entry.flag === undefined ? '' : entry.values].join(' | ')
  return [
    {
      id: 'the data file lists the same commands as the table',
      run: () => Promise.resolve(assert.deepEqual(
        unbuilt.commands.map((entry) => [...entry.path, ...(entry.aliases ?? [])]).sort(),
        commands.map((row) => [...row.path, ...(row.aliases ?? [])]).sort(),
      )),
    },
    {
      id: 'the data file lists the same flags and variables as the table',
      run: () => Promise.resolve(assert.deepEqual(
        [...unbuilt.flags, ...unbuilt.variables].map(line).sort(),
        options.filter((option) => option.positional === undefined).map(line).sort(),
      )),
    },
    {
      id: 'the data file lists the same positional arguments as the table',
      run: () => Promise.resolve(assert.deepEqual(
        unbuilt.positionals.map(({ command, name }) => [...command, name].join(' ')).sort(),
        options.filter((option) => option.positional !== undefined).map(nameOf).sort(),
      )),
    },
    { id: 'fault doctor --compat prints every name of the data file', run: doctorPrintsAll },
  ]
}

async function doctorPrintsAll(): Promise<void> {
  const { exitCode, stdout } = await fault(['doctor', '--compat'])
  assert.equal(exitCode, 0)
  const names = [
    ...unbuilt.commands.flatMap(({ path, aliases = [] }) => [path.join(' '), ...aliases]),
    ...unbuilt.positionals.map(({ name }) => name),
    ...unbuilt.flags.flatMap(({ flag, short, env, aliases = [], envAliases = [] }) => [flag, short, env, ...aliases, ...envAliases]),
    ...unbuilt.variables.map(({ env }) => env),
  ]
  assert.deepEqual(names.filter((name) => name !== undefined && !stdout.includes(name)), [])
}
