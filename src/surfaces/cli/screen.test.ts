import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualTerminal } from '../../../test/helpers/vterm.ts'
import type { TextOutput } from '../../kit/host.ts'
import { Screen } from './screen.ts'

test('lines scroll above a block that is redrawn in place', () => {
  const terminal = new VirtualTerminal(40)
  const screen = new Screen(terminal, true)
  screen.print(['start'])
  screen.flush(['a', 'b', 'c'])
  assert.equal(terminal.text(), 'start\na\nb\nc')
  screen.offer('one')
  screen.flush(['A', 'B'])
  assert.equal(terminal.text(), 'start\none\nA\nB')
  screen.offer('two')
  screen.close()
  assert.equal(terminal.text(), 'start\none\ntwo')
})

test('the cursor is hidden only while there is a block, and comes back', () => {
  const terminal = new VirtualTerminal(40)
  const screen = new Screen(terminal, true)
  screen.print(['start'])
  screen.flush()
  assert.equal(terminal.isCursorShown, true)
  screen.flush(['a'])
  assert.equal(terminal.isCursorShown, false)
  screen.close()
  assert.equal(terminal.isCursorShown, true)
})

test('everything of one picture is one synchronized write, and the same picture is not written twice', () => {
  const terminal = new VirtualTerminal(40)
  const screen = new Screen(terminal, true)
  screen.print(['start'])
  screen.flush(['a'])
  screen.flush(['a'])
  assert.equal(terminal.writes, 1)
  assert.match(terminal.written, /^\x1b\[\?2026h[^]*\x1b\[\?2026l$/)
})

test('a terminal that becomes narrower or wider under the block keeps what stands above it', () => {
  const terminal = new VirtualTerminal(40)
  const screen = new Screen(terminal, true)
  screen.print(['above'])
  screen.flush(['x'.repeat(38), '', 'y'.repeat(21)])
  terminal.resize(10)
  screen.flush(['small', 'block'])
  assert.equal(terminal.text(), 'above\nsmall\nblock')
  terminal.resize(60)
  screen.flush(['big'])
  assert.equal(terminal.text(), 'above\nbig')
})

test('without a terminal that redraws there are lines and nothing else', () => {
  const terminal = new VirtualTerminal(40)
  const screen = new Screen(terminal, false)
  screen.print(['one'])
  screen.flush(['block'])
  screen.offer('two')
  screen.close()
  assert.equal(terminal.written, 'one\ntwo\n')
})

test('a reader that is too slow costs lines of the stream, counted, and bounded memory', () => {
  const written: string[] = []
  const taken: (() => void)[] = []
  const output: TextOutput = { write: (text, done) => { written.push(text); if (done) taken.push(done); return false } }
  const screen = new Screen(output, false)
  const line = 'x'.repeat(1023)
  for (let count = 0; count < 5000; count++) {
    screen.offer(line)
    if (count % 100 === 0) screen.flush()
  }
  screen.flush()
  const unread = written.join('').length
  assert.ok(unread >= 1024 * 1024 && unread < 1.1 * 1024 * 1024, `${unread} held`)
  screen.print(['said always'])
  screen.flush()
  assert.equal(written.at(-1), 'said always\n')
  for (const take of taken) take()
  screen.offer('again')
  screen.flush()
  const missing = 5000 - Math.floor(unread / 1024)
  assert.equal(written.at(-1), `    … ${missing} lines are missing: the reader is slower than the traffic\nagain\n`)
})

test('no picture is drawn for a terminal that is behind, except the last', () => {
  const written: string[] = []
  const screen = new Screen({ columns: 80, write: (text) => { written.push(text); return false } }, true)
  screen.print(['x'.repeat(2 * 1024 * 1024)])
  screen.flush(['a'])
  screen.flush(['b'])
  assert.equal(written.length, 1)
  screen.close()
  assert.match(written.join(''), /\x1b\[J\x1b\[\?2026l\x1b\[\?25h$/)
})
