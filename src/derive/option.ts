/** One thing that can be set on the command line and in the environment, as help, completion and the reference see it. */
export interface OptionSpec {
  /** With its dashes. */
  readonly flag: string
  readonly short?: string
  /** Other accepted spellings, not shown. */
  readonly aliases?: readonly string[]
  readonly env?: string
  readonly envAliases?: readonly string[]
  /** `switch`: yes or no, `--flag` alone is yes. `list`: may be given several times. */
  readonly kind: 'switch' | 'value' | 'list'
  /** The value may be left out, and is then this. */
  readonly implied?: string
  /** What separates several values in the environment. */
  readonly separator?: ',' | '\n'
  /** The separator works on the command line too. */
  readonly splitsFlag?: boolean
  readonly placeholder: string
  readonly choices: readonly string[]
  readonly summary: string
  /** As shown. */
  readonly default?: string
  /** Heading it stands under. */
  readonly group: string
  /** Shown by `--help-all` only. */
  readonly isMore?: boolean
}

/** What was given for an option, and by which name. */
export interface Given {
  readonly values: readonly string[]
  readonly source: 'flag' | 'environment'
  /** The flag or variable as the user wrote it, for messages. */
  readonly name: string
}

/** By flag. */
export type GivenOptions = ReadonlyMap<string, Given>

/** `-u, --upstream <host>`. */
export function signature({ flag, short, kind, placeholder, implied }: OptionSpec): string {
  const value = kind === 'switch' ? '' : implied === undefined ? ` <${placeholder}>` : `[=<${placeholder}>]`
  return `${short ? `${short}, ` : ''}${flag}${value}`
}
