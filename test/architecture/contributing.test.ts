import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { faultContract } from '../contract/fault-contract.ts'
import { hiccup } from './example/hiccup.ts'
import { noop } from './example/noop.ts'

// The examples of CONTRIBUTING.md are real files, so they compile, are linted and keep the contract.

const read = (name: string): string => readFileSync(path.join(import.meta.dirname, name), 'utf8')
const document = read('../../CONTRIBUTING.md')

for (const name of ['noop.ts', 'hiccup.ts', 'hiccup.test.ts']) {
  test(`CONTRIBUTING.md shows test/architecture/example/${name} as it would stand in src/faults`, () => {
    const code = read(`example/${name}`).replaceAll("'../../../src/", "'../").replaceAll("'../../contract/", "'../../test/contract/")
    const block = `\`\`\`ts\n// src/faults/${name}\n${code}\`\`\`\n`
    assert.ok(document.includes(block), `change one of them; it must have this block:\n${block}`)
  })
}

for (const spec of [noop, hiccup]) faultContract(spec)
