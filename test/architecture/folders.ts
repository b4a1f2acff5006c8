/** What one folder of src may reach besides itself. */
export interface FolderRule {
  /** Other folders; one that is named brings those below it. */
  readonly imports: readonly string[]
  /** Packages and Node's own modules; `node:*` is all of Node's that `MODULE_HOMES` does not keep elsewhere. */
  readonly modules: readonly string[]
}

/** The one table of who may import whom; ARCHITECTURE.md shows the same, and the tests compare. `*` is any one folder. */
export const FOLDERS: Readonly<Record<string, FolderRule>> = {
  'kit': { imports: [], modules: ['zod'] },
  'codecs': { imports: ['kit'], modules: [] },
  'model': { imports: ['kit', 'codecs'], modules: ['zod'] },
  'derive': { imports: ['kit', 'model'], modules: ['zod', 'yaml'] },
  'engine': { imports: ['kit', 'codecs', 'model'], modules: ['node:*'] },
  'engine/wire': { imports: ['kit'], modules: ['node:*', 'koffi'] },
  'faults': { imports: ['kit', 'codecs', 'model'], modules: ['zod'] },
  'protocols': { imports: ['kit', 'codecs', 'model', 'engine'], modules: [] },
  'runtime': { imports: ['kit', 'model', 'derive', 'engine'], modules: ['node:*'] },
  'operations': { imports: ['kit', 'model', 'runtime'], modules: [] },
  'demo': { imports: ['kit'], modules: ['node:*', 'undici', 'ws'] },
  'surfaces/*': { imports: ['kit', 'model', 'derive', 'runtime', 'operations', 'demo'], modules: ['node:*'] },
}

/** Files directly in src. They put the parts together and may import anything; nothing else may import them. */
export const ROOT_FILES: readonly string[] = ['bin.ts', 'builtins.ts', 'index.ts', 'lazy-builtins.ts', 'node-host.ts', 'testing.ts']

/** Modules for particular folders only, and what everybody else does instead. Types may be imported anywhere. */
export const MODULE_HOMES: readonly { readonly modules: readonly string[]; readonly only: readonly string[]; readonly instead: string }[] = [
  { modules: ['node:net', 'node:tls', 'node:dgram', 'node:http2', 'koffi'], only: ['engine/wire'], instead: 'use the Transport you are given' },
  { modules: ['node:dns'], only: ['engine'], instead: 'use the Resolver you are given' },
  { modules: ['node:http', 'node:https', 'undici', 'ws'], only: ['demo'], instead: 'the data plane has a codec of its own (src/codecs/http1)' },
  { modules: ['node:timers'], only: ['demo'], instead: 'use the Clock you are given (src/kit/clock.ts)' },
  // Its `require` loads anything, unseen by these rules.
  { modules: ['node:module'], only: ['engine/wire'], instead: 'write an import' },
]

/** Folders whose files each declare one plug-in, by a call of `define`, and are listed in the folder's index. */
export const PLUGIN_FOLDERS: readonly { readonly folder: string; readonly define: string }[] = [
  { folder: 'faults', define: 'defineFault' },
  { folder: 'protocols', define: 'defineProtocol' },
]

/** A word that is a fault's name elsewhere and something else in this file or folder. An entry that is not needed fails. */
export interface OtherMeaning {
  readonly word: string
  readonly where: string
  readonly because: string
}

export const OTHER_MEANINGS: readonly OtherMeaning[] = [
  { word: 'dns', where: 'src/protocols/dns.ts', because: 'a protocol, and the word for it in mappings' },
]

export interface AmbientRule {
  /** A global, or a member of one; `new Date()` is written so. */
  readonly name: string
  /** Where it may be used: files and folders. */
  readonly only: readonly string[]
  /** What to do instead. */
  readonly instead: string
}

/** Nothing global: the world is passed in. */
export const AMBIENT: readonly AmbientRule[] = [
  { name: 'process', only: ['src/bin.ts'], instead: 'take what you need from the Host (src/kit/host.ts)' },
  { name: 'console', only: [], instead: 'write to host.stdout or host.stderr, or emit an event' },
  { name: 'Math.random', only: [], instead: 'draw from the Draws you are given (src/kit/rng.ts)' },
  { name: 'Date.now', only: ['src/node-host.ts'], instead: 'use a Clock for durations, host.wallTime() for time stamps' },
  { name: 'new Date()', only: ['src/node-host.ts'], instead: 'use host.wallTime() for time stamps' },
  { name: 'performance', only: ['src/kit/clock.ts', 'src/engine/wire/'], instead: 'use the Clock you are given (src/kit/clock.ts)' },
  { name: 'setTimeout', only: ['src/kit/clock.ts', 'src/engine/wire/'], instead: 'use setTimer of the Clock you are given' },
  { name: 'setInterval', only: [], instead: 'use setTimer of the Clock you are given' },
]

export const MAX_FILE_LINES = 400
export const MAX_FUNCTION_LINES = 70
