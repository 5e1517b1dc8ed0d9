/** The fault matrix of the harness: its rows are those of the documentation, and a few of them are run. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HARNESS_FAULTS } from '../../tools/faults/harness/cases.ts'
import { titleOf, type HarnessFault } from '../../tools/faults/harness/harness-fault.ts'
import { harnessFaultsPage } from '../../tools/faults/harness/page.ts'
import { harnessFaultsSchema } from '../../tools/faults/harness/record.ts'
import { runFault } from '../../tools/faults/harness/run-fault.ts'
import { PROJECT } from '../support/run-suite.ts'

const docs = (path: string): string => readFileSync(join(PROJECT, 'docs', path), 'utf8')
const record = harnessFaultsSchema.parse(JSON.parse(docs('data/harness-faults.json')))

test('the documented rows are rows of the matrix, each once', () => {
  const titles = HARNESS_FAULTS.map(titleOf)
  const documented = record.rows.map(({ title }) => title)
  expect(new Set(titles).size).toBe(titles.length)
  expect(documented).toEqual(titles.filter((title) => documented.includes(title)))
})

test('every documented row holds and left nothing', () => {
  expect(record.rows.filter(({ holds, left }) => !holds || left.length > 0)).toEqual([])
})

test('the page is written from the data', () => {
  expect(docs('harness-faults.md')).toBe(harnessFaultsPage(record, HARNESS_FAULTS))
})

test.for([
  'model, running: SIGQUIT to the process group',
  'model, from the start: a disk that becomes full when the reports are written',
])('%s', async (title) => {
  const row = HARNESS_FAULTS.find((one) => titleOf(one) === title)
  expect(row).toBeDefined()
  expect(await runFault(row as HarnessFault, undefined)).toMatchObject({ title, left: [] })
})

test('what a run leaves is reported', async () => {
  const leaving: HarnessFault = {
    target: 'model',
    phase: 'running',
    fault: 'a file in the temporary folder',
    disturb: (run) => writeFileSync(join(run.temporary, 'forgotten'), ''),
    exits: [0],
    codes: ['passed'],
  }
  const end = await runFault(leaving, undefined)
  expect(end).toMatchObject({ exit: 0, left: ['temporary file forgotten'] })
  expect(end.wrong).toContain('left behind: temporary file forgotten')
})
