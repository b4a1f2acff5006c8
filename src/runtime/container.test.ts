import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testHost } from '../../test/helpers/host.ts'
import { protocols, schemes } from '../protocols/index.ts'
import { startRuntime } from './runtime.ts'
import { DEFAULT_SETTINGS } from './settings.ts'

const start = async (container: boolean, host: string): Promise<readonly string[]> => {
  const runtime = await startRuntime({
    settings: { ...DEFAULT_SETTINGS, proxyAddress: { host, port: 0, explicit: true } }, faults: [],
    builtins: { protocols, schemes }, host: testHost({ platform: { container } }).host,
  })
  runtime.stopNow()
  return runtime.notes
}

test('inside a container, listeners on loopback alone are worth a note', async () => {
  assert.match((await start(true, '127.0.0.1')).join(), /container.*--bind 0\.0\.0\.0/)
  assert.deepEqual(await start(true, '0.0.0.0'), [])
  assert.deepEqual(await start(false, '127.0.0.1'), [])
})
