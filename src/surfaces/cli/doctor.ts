import { EXIT } from '../../kit/errors.ts'
import { table, twoColumns } from '../../kit/text-table.ts'
import type { Invocation } from './main.ts'
import { compatOption } from './options.ts'

/** `fault doctor`: what works here; with `--compat`, what is documented and does not exist yet. */
export async function doctorCommand({ host, given, version }: Invocation): Promise<number> {
  host.stdout.write(compatOption.read(given.get(compatOption.flag)) ? await compatText() : await machineText(host, version))
  return EXIT.ok
}

async function machineText({ platform }: Pick<Invocation['host'], 'platform'>, version: string): Promise<string> {
  const { diagnose } = await import('../../runtime/diagnosis.ts')
  const { transport, reason, capabilities } = diagnose(platform)
  const runtime = platform.bun ? 'bun (as node)' : 'node'
  return [
    twoColumns([
      ['fault', version], [runtime, platform.nodeVersion], ['platform', `${platform.os} ${platform.arch}`],
      ['transport', reason === undefined ? transport : `${transport}: ${reason}`],
    ], { indent: 0 }), '',
    table(['what a transport can do', 'epoll', 'node'], capabilities.map(({ summary, epoll, node }) => [summary, mark(epoll), mark(node)])), '',
    ...capabilities.flatMap(({ summary, node }) => (node === true ? [] : [`node: not "${summary}", because ${node}`])), '',
  ].join('\n')
}

const mark = (can: true | string): string => (can === true ? 'yes' : 'no')

async function compatText(): Promise<string> {
  const { unbuilt } = await import('./unbuilt.ts')
  const where = (command: readonly string[]): string => ['fault', ...command].join(' ')
  return [
    'Documented and not built yet', '',
    'Commands', twoColumns(unbuilt.commands.map(({ path, aliases = [], summary }) => [[where(path), ...aliases].join(', '), summary])), '',
    'Arguments', twoColumns(unbuilt.positionals.map(({ command, name, summary }) => [`${where(command)} ${name}`, summary])), '',
    'Flags', table(['command', 'flag', 'variable'], unbuilt.flags.map(({ command, flag, short, aliases = [], env, envAliases = [] }) => [
      where(command), listed([flag, short, ...aliases]), listed([env, ...envAliases]),
    ])), '',
    'Variables', twoColumns(unbuilt.variables.map(({ command, env, summary }) => [`${where(command)} ${env}`, summary])), '',
  ].join('\n')
}

const listed = (names: readonly (string | undefined)[]): string => names.filter((name) => name !== undefined).join(', ') || '–'
