import { lazyBuiltins } from './lazy-builtins.ts'
import { nodeHost } from './node-host.ts'
import { main } from './surfaces/cli/main.ts'

// A reader that goes away (`fault … | head`) is no reason to die.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {})

process.exitCode = await main(nodeHost(process), lazyBuiltins)
