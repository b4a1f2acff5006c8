import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test, type TestContext } from 'node:test'
import { rig, transports } from '../helpers/rig.ts'
import { endWith, find, freePort, listening, missing, run, temporaryFolder, unprivileged, type Ran } from './programs.ts'

const skip = missing('psql', 'initdb', 'postgres')

/** A PostgreSQL of its own in a temporary folder; `ssl` with a certificate it makes itself. */
async function startPostgres(t: TestContext): Promise<number> {
  const user = unprivileged()
  const data = `${temporaryFolder(t, user)}/data`
  const options = { ...user, stdio: 'ignore' as const, env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' } }
  const [made] = (await once(spawn(find('initdb')!, ['-D', data, '-U', 'demo', '-A', 'trust', '-N', '--no-locale'], options), 'exit')) as [number]
  assert.equal(made, 0)
  const port = await freePort()
  const server = spawn(find('postgres')!, ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${data}`, '-c', 'fsync=off'], options)
  endWith(t, server, 'SIGINT')
  await listening(port, server)
  for (let tries = 0; tries < 100; tries++) {
    const { code } = await psql(port, ['-c', 'select 1'])
    if (code === 0) return port
  }
  throw new Error('PostgreSQL does not answer')
}

const psql = (port: number, args: readonly string[]): Promise<Ran> =>
  run('psql', ['-h', '127.0.0.1', '-p', String(port), '-U', 'demo', '-d', 'postgres', '-X', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...args], { env: { PGSSLMODE: 'disable', PGGSSENCMODE: 'disable', PGCONNECT_TIMEOUT: '10' } })

describe('psql through a mapping', { skip }, () => {
  for (const transport of transports) test(`queries, bulk and delays, ${transport}`, async (t) => {
    const server = await startPostgres(t)
    const { port, swap } = await rig(t, { transport, proxies: [`db@0=psql://127.0.0.1:${server}`] })
    const queries = ['-c', 'select 40 + 2', '-c', "select length(repeat('x', 3000000))"]
    const control = await psql(port('db'), queries)
    assert.deepEqual([control.code, control.stdout], [0, '42\n3000000\n'])

    const rows = await psql(port('db'), ['-c', "select sum(length(repeat(md5(i::text), 1000))) from generate_series(1, 2000) i", '-c', "select repeat('y', 200000) from generate_series(1, 20)"])
    assert.equal(rows.code, 0)
    assert.equal(rows.stdout.length, '64000000\n'.length + 20 * 200_001)

    await swap('latency mean=80 per=turn')
    const slow = await psql(port('db'), queries)
    assert.deepEqual([slow.code, slow.stdout], [0, '42\n3000000\n'])
    // The start-up and two queries are three turns of the server.
    assert.ok(slow.ms - control.ms > 3 * 80 - 40, `${slow.ms} ms with three turns of 80 ms, ${control.ms} ms without`)

    await swap('latency mean=80')
    const once = await psql(port('db'), queries)
    assert.ok(once.ms < slow.ms - 80, `${once.ms} ms with one delay for the connection, ${slow.ms} ms with one for each turn`)
  })

  test('a cut connection is an error for psql, and the proxy serves the next one', async (t) => {
    const server = await startPostgres(t)
    const { port, swap } = await rig(t, { transport: transports[0]!, proxies: [`db@0=psql://127.0.0.1:${server}`], faults: ['packet-loss mode=cut rate=1'] })
    const cut = await psql(port('db'), ['-c', 'select 1'])
    assert.equal(cut.code, 2)
    await swap()
    assert.equal((await psql(port('db'), ['-c', 'select 1'])).stdout, '1\n')
  })

  test('nobody behind the mapping is a lost connection, not a silent one', async (t) => {
    const { port } = await rig(t, { transport: transports[0]!, proxies: [`db@0=psql://127.0.0.1:${await freePort()}`] })
    const refused = await psql(port('db'), ['-c', 'select 1'])
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /Connection reset|closed the connection|could not receive/)
  })
})
