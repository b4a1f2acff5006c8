/** `perReadWrite` and `per_read_write` → `per-read-write`. */
export const kebab = (word: string): string => word.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').replaceAll('_', '-').toLowerCase()

/** Case, `-` and `_` tell no two names apart. */
export const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_]/g, '')

/** Throws when two of `options` have a flag or a variable in common: a name means one thing in the whole program. */
export function checkNames(owner: string, options: readonly { readonly flag: string; readonly env?: string | undefined }[]): void {
  const seen = new Set<string>()
  for (const name of options.flatMap(({ flag, env }) => (env === undefined ? [flag] : [flag, env]))) {
    if (seen.has(name)) throw new Error(`${owner}: two options are called ${name}`)
    seen.add(name)
  }
}
