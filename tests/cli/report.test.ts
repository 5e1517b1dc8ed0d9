/** `claimcheck report` and `claimcheck history` on recorded runs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { addToHistory } from '../../harness/certificate/history.ts'
import { issueCertificate } from '../../harness/certificate/issue-certificate.ts'
import { summaryOf } from '../../harness/certificate/run-summary.ts'
import { main } from '../../harness/cli/main.ts'
import { runReportSchema } from '../../harness/report/run-report.ts'
import { recordedText, type Kind } from '../report/html/recorded-runs.ts'
import { temporaryFolder } from '../support/rack-file.ts'

async function claimcheck(...args: readonly string[]): Promise<{ exitCode: number; output: string }> {
  let output = ''
  const stream = { write: (text: string) => (output += text) }
  const exitCode = await main(args, { env: {}, stdout: stream, stderr: stream })
  return { exitCode, output }
}

/** A folder for each run, with its results.json. */
function runsIn(folder: string, ...kinds: readonly Kind[]): readonly string[] {
  return kinds.map((kind) => {
    mkdirSync(join(folder, kind))
    const path = join(folder, kind, 'results.json')
    writeFileSync(path, recordedText(kind))
    return path
  })
}

function remember(path: string, kind: Kind): void {
  const issued = issueCertificate(runReportSchema.parse(JSON.parse(recordedText(kind))))
  if ('refused' in issued) throw new Error(issued.refused)
  addToHistory(path, summaryOf(issued.certificate))
}

describe('claimcheck report', () => {
  test('writes the page of a run beside its results', async () => {
    const folder = temporaryFolder()
    const [path = ''] = runsIn(folder, 'failed')
    const page = join(folder, 'failed', 'index.html')
    expect(await claimcheck('report', path)).toEqual({ exitCode: 0, output: `${page}\n` })
    expect(readFileSync(page, 'utf8')).toContain('✗ Failed')
    expect(existsSync(join(folder, 'failed', 'report.css'))).toBe(true)
  })

  test('of two runs shows what changed, the worse first', async () => {
    const folder = temporaryFolder()
    const page = join(folder, 'both.html')
    const { exitCode } = await claimcheck('report', ...runsIn(folder, 'passed', 'failed'), '--out', page)
    expect(exitCode).toBe(0)
    const text = readFileSync(page, 'utf8')
    const changes = text.slice(text.indexOf('id="changes"'), text.indexOf('<header'))
    expect(changes).toMatch(/✓ passed<\/span><\/td><td><span class="tag failed">✗ failed<\/span><\/td>/)
    expect(changes).toMatch(
      /aligned bandwidth<\/th>.*<td>38\.\d+ GB\/s<\/td><td>19\.\d+ GB\/s<\/td><td><span class="tag failed">worse/,
    )
    expect(changes.indexOf('>worse<')).toBeGreaterThan(0)
    expect(changes.lastIndexOf('>worse<')).toBeLessThan(changes.indexOf('<td>no change found</td>'))
  })

  test('shows the history as a trend with the last green run', async () => {
    const folder = temporaryFolder()
    const [path = ''] = runsIn(folder, 'failed')
    const history = join(folder, 'failed', 'history.ndjson')
    for (const kind of ['passed', 'failed'] as const) remember(history, kind)
    await claimcheck('report', path)
    const text = readFileSync(join(folder, 'failed', 'index.html'), 'utf8')
    expect(text).toContain('Bandwidth of kv-1gib, run by run')
    expect(text).toContain('last green')
  })

  test('names the place where a file is not a report', async () => {
    const path = join(temporaryFolder(), 'results.json')
    writeFileSync(path, '{ "schema": "claimcheck.results/1", "tests": [] }')
    const { exitCode, output } = await claimcheck('report', path)
    expect(exitCode).toBe(1)
    expect(output).toMatch(/FILE_INVALID: .*results\.json/)
  })
})

describe('claimcheck history', () => {
  test('lists runs with their verdicts and bandwidths', async () => {
    const path = join(temporaryFolder(), 'history.ndjson')
    for (const kind of ['passed', 'failed'] as const) remember(path, kind)
    const { exitCode, output } = await claimcheck('history', '--history', path)
    expect(exitCode).toBe(0)
    expect(output).toMatch(/passed +h100x8 on emulated, model, EMULATED/)
    expect(output).toMatch(/failed +h100x8 on emulated, model, faults nic-slow on node-a\/mlx5_1, EMULATED/)
    expect(output).toMatch(/kv-1gib: aligned 38\.\d+ GB\/s, unaligned 27\.\d+ GB\/s/)
  })

  test('says how many earlier runs are not listed, and that there is none', async () => {
    const path = join(temporaryFolder(), 'history.ndjson')
    for (const kind of ['passed', 'failed'] as const) remember(path, kind)
    expect((await claimcheck('history', '--history', path, '--last', '1')).output).toContain(
      '1 earlier run is not listed',
    )
    expect((await claimcheck('history', '--history', path, '--sku', 'other')).output).toContain(
      'has no run of SKU other',
    )
    expect((await claimcheck('history', '--history', path, '--last', 'x')).output).toContain(
      'a whole number above 0',
    )
  })
})
