import { rmSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { emitDeclarations } from './declarations.ts'

const root = path.join(import.meta.dirname, '..')
const outdir = path.join(root, 'dist')
rmSync(outdir, { recursive: true, force: true })

await build({
  absWorkingDir: root,
  entryPoints: { bin: 'src/bin.ts', index: 'src/index.ts' },
  outdir, bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node24', minifySyntax: true,
  chunkNames: 'chunks/[name]-[hash]', legalComments: 'none',
  // A native add-on, found at run time where it is installed.
  external: ['koffi'],
  // CommonJS packages inside the bundle ask for `require`.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
})

emitDeclarations(root, path.join(outdir, 'types'))
