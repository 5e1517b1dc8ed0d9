/** A profile with values to be filled in is refused with every place; links of pairs and of GPUs must agree. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadSku } from '../../harness/sku/sku.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { PROJECT } from '../support/run-suite.ts'

const finished = readFileSync(join(PROJECT, 'fixtures/skus/h200x2.yaml'), 'utf8')

/** The profile with a text replaced. */
function profile(from: string, to: string): string {
  expect(finished).toContain(from)
  const file = join(temporaryFolder(), 'sku.yaml')
  writeFileSync(file, finished.replace(from, to))
  return file
}
const messageOf = (file: string): string => {
  try {
    loadSku(file)
  } catch (error) {
    return (error as Error).message.replaceAll(file, 'sku.yaml')
  }
  return 'loaded'
}

test('each place is named with line, path and what belongs there', () => {
  const file = profile(
    "'0000:00:06.0', numaNode: 0 }\n",
    "'0000:00:06.0', numaNode: FILL_IN } # one of NUMA nodes 0, 1\n",
  )
  writeFileSync(file, readFileSync(file, 'utf8').replace('143771 MiB', 'FILL_IN'))
  expect(messageOf(file)).toBe(
    [
      'sku.yaml:6:64 is unfinished: 2 values have to be filled in',
      '  sku.yaml:6:64 at gpu.memory',
      '  sku.yaml:9:56 at gpus[0].numaNode: one of NUMA nodes 0, 1. Replace each FILL_IN with the value that its comment asks for.',
    ].join('\n'),
  )
})

test('the word in a comment or a description is no value to fill in', () => {
  expect(messageOf(profile('141 GB HBM3e', '141 GB HBM3e without FILL_IN'))).toBe('loaded')
  expect(messageOf(profile('schema:', '# FILL_IN is explained elsewhere\nschema:'))).toBe('loaded')
})

const pairs = (text: string): string => messageOf(profile('links: 18 }', `links: 18, linkPairs: ${text} }`))

test.for([
  ['[{ between: [gpu-0, gpu-1], links: 18 }]', /^loaded$/],
  [
    '[{ between: [gpu-0, gpu-1], links: 12 }]',
    /18 links of each GPU, but the linkPairs of gpu-0 add up to 12/,
  ],
  ['[{ between: [gpu-0, gpu-2], links: 18 }]', /"gpu-2" is not one of the GPUs gpu-0, gpu-1/],
  ['[{ between: [gpu-0, gpu-0], links: 18 }]', /"gpu-0" is named twice/],
  [
    '[{ between: [gpu-0, gpu-1], links: 9 }, { between: [gpu-1, gpu-0], links: 9 }]',
    /the pair is listed twice, first at linkPairs\[0\]/,
  ],
] as const)('linkPairs %s', ([text, message]) => {
  expect(pairs(text)).toMatch(message)
})
