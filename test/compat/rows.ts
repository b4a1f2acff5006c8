/**
 * Where a name was promised: the published documentation, only the program it documents, or a version of it that the
 * documentation does not cover (0.16 to 0.20, and the 1.x rewrite). Where they contradict each other, `note` says what holds.
 */
export type Source = 'docs' | 'program' | '0.16' | '0.17' | '0.18' | '0.20' | '1.x'

export type FaultType = 'latency' | 'bandwidth' | 'dns' | 'jitter' | 'packet-loss' | 'http-response' | 'blackhole'

/** A text as a user writes it, and the value it must become. */
export type Sample = readonly [given: string, value: unknown]

/** Where the value of an option shows in `--explain-config=json`: a setting, a fault's presence, or one of its parameters. */
export type Place =
  | { readonly setting: string }
  | { readonly fault: FaultType; readonly param?: string }

interface Names {
  readonly source: Source
  /** Words after `fault`; none for a global option. */
  readonly command: readonly string[]
  readonly flag?: string
  readonly short?: string
  readonly aliases?: readonly string[]
  /** Place among the positional arguments, from 0. */
  readonly positional?: number
  readonly env?: string
  readonly envAliases?: readonly string[]
  readonly note?: string
}

/** An option that works. Without samples it is a switch. */
export interface BuiltOption extends Names {
  readonly place: Place
  readonly samples?: readonly [Sample, Sample]
  /** Enum values, alternative spellings, documented example values; without a value they only have to be accepted. */
  readonly values?: readonly (readonly [given: string, value?: unknown])[]
  /** Other arguments that `samples` and `values` need to be valid. */
  readonly base?: readonly string[]
  /** Arguments for a value of their own, where `base` does not do. */
  readonly bases?: Readonly<Record<string, readonly string[]>>
  /** `null`: documented as having none. Absent: nothing documented. */
  readonly default?: unknown
  readonly defaultBase?: readonly string[]
  /** Texts of the wrong type, refused with the name of the flag or variable. */
  readonly bad?: readonly string[]
  /** Given twice, both count. `commas`: so does a list with commas. */
  readonly repeatable?: 'repeat' | 'commas'
}

/** An option whose feature does not exist yet: a flag, a positional argument, or a variable alone. */
export interface UnbuiltOption extends Names {
  readonly name?: string
  readonly sample?: string
  readonly values?: readonly string[]
  readonly default?: string
  readonly required?: boolean
}

export interface CommandRow {
  readonly source: Source
  readonly path: readonly string[]
  readonly aliases?: readonly string[]
  readonly built: boolean
  readonly note?: string
}

/** A command line as some page prints it. */
export interface Example {
  readonly page: string
  readonly source?: Source
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The faults it must come to, in order, with some of their parameters. */
  readonly faults?: readonly (Readonly<Record<string, unknown>> & { readonly type: FaultType })[]
  readonly settings?: Readonly<Record<string, unknown>>
  /** One of these is what is not built yet. */
  readonly unbuilt?: readonly string[]
  readonly note?: string
}
