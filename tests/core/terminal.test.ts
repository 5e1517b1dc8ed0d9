/** No text from a pod, a cluster or a file can steer the terminal. */
import { EventEmitter } from 'node:events'
import { styleText } from 'node:util'
import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { printable, printableIn, printableLine, TerminalWriter } from '../../harness/core/terminal.ts'

// oxlint-disable-next-line no-control-regex -- these are what must not be written
const STEERS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/u

test.for([
  ['clear screen', '\u001B[2J'],
  ['clear screen in C1', '\u009B2J'],
  ['title', '\u001B]0;t\u0007'],
  ['clipboard', '\u001B]52;c;ZWNobw==\u0007'],
  ['hyperlink', '\u001B]8;;http://a\u001B\\x'],
  ['carriage return', 'passed\rfailed'],
  ['right to left', '\u202Edessap'],
  ['zero width', 'no\u200Bde'],
  ['conceal', '\u001B[8m'],
] as const)('%s is shown as an escape', ([, text]) => {
  const written: string[] = []
  const writer = new TerminalWriter({ write: (part) => written.push(part) })
  writer.write(text)
  writer.styledLine(text)
  expect(written.join('')).not.toMatch(STEERS)
  expect(written.join('')).toContain('\\u{')
})

test('any text stays without controls, and plain text stays as it is', () => {
  assert(property(string({ unit: 'binary' }), (text) => !STEERS.test(printable(text))))
  assert(property(string({ unit: 'grapheme-ascii' }), (text) => printable(text) === text))
})

test('a long line is shortened, and one line stays one', () => {
  expect(printable('x'.repeat(1_000_000)).length).toBeLessThan(9000)
  expect(printableLine('a\nRESULT {}\tb')).toBe('a RESULT {} b')
})

test('colours of our own pass, those in data do not', () => {
  const written: string[] = []
  const data = printableIn({ name: `\u001B[32mpassed`, codes: ['\u001B[2J'] })
  const line = `${styleText('red', '✗', { validateStream: false })} ${data.name} ${data.codes.join('')}`
  new TerminalWriter({ write: (part) => written.push(part) }).styledLine(line)
  expect(written.join('')).toBe('\u001B[31m✗\u001B[39m \\u{1b}[32mpassed \\u{1b}[2J\n')
})

test('nothing is written after the reader has gone', () => {
  const stream = new EventEmitter()
  const written: string[] = []
  const writer = new TerminalWriter(Object.assign(stream, { write: (part: string) => written.push(part) }))
  writer.write('before')
  stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  writer.write('after')
  expect(written).toEqual(['before'])
})
