import assert from 'node:assert/strict'
import { explain, fault, refused, type Explained } from './drive.ts'
import { switches } from './faults.ts'
import type { BuiltOption, CommandRow, Place, Sample } from './rows.ts'

/** One row of the table, ready to be tested. */
export interface Check {
  readonly id: string
  readonly run: () => Promise<void>
}

type Env = Readonly<Record<string, string>>

const SWITCHED_ON: Sample = ['true', true]
const SWITCHED_OFF: Sample = ['false', false]

const isSwitch = (option: BuiltOption) => option.samples === undefined && option.values === undefined
const samplesOf = (option: BuiltOption): readonly [Sample, Sample] => option.samples ?? [SWITCHED_ON, SWITCHED_OFF]
const nameOf = (option: BuiltOption) => option.command.length === 0 ? option.flag ?? '' : `${option.command.join(' ')} ${option.flag ?? ''}`
/** A global option is tried on `run`. */
const commandOf = (option: BuiltOption) => option.command.length === 0 ? ['run'] : option.command
const given = (flag: string, option: BuiltOption, text: string) => isSwitch(option) ? [flag] : [`${flag}=${text}`]

/** The arguments that switch on the fault whose parameter this is. */
function switchedOn({ place }: BuiltOption): readonly string[] {
  return 'fault' in place && place.param !== undefined ? [switches[place.fault].flag] : []
}

function found({ settings, faults }: Explained, place: Place): unknown {
  if ('setting' in place) {
    const setting = settings[place.setting]
    assert.ok(setting, `the setting ${place.setting} is missing`)
    return setting.value ?? null
  }
  const entry = faults.find(({ type }) => type === place.fault)
  if (place.param === undefined) return entry !== undefined
  assert.ok(entry, `the fault ${place.fault} should be on`)
  return entry[place.param] ?? null
}

function holds(explained: Explained, place: Place, value: unknown, source?: string) {
  assert.deepEqual(found(explained, place), value)
  if ('setting' in place && source !== undefined) assert.equal(explained.settings[place.setting]?.source, source)
}

/** Every row an option stands for. */
export function checksOf(option: BuiltOption): Check[] {
  return [
    ...flagChecks(option), ...positionalChecks(option), ...valueChecks(option), ...defaultChecks(option),
    ...[option.env, ...(option.envAliases ?? [])].filter((env) => env !== undefined).flatMap((env) => envChecks(option, env)),
  ]
}

function flagChecks(option: BuiltOption): Check[] {
  const { flag, short, place, base = [], repeatable } = option
  if (flag === undefined || (option.samples === undefined && !isSwitch(option))) return []
  const [[text, value], [other, otherValue]] = samplesOf(option)
  const command = commandOf(option)
  const checks: Check[] = [{
    id: `${nameOf(option)} takes effect`,
    run: async () => { holds(await explain([...command, ...switchedOn(option), ...base, ...given(flag, option, text)]), place, value, `flag ${flag}`) },
  }]
  if (!isSwitch(option)) checks.push({
    id: `${nameOf(option)} takes its value as a word of its own`,
    run: async () => { holds(await explain([...command, ...switchedOn(option), ...base, flag, text]), place, value) },
  })
  if (option.command.length === 0) checks.push({
    id: `${flag} is accepted before and after the subcommand`,
    run: async () => {
      for (const argv of [[...given(flag, option, text), 'run'], ['run', ...given(flag, option, text)], [...given(flag, option, text), 'demo', 'run'], ['demo', 'run', ...given(flag, option, text)]]) {
        holds(await explain(argv), place, value, `flag ${flag}`)
      }
    },
  })
  if (short !== undefined) checks.push({
    id: `${command.join(' ')} ${short} is short for ${flag}`,
    run: async () => { holds(await explain([...command, ...base, short, text]), place, value, `flag ${flag}`) },
  })
  if (repeatable !== undefined) checks.push({
    id: `${nameOf(option)} can be repeated`,
    run: async () => {
      const both = [value, otherValue].flat()
      holds(await explain([...command, flag, text, flag, other]), place, both)
      if (repeatable === 'commas') holds(await explain([...command, `${flag}=${text},${other}`]), place, both)
    },
  })
  return [...checks, ...flagRefusals(option, flag), ...aloneChecks(option, flag), ...helpChecks(option, flag)]
}

const flagRefusals = (option: BuiltOption, flag: string): Check[] => (option.bad ?? []).map((text) => ({
  id: `${nameOf(option)}=${text} is refused`,
  run: async () => { await refused([...commandOf(option), ...switchedOn(option), ...(option.base ?? []), `${flag}=${text}`], [flag, text]) },
}))

/** A parameter given as a flag means its fault, with a note; given by a variable it does not. */
function aloneChecks({ place, samples, base = [], env, command }: BuiltOption, flag: string): Check[] {
  if (!('fault' in place) || place.param === undefined) return []
  const argument = samples ? [`${flag}=${samples[0][0]}`] : [flag]
  const checks: Check[] = [{
    id: `${command.join(' ')} ${flag} alone switches its fault on and says so`,
    run: async () => {
      const explained = await explain([...command, ...base, ...argument])
      assert.deepEqual(explained.faults.map(({ type }) => type), [place.fault])
      assert.match(explained.stderr, /^note: /m)
      assert.ok(explained.stderr.includes(switches[place.fault].flag))
    },
  }]
  if (env !== undefined) checks.push({
    id: `${env} alone leaves its fault off`,
    run: async () => { assert.deepEqual((await explain([...command], { [env]: samples?.[0][0] ?? 'true' })).faults, []) },
  })
  return checks
}

const helpChecks = (option: BuiltOption, flag: string): Check[] => option.source !== 'docs' ? [] : [{
  id: `${nameOf(option)} is in --help`,
  run: async () => {
    const { stdout, exitCode } = await fault([...commandOf(option), '--help'])
    assert.equal(exitCode, 0)
    assert.match(stdout, new RegExp(`(^|[\\s,])${flag}(?![\\w-])`, 'm'))
  },
}]

function positionalChecks(option: BuiltOption): Check[] {
  const { positional, place, samples, base = [] } = option
  if (positional === undefined || samples === undefined) return []
  return [{
    id: `${option.command.join(' ')} takes ${option.flag?.slice(2) ?? 'it'} as argument ${positional + 1}`,
    run: async () => { holds(await explain([...option.command, ...base.slice(0, positional), samples[0][0]]), place, samples[0][1]) },
  }]
}

const valueChecks = (option: BuiltOption): Check[] => (option.values ?? []).map((sample) => ({
  id: `${nameOf(option)}=${sample[0]} is accepted${option.source === 'docs' ? '' : ` (${option.source})`}`,
  run: async () => {
    const [text, value] = sample
    const explained = await explain([...commandOf(option), ...switchedOn(option), ...(option.base ?? []), `${option.flag ?? ''}=${text}`])
    if (sample.length === 2) holds(explained, option.place, value)
  },
}))

function defaultChecks(option: BuiltOption): Check[] {
  if (!('default' in option)) return []
  return [{
    id: `${nameOf(option)} defaults to ${option.default === null ? 'nothing' : JSON.stringify(option.default)}`,
    run: async () => {
      const explained = await explain([...commandOf(option), ...switchedOn(option)])
      // A number that nobody gave may be absent or 0: the program turns absent ones into 0.
      if (option.default === null && 'fault' in option.place && found(explained, option.place) === 0) return
      holds(explained, option.place, option.default, 'default')
    },
  }]
}

function envChecks(option: BuiltOption, env: string): Check[] {
  const { place, base = [] } = option
  const [[text, value], [other, otherValue]] = samplesOf(option)
  const command = [...commandOf(option), ...switchedOn(option), ...base]
  const explainEnv = (variables: Env, extra: readonly string[] = []) => explain([...command, ...extra], variables)
  const lowered = env.replace(/^FAULT_/, 'fault_')
  const checks: Check[] = [
    { id: `${env} takes effect`, run: async () => { holds(await explainEnv({ [env]: text }), place, value, `env ${env}`) } },
    {
      id: `${env} is read as ${lowered} too, with a note`,
      run: async () => {
        const explained = await explainEnv({ [lowered]: text })
        holds(explained, place, value)
        assert.match(explained.stderr, new RegExp(`^note: .*${lowered}`, 'm'))
      },
    },
    ...(option.flag === undefined ? [] : [precedenceCheck(option, env, option.flag)]),
    ...(option.bad ?? []).map((bad) => ({ id: `${env}=${bad} is refused by name`, run: async () => { await refused(command, [env], { [env]: bad }) } })),
  ]
  if (option.repeatable === 'commas') checks.push({
    id: `${env} takes a list with commas`,
    run: async () => { holds(await explainEnv({ [env]: `${text},${other}` }), place, [value, otherValue].flat()) },
  })
  return isSwitch(option) ? [...checks, ...booleanChecks(option, env, command)] : checks
}

function precedenceCheck(option: BuiltOption, env: string, flag: string): Check {
  const [[text, value], [other]] = samplesOf(option)
  return {
    id: `${flag} wins over ${env}`,
    run: async () => {
      const explained = await explain([...commandOf(option), ...switchedOn(option), ...(option.base ?? []), ...given(flag, option, text)], { [env]: other })
      holds(explained, option.place, value, `flag ${flag}`)
    },
  }
}

const TRUE = ['true', '1', 'yes', 'on', 'TRUE', 'Yes', 'oN']
const FALSE = ['false', '0', 'no', 'off', 'FALSE', 'No', 'oFF']

function booleanChecks(option: BuiltOption, env: string, command: readonly string[]): Check[] {
  const all = async (words: readonly string[], value: boolean) => {
    for (const word of words) holds(await explain(command, { [env]: word }), option.place, value, `env ${env}`)
  }
  return [
    { id: `${env} accepts true, 1, yes and on in any case`, run: () => all(TRUE, true) },
    { id: `${env} accepts false, 0, no and off in any case`, run: () => all(FALSE, false) },
    { id: `${env}=maybe is refused by name`, run: async () => { await refused(command, [env], { [env]: 'maybe' }) } },
  ]
}

export const commandChecks = ({ path, built }: CommandRow): Check[] => !built ? [] : [{
  id: `fault ${path.join(' ')} exists`,
  run: async () => {
    const { exitCode, stdout } = await fault([...path, '--help'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /\bfault\b/)
  },
}]
