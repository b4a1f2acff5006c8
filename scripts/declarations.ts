import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Writes the declarations of the public interface into `outDir`. */
export function emitDeclarations(root: string, outDir: string): void {
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.build.json'), '--outDir', outDir], { stdio: 'inherit' })
  for (const name of globSync('**/*.d.ts', { cwd: outDir })) {
    const file = path.join(outDir, name)
    // The compiler rewrites the endings of imports in code only, and a package has no `.ts` to find.
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/((?:from|import\()\s*['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js'))
  }
}
