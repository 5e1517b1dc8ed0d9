/** In a folder that other users can write to, no link that they put there leads a report to another place. */
import { execFileSync } from 'node:child_process'
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder } from '../../harness/core/make-folder.ts'
import { appendToFile, inFolder, replaceFile } from '../../harness/core/output-file.ts'
import { EvidenceFiles } from '../../harness/report/evidence-files.ts'
import { writePage } from '../../harness/report/html/write-page.ts'
import { temporaryFolder } from '../support/rack-file.ts'

/** A file of another user, and a report folder with a link to it. */
function planted(name: string): { readonly victim: string; readonly path: string; readonly folder: string } {
  const victim = join(temporaryFolder(), 'victim')
  writeFileSync(victim, 'precious')
  const folder = temporaryFolder()
  const path = join(folder, name)
  symlinkSync(victim, path)
  return { victim, path, folder }
}

test('a link in the place of a file is replaced', () => {
  const { victim, path, folder } = planted('junit.xml')
  replaceFile(path, 'report')
  expect(readFileSync(victim, 'utf8')).toBe('precious')
  expect(lstatSync(path).isFile()).toBe(true)
  expect(readdirSync(folder)).toEqual(['junit.xml'])
})

test('a link in the place of the style of the report page is replaced', () => {
  const { victim, path, folder } = planted('report.css')
  writePage(join(folder, 'index.html'), 'page')
  expect(readFileSync(victim, 'utf8')).toBe('precious')
  expect(lstatSync(path).isFile()).toBe(true)
})

test('nothing is appended through a symbolic link, to a hard link or to a FIFO', () => {
  const { victim, path, folder } = planted('history.ndjson')
  expect(() => appendToFile(path, Buffer.from('line'))).toThrow('ELOOP')
  const hard = join(folder, 'hard')
  linkSync(victim, hard)
  expect(() => appendToFile(hard, Buffer.from('line'))).toThrow('hard link')
  const fifo = join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  expect(() => appendToFile(fifo, Buffer.from('line'))).toThrow('ENXIO')
  expect(readFileSync(victim, 'utf8')).toBe('precious')
})

test.for(['evidence', 'evidence/run-1'])('a link in the place of the folder %s is not followed', (name) => {
  const elsewhere = temporaryFolder()
  const reports = temporaryFolder()
  if (name.includes('/')) mkdirSync(join(reports, 'evidence'))
  symlinkSync(elsewhere, join(reports, name))
  const files = new EvidenceFiles(reports, 'run-1')
  expect(() => files.write({ at: 0, event: 'pod', subject: 'pod a', data: {} })).toThrow(/ENOTDIR|ELOOP/)
  expect(readdirSync(elsewhere)).toEqual([])
})

test('a folder that is replaced while it is open is not used', () => {
  const [reports, elsewhere] = [temporaryFolder(), temporaryFolder()]
  inFolder(reports, ['evidence'], (folder) => {
    execFileSync('mv', [join(reports, 'evidence'), join(reports, 'old')])
    symlinkSync(elsewhere, join(reports, 'evidence'))
    replaceFile(join(folder, 'a.json'), '{}')
  })
  expect(readdirSync(elsewhere)).toEqual([])
  expect(readdirSync(join(reports, 'old'))).toEqual(['a.json'])
})

test('evidence has its path beside the reports', () => {
  const reports = join(temporaryFolder(), 'reports')
  const path = new EvidenceFiles(reports, 'run-1').write({
    at: 0,
    event: 'pod',
    subject: 'pod a/..',
    data: { a: 1 },
  })
  expect(path).toBe(join(reports, 'evidence/run-1/01-pod_a_...json'))
  expect(JSON.parse(readFileSync(path ?? '', 'utf8'))).toMatchObject({ a: 1 })
})

test('a folder that cannot be made is an error, and one that exists is none', () => {
  const folder = temporaryFolder()
  makeFolder(join(folder, 'a/b/c'))
  makeFolder(join(folder, 'a/b'))
  expect(lstatSync(join(folder, 'a/b/c')).isDirectory()).toBe(true)
  expect(() => makeFolder('/proc/claimcheck/reports')).toThrow(/ENOENT.*'\/proc\/claimcheck'/)
  writeFileSync(join(folder, 'file'), '')
  expect(() => makeFolder(join(folder, 'file/reports'))).toThrow(/ENOTDIR/)
})
