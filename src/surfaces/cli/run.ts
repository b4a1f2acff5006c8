import type { EntryContext } from '../../derive/entries.ts'
import { requestedFaults, type FaultRequest } from '../../derive/flag-faults.ts'
import type { Given } from '../../derive/option.ts'
import { quoted } from '../../kit/caret.ts'
import { UserError } from '../../kit/errors.ts'
import { parseMapping } from '../../model/mapping.ts'
import type { RunSettings } from '../../runtime/settings.ts'
import { readAll, within } from './declare.ts'
import type { Invocation } from './main.ts'
import { faultOption, globalSettings, readPem, runSettings, uiSettings } from './options.ts'
import type { RunRequest } from './run-command.ts'
import { sourceOf, type TracedFault } from './source.ts'

/** `fault run`: checks everything, then explains it or starts. */
export async function run(call: Invocation): Promise<number> {
  const { host, given, builtins } = call
  const ui = { ...readAll(globalSettings, given), ...readAll(uiSettings, given) }
  const settings = await checkSettings(call, readAll(runSettings, given))
  const { faults, notes } = await readFaults(call, { totalMs: settings.durationMs })
  const format = given.get('--explain-config')
  if (format) {
    const { explainConfig } = await import('./explain-config.ts')
    return explainConfig(call, { settings: { ...globalSettings, ...uiSettings, ...runSettings }, faults, notes }, format)
  }
  if (settings.disableHttpProxy && settings.proxy.length === 0) {
    throw new UserError('NO_LISTENER', 'there is nothing to listen on: the HTTP proxy is disabled and no mapping is given', { hint: 'give a mapping with --proxy, or leave --disable-http-proxy out' })
  }
  const request: RunRequest = { settings, faults: faults.map(({ entry }) => entry), notes, ui }
  const { runCommand } = await import('./run-command.ts')
  return runCommand(host, await builtins.protocols(), request)
}

/** What only several settings together, or the table of protocols, or a file, can tell. */
async function checkSettings({ given, builtins, host }: Invocation, settings: RunSettings): Promise<RunSettings> {
  if (settings.proxy.length > 0) {
    const { schemes } = await builtins.protocols()
    for (const text of settings.proxy) within(given.get(runSettings.proxy.flag)!, () => parseMapping(text, schemes))
  }
  const pair = [given.get(runSettings.tlsCert.flag), given.get(runSettings.tlsKey.flag)] as const
  const alone = pair.find((one, index) => one && !pair[1 - index])
  if (alone) throw new UserError('LONE_TLS_FILE', `${alone.name}: certificate and key belong together`, { hint: `give both ${runSettings.tlsCert.flag} and ${runSettings.tlsKey.flag}` })
  const pem = (key: 'upstreamCa' | 'tlsCert' | 'tlsKey'): string | undefined => {
    const path = settings[key]
    return path === undefined ? undefined : readPem(path, host.cwd, given.get(runSettings[key].flag)!)
  }
  return { ...settings, upstreamCa: pem('upstreamCa'), tlsCert: pem('tlsCert'), tlsKey: pem('tlsKey') }
}

/** Faults of flags and variables in documented order, then those of `--fault` in theirs, each id once. No declaration is loaded for none. */
async function readFaults({ catalogue, given, builtins, notes }: Invocation, context: EntryContext): Promise<{ faults: TracedFault[]; notes: string[] }> {
  const requested = requestedFaults(catalogue, given)
  const texts = given.get(faultOption.flag)
  const faults: TracedFault[] = []
  if (requested.requests.length > 0 || texts) {
    const registry = await builtins.faults()
    const { readRequests } = await import('../../derive/fault-requests.ts')
    const { parseFault } = await import('../../derive/text-form.ts')
    const { checkIds } = await import('../../derive/ids.ts')
    const lines = linesOf(texts)
    for (const [index, parsed] of readRequests(requested.requests, registry, context).entries()) faults.push({ ...parsed, sourceOf: requestSource(requested.requests[index]!) })
    for (const { text, given: by } of lines) faults.push({ ...parseFault(text, registry, by.name, context), sourceOf: () => (by.source === 'flag' ? by.name : sourceOf(by)) })
    const names = [...requested.requests.map(({ cause }) => cause), ...lines.map(({ text, given: by }) => `${by.name} ${quoted(text)}`)]
    checkIds(faults.map(({ entry }) => entry), (index) => names[index]!)
  }
  return { faults, notes: [...notes, ...requested.notes, ...faults.flatMap((fault) => fault.notes)] }
}

/** The type comes from what switched the fault on. */
function requestSource({ cause, by, given }: FaultRequest): TracedFault['sourceOf'] {
  return (key) => sourceOf(key === 'type' ? { name: cause, source: by } : given[key])
}

function linesOf(given: Given | undefined): { text: string; given: Given }[] {
  if (!given) return []
  return given.values.filter((text) => given.source === 'flag' || !text.startsWith('#')).map((text) => ({ text, given }))
}
