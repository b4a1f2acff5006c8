import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from '../faults/index.ts'
import { UserError } from '../kit/errors.ts'
import { faultLines, formatFault, parseFault } from './text-form.ts'

const parse = (text: string, totalMs?: number) => parseFault(text, faults, '--fault', { totalMs }).entry
const refuse = (text: string): UserError => {
  try {
    parse(text)
  } catch (error) {
    assert.ok(error instanceof UserError, String(error))
    assert.equal(error.exitCode, 2)
    assert.ok(error.hint, error.message)
    return error
  }
  assert.fail(`${text} should be refused`)
}

test('a type with its main value and further parameters', () => {
  const { spec, params, envelope } = parse('latency 200ms stddev=20 sched=start:10s,duration:30s path=/api/*')
  assert.equal(spec.name, 'latency')
  assert.deepEqual([params['mean'], params['stddev']], [200, 20])
  assert.deepEqual(envelope, { sched: 'start:10s,duration:30s', path: '/api/*' })
})

test('every spelling of a type and of a key means the same', () => {
  for (const type of ['packet-loss', 'packetloss', 'packet_loss', 'PacketLoss']) assert.equal(parse(type).spec.name, 'packet-loss')
  for (const type of ['httperror', 'http-response', 'HTTP_RESPONSE']) assert.equal(parse(`${type} 503`).params['status'], 503)
  for (const key of ['perReadWrite', 'per-read-write', 'per_read_write']) assert.equal(parse(`latency 5 ${key}=yes`).params['perReadWrite'], true)
  assert.equal(parse('dns rate=0.25').envelope.probability, 0.25)
  assert.equal(parse('dns probability=0.25').envelope.probability, 0.25)
  assert.equal(parse('latency 5 period=duration:5s').envelope.sched, 'duration:5s')
})

test('a documented default holds in every form', () => {
  assert.equal(parse('dns').envelope.probability, 0.5)
  assert.deepEqual(parse('dns').source, { type: 'dns' })
})

test('quotes hold blanks, equals signs, quotes and line ends', () => {
  assert.equal(parse('http-response 503 body="a b=\\"c\\"\\n"').params['body'], 'a b="c"\n')
  assert.equal(parse('latency "5 ms"').params['mean'], 5)
  assert.equal(parse('http-response 503 body=a"b c"d').params['body'], 'ab cd')
})

test('two dots give both limits', () => {
  assert.deepEqual(parse('latency 100ms..2s distribution=uniform').source, { type: 'latency', distribution: 'uniform', min: 100, max: 2000 })
  assert.equal(parse('http-response 503 body="1..2"').params['body'], '1..2')
})

test('a repeated key makes a list, where there is one to make', () => {
  assert.deepEqual(parse('latency 5 header=x-a:1 header="x-b: 2 3"').envelope.header, ['x-a:1', 'x-b: 2 3'])
  assert.match(refuse('latency 5 stddev=1 stddev=2').message, /stddev is given twice/)
})

test('an error shows the place', () => {
  assert.equal(refuse('latency mean=abc').message, [
    '--fault latency: mean: expected a duration from 0 to 1h, such as 250, 250ms or 1.5s, got \'abc\'',
    '  latency mean=abc',
    '               ^^^',
  ].join('\n'))
  assert.match(refuse('latency 5 sched=start:x').message, /^--fault latency: sched 'start:x': 'x' is no time\n {2}start:x\n {8}\^$/)
})

test('the caret stands under a key when the key is what is wrong', () => {
  assert.match(refuse('latency 10 drop=1').message, /\n {2}latency 10 drop=1\n {13}\^{4}$/)
  assert.match(refuse('dns side=client').message, /\n {2}dns side=client\n {6}\^{4}$/)
  assert.match(refuse('latency 5 sched=duration:1s period=duration:1s').message, /\n {30}\^{6}$/)
})

test('what to add is said in the form of the text', () => {
  const told = (text: string): string => `${refuse(text).message} ${refuse(text).hint!}`
  assert.match(told('latency 5..9'), /add distribution=uniform /)
  assert.match(told('latency 5 distribution=pareto'), /add shape=… /)
  assert.match(told('jitter min=5ms'), /add chance=…, from 0 to 1/)
  assert.match(told('http-response contentType=text/plain'), /add body=… /)
  for (const text of ['latency 5..9', 'latency distribution=pareto', 'jitter chance=0.5', 'packet-loss badToGood=0.1']) assert.doesNotMatch(told(text), /--(?!fault)/)
})

test('all problems of one fault are told at once', () => {
  const { message } = refuse('latency mean=abc stddev=def side=up')
  for (const word of ['3 problems', 'mean', 'stddev', 'side', 'client, server']) assert.ok(message.includes(word), message)
})

test('what is unknown comes with what was probably meant', () => {
  assert.equal(refuse('latancy 5').hint, 'did you mean latency?')
  assert.equal(refuse('latency maen=5').hint, 'did you mean mean?')
  assert.match(refuse('nothing-like-it').hint!, /fault explain/)
})

test('what makes no sense is refused with a way out', () => {
  for (const text of ['', '   ', '=5', 'latency 5 6', 'latency 5 body="x', 'latency "', 'dns side=client', 'latency 5 sched=1s period=2s', 'latency 5 host=a:99999', 'latency 5 probability=2', 'blackhole 5']) refuse(text)
})

test('a percentage needs the length of the run', () => {
  assert.match(refuse('latency 5 sched=start:5%').message, /length of the run/)
  assert.equal(parse('latency 5 sched=start:5%', 60_000).envelope.sched, 'start:5%')
})

test('a lone start and duration are one period, with a note', () => {
  assert.equal(parseFault('latency 5 sched=start:30s;duration:3m', faults, '--fault').notes.length, 1)
})

test('a fault is written back short, with units and only the quotes it needs', () => {
  assert.equal(formatFault(parse('latency mean=200 stddev=1500')), 'latency 200ms stddev=1.5s')
  assert.equal(formatFault(parse('bandwidth rate=64000')), 'bandwidth 64000')
  assert.equal(formatFault(parse('httperror 503 body="a b" header=a header=b:c')), 'http-response 503 body="a b" header=a header=b:c')
})

test('one fault stands on each line, with comments and blank lines between', () => {
  assert.deepEqual(faultLines('latency 5\n\n  # no\n dns \r\n'), [{ line: 1, text: 'latency 5' }, { line: 4, text: 'dns' }])
})
