/** The page of recorded runs: what it says, how large it is, and that it is valid and needs nothing but itself. */
import { HtmlValidate } from 'html-validate'
import { describe, expect, test } from 'vitest'
import { formatPage } from '../../../harness/report/html/page.ts'
import { expectation, passedTest, report } from '../report.ts'
import { KINDS, recordedRun, type Kind } from './recorded-runs.ts'

const pages = new Map<Kind, string>()
const pageOf = (kind: Kind): string => {
  const page = pages.get(kind) ?? formatPage({ reports: [recordedRun(kind)] })
  pages.set(kind, page)
  return page
}

describe.for(KINDS)('The page of a run: %s', (kind) => {
  test('is valid HTML', async () => {
    const validator = new HtmlValidate({
      extends: ['html-validate:standard', 'html-validate:a11y'],
      rules: {
        'no-inline-style': 'error',
        'doctype-style': 'off',
        'void-style': 'off',
        'no-trailing-whitespace': 'off',
      },
    })
    const { results } = await validator.validateString(pageOf(kind))
    const problems = results.flatMap(({ messages }) =>
      messages.map(({ ruleId, message, line, column }) => `${line}:${column} ${ruleId}: ${message}`),
    )
    expect(problems.slice(0, 20)).toEqual([])
  })

  test('has no script, no style attribute and no address of another place', () => {
    const page = pageOf(kind)
    expect(page).not.toMatch(/<script|\sstyle=|\son[a-z]+=|javascript:/i)
    expect([...page.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map(([, address]) => address)).toEqual([
      'report.css',
    ])
    expect(page).not.toMatch(/url\(|@import/)
  })

  test('gives every test an anchor of its own', () => {
    const page = pageOf(kind)
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const links = [...page.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id)
    expect(links.filter((link) => !ids.includes(link))).toEqual([])
  })

  test('gives every plot a title, a text alternative and its numbers in a table', () => {
    const figures = pageOf(kind).match(/<figure[\s\S]*?<\/figure>/g) ?? []
    for (const figure of figures) {
      expect(figure).toMatch(/<title id="[^"]+">[^<]+<\/title><desc id="[^"]+">[^<]+<\/desc>/)
      expect(figure).toMatch(/<tbody><tr><th scope="row">/)
    }
    expect(figures.length).toBeGreaterThanOrEqual(kind === 'interrupted' ? 0 : 6)
  })

  test('says EMULATED exactly where figures do not come from hardware', () => {
    const emulated = kind !== 'two-gpus'
    expect(pageOf(kind).includes('<strong>EMULATED</strong>')).toBe(emulated)
    expect(pageOf(kind).includes('@top-center { content: "EMULATED')).toBe(emulated)
  })

  test('names no path of a machine', () => {
    expect(pageOf(kind)).not.toMatch(/["' >(]\/(home|root|tmp|work|usr|var)\//)
  })

  test('is written the same each time', () => {
    expect(formatPage({ reports: [recordedRun(kind)] })).toBe(pageOf(kind))
  })
})

test('a page of two nodes is at most 400 kB, one of sixteen at most 1.5 MB', () => {
  for (const kind of ['passed', 'failed', 'inconclusive'] as const)
    expect(pageOf(kind).length, kind).toBeLessThanOrEqual(400_000)
  expect(pageOf('sixteen-nodes').length).toBeLessThanOrEqual(1_500_000)
})

describe('A failed run', () => {
  const text = (): string => pageOf('failed').replaceAll(/<style>[\s\S]*?<\/style>/g, '')

  test('shows the verdict and the devices to look at before anything else', () => {
    expect(text()).toMatch(
      /<h1><span class="verdict failed">✗ Failed<\/span> <span>h100x8 on target emulated<\/span><\/h1>/,
    )
    const head = text().slice(0, text().indexOf('id="not-passed"'))
    expect(head).toContain('<strong>node-a/mlx5_1</strong>')
    expect(head).toContain('<strong>2 of 2</strong> nodes, 8 of 16 GPUs, 16 of 16 NICs')
  })

  test('shows what is not passed, with figures and cause, before what passed', () => {
    const page = text()
    expect(page.indexOf('id="not-passed"')).toBeLessThan(page.indexOf('id="statements"'))
    const cards = page.slice(page.indexOf('id="not-passed"'), page.indexOf('id="statements"'))
    expect(cards.match(/<article class="card failed"/g)).toHaveLength(5)
    expect(cards).toContain('<dt>Limit</dt><dd>≥ 1.3x</dd>')
    expect(cards).toMatch(/mlx5_1 is slow: 4\.\d+ GB\/s, the median of the other paths is 9\.\d+ GB\/s/)
  })

  test('marks the injected fault and the device in the drawing of the nodes', () => {
    const drawing = /<figure id="nodes-[\s\S]*?<\/figure>/.exec(text())?.[0] ?? ''
    expect(drawing).toContain('⚡ nic-slow')
    expect(drawing).toContain('✗ mlx5_1')
    expect(drawing).toContain('NUMA node 1')
  })
})

test('a run on several nodes draws every node against the others and every pair, and names the slow node', () => {
  const page = pageOf('sixteen-nodes')
  expect(page).toContain('Bandwidth of every node, slowest first')
  expect(page).toMatch(
    /<desc[^>]*>16 nodes, median of all aligned 38\.\d+ GB\/s, unaligned 27\.\d+ GB\/s; slow: node-k</,
  )
  expect(page).toMatch(/✗ node-k is slow: aligned 27\.\d+ GB\/s, the median of all nodes is 38\.\d+ GB\/s\./)
  expect(page).toContain('Bandwidth of aligned from node to node in GB/s')
  expect(page).toMatch(/<title>node-k to node-l: 27\.\d+ GB\/s<\/title>/)
  expect(pageOf('failed')).not.toContain('Bandwidth of every node')
})

test('an interrupted run does not read as passed, and shows what was measured before', () => {
  const page = pageOf('interrupted')
  expect(page).toContain('<span class="verdict interrupted">? Interrupted</span>')
  expect(page).toContain('The run was interrupted: what it did not reach was not tested.')
  expect(page).toContain('Bandwidth of aligned over unaligned')
})

test('a GPU run draws bandwidth and latency against size, and no NIC', () => {
  const page = pageOf('two-gpus')
  expect(page).toContain('Bandwidth against size')
  expect(page).toContain('p50 latency against size')
  expect(page).not.toContain('Bytes of every NIC against its share')
})

test('waived and skipped tests show their reasons', () => {
  const reason = 'node-b leaks mlx5_6, vendor case 4711'
  const waiver = {
    statement: expectation.statement,
    reason,
    until: '2027-01-31',
    expired: false,
    at: 'w.yaml',
  }
  const page = formatPage({
    reports: [
      report({
        tests: [
          { ...passedTest, verdict: 'waived', expectations: [{ ...expectation, verdict: 'failed', waiver }] },
          {
            ...passedTest,
            name: 'GPUs are linked',
            verdict: 'skipped',
            skipReason: 'the SKU has no GPU links',
            expectations: [],
          },
        ],
      }),
    ],
  })
  expect(page).toContain('! waived</a>')
  expect(page).toContain(`waived until 2027-01-31: ${reason}`)
  expect(page).toMatch(/– skipped<\/a><\/td><td>GPUs are linked<\/td>.*the SKU has no GPU links/)
  expect(page).not.toContain('id="not-passed"')
})

test('an error shows where it was thrown, without the folders of the machine', () => {
  const stack = 'at measure (/home/someone/project/suites/own.test.ts:12:3)\nat suites/own.test.ts:40:1'
  const problem = { code: 'SUITE_ERROR', message: 'x is not a function', stack } as const
  const page = formatPage({ reports: [report({ outcome: 'failed', problems: [problem] })] })
  expect(page).toContain('at measure (.../own.test.ts:12:3)\nat suites/own.test.ts:40:1')
})

test('the page says what the run covered and what it left out', () => {
  const part = (covered: string[], missing: string[]) => ({ covered, missing })
  const coverage = {
    required: 'partial',
    kinds: ['between nodes'],
    transfers: 2,
    nodes: part(['node-a', 'node-b'], []),
    gpus: part(['node-a/gpu-0', 'node-b/gpu-0'], ['node-a/gpu-1', 'node-b/gpu-1']),
    nics: part(['node-a/mlx5_0', 'node-b/mlx5_0'], ['node-a/mlx5_1', 'node-b/mlx5_1']),
    paths: ['node-a/gpu-0 - node-a/mlx5_0', 'node-b/gpu-0 - node-b/mlx5_0'],
    gpuPairs: [],
    leftOut: [{ what: 'node-c', why: 'its node is not ready' }],
  } as const
  const page = formatPage({ reports: [report({ coverage })] })
  expect(page).toContain('<strong>2 of 2</strong> nodes, 2 of 4 GPUs, 2 of 4 NICs; 1 left out')
  expect(page).toContain(
    'covers 2 of 2 nodes, 2 of 4 GPUs, 2 of 4 NICs, 2 GPU-NIC paths; left out: node-c: its node is not ready',
  )
})

test('the drawing says how far devices are apart', () => {
  expect(pageOf('failed')).toContain('aligned<tspan class="quiet" dx="8">claims and bytes; distance: NODE')
  expect(pageOf('failed')).toContain('unaligned<tspan class="quiet" dx="8">claims and bytes; distance: SYS')
  expect(pageOf('two-gpus')).toContain(
    'linked<tspan class="quiet" dx="8">claims and bytes; distance: 18 links',
  )
})

test('ids of two runs on one page differ', () => {
  const page = formatPage({ reports: [recordedRun('passed'), recordedRun('failed')] })
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(page).toContain('<h1>2 runs</h1>')
})
