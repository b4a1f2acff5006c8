import type { LazyBuiltins } from './surfaces/cli/lazy.ts'

/** The plug-ins as the command line wants them: each part loaded when it is needed, so that `--help` waits for none. */
export const lazyBuiltins: LazyBuiltins = {
  faults: async () => (await import('./faults/index.ts')).faults,
  protocols: () => import('./protocols/index.ts'),
  all: async () => (await import('./builtins.ts')).builtins,
}
