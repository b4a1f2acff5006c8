export interface Registry<Spec extends { readonly name: string }> {
  readonly list: readonly Spec[]
  find(name: string): Spec | undefined
}

/** Fails at load on a duplicate name or alias: two declarations that claim one word are a bug, not a matter of order. */
export function createRegistry<Spec extends { readonly name: string; readonly aliases?: readonly string[] }>(kind: string, specs: readonly Spec[]): Registry<Spec> {
  const byName = new Map<string, Spec>()
  for (const spec of specs) {
    for (const name of [spec.name, ...(spec.aliases ?? [])]) {
      if (byName.has(name)) throw new Error(`two ${kind}s are called "${name}"`)
      byName.set(name, spec)
    }
  }
  return { list: specs, find: (name) => byName.get(name) }
}
