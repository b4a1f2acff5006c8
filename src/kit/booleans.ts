const WORDS: Readonly<Record<string, boolean>> = { true: true, 1: true, yes: true, on: true, false: false, 0: false, no: false, off: false }

/** `true`/`false`/`1`/`0`/`yes`/`no`/`on`/`off` in any case; undefined for anything else. */
export const tryBoolean = (text: string): boolean | undefined => WORDS[text.trim().toLowerCase()]
