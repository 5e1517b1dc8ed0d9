/** Text from elsewhere cannot hide, reorder or flood what stands beside it. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { markup } from '../../../harness/report/html/markup.ts'
import { printableText, shortText } from '../../../harness/report/html/printable-text.ts'

describe('Text', () => {
  test.for([
    ['plain text stays', 'node-a/mlx5_1 is slow', 'node-a/mlx5_1 is slow'],
    ['letters of any script stay', 'Knoten ü, узел, ノード, 🚀', 'Knoten ü, узел, ノード, 🚀'],
    ['line breaks and tabs stay', 'a\tb\r\nc', 'a\tb\nc'],
    ['direction is written out', 'mlx5_1\u202egnp.exe', 'mlx5_1\\u{202e}gnp.exe'],
    ['invisible characters are written out', 'node\u200b-a\ufeff', 'node\\u{200b}-a\\u{feff}'],
    ['control characters are written out', 'a\u0000b\u0007c', 'a\\u{0}b\\u{7}c'],
    ['terminal sequences are removed', '\u001b[31mred\u001b[0m', 'red'],
    ['half a surrogate pair is written out', 'a\ud800b', 'a\\u{d800}b'],
    [
      'absolute paths lose their folders',
      'kubeconfig /home/someone/.kube/config, file:///tmp/a/b.ts:3:7, "/root/x/y"',
      'kubeconfig .../config, .../b.ts:3:7, ".../y"',
    ],
    [
      'other paths stay',
      '/dev/infiniband/uverbs0 /sys/class/net/eth0 /opt/claimcheck/bin/x https://a.example/b/c and/or/not suites/numa/a.ts',
      '/dev/infiniband/uverbs0 /sys/class/net/eth0 /opt/claimcheck/bin/x https://a.example/b/c and/or/not suites/numa/a.ts',
    ],
    [
      'patterns and paths below a variable stay',
      '/sys/class/infiniband/*/device/numa_node $HOME/.kube/config /dev/*/a/b',
      '/sys/class/infiniband/*/device/numa_node $HOME/.kube/config /dev/*/a/b',
    ],
    ['stacked marks are cut to two', `a${'\u0301'.repeat(50)}b`, 'a\u0301\u0301b'],
  ] as const)('%s', ([, text, printed]) => {
    expect(printableText(text)).toBe(printed)
  })

  test('is bounded and says how much is missing', () => {
    expect(printableText('x'.repeat(5000), 10)).toBe('xxxxxxxxxx… (4990 characters more)')
  })

  test('as a label is one line of at most the given length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 3, max: 40 }), (text, most) => {
        const label = shortText(text, most)
        expect(label.length).toBeLessThanOrEqual(most)
        expect(label).not.toMatch(/\n/)
      }),
    )
  })

  test('of any kind holds no control, format or unassigned character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(printableText(text)).not.toMatch(/[^\P{C}\n\t]/u)
      }),
    )
  })
})

describe('Markup', () => {
  test('of any text holds no tag, quote or entity of the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { text: written } = markup`<p title="${text}">${text}</p>`
        expect(written).toMatch(/^<p title="[^<>"']*">[^<>"']*<\/p>$/)
      }),
    )
  })

  test('writes lists and markup as they are, and nothing for what is absent', () => {
    const { text } =
      markup`<ul>${['a&b', 'c'].map((one) => markup`<li>${one}</li>`)}</ul>${undefined}${false}${0}`
    expect(text).toBe('<ul><li>a&amp;b</li><li>c</li></ul>0')
  })
})
