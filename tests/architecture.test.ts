/** The structure that ARCHITECTURE.md describes: which folder may import which. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const PROJECT = resolve(import.meta.dirname, '..')
const HARNESS = join(PROJECT, 'harness')
/** The order of the data flow: a folder imports from folders to its left only. */
const ORDER = [
  'core',
  'dra',
  'vendors',
  'sku',
  'rack',
  'claim',
  'native',
  'scheduling',
  'emulation',
  'targets',
  'transfer',
  'measure',
  'expect',
  'report',
  'certificate',
  'simulate',
  'vitest',
  'cli',
  'public',
]
/** Targets do not import each other, except that a lab is a cluster of its own. */
const TARGET_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = { lab: ['cluster'] }

const files = globSync('**/*.ts', { cwd: HARNESS }).sort()
const folderOf = (file: string): string => file.split('/')[0] ?? ''
/** `cluster` of `targets/cluster/exec.ts`; undefined for files that all targets share. */
const targetOf = (file: string): string | undefined => /^targets\/([^/]+)\//.exec(file)?.[1]
const importsOf = (text: string): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].flatMap((match) => match[1] ?? [])

describe.for(files)('%s', (file) => {
  const text = readFileSync(join(HARNESS, file), 'utf8')
  const inner = importsOf(text)
    .filter((path) => path.startsWith('.'))
    .map((path) => relative(HARNESS, resolve(HARNESS, dirname(file), path)))

  test('imports only from folders to its left', () => {
    const own = ORDER.indexOf(folderOf(file))
    expect(own, `${folderOf(file)} is not one of ${ORDER.join(', ')}`).toBeGreaterThanOrEqual(0)
    expect(inner.filter((path) => path.startsWith('..'))).toEqual([])
    expect(inner.filter((path) => ORDER.indexOf(folderOf(path)) > own)).toEqual([])
  })

  test('imports no other target', () => {
    const own = targetOf(file)
    const allowed = own === undefined ? undefined : [own, ...(TARGET_MAY_IMPORT[own] ?? [])]
    const others = inner.flatMap((path) => targetOf(path) ?? [])
    expect(others.filter((other) => allowed?.includes(other) === false)).toEqual([])
  })
})

test('the Kubernetes client stays in targets/cluster', () => {
  const users = files.filter((file) =>
    importsOf(readFileSync(join(HARNESS, file), 'utf8')).some((path) => path.startsWith('@kubernetes/')),
  )
  expect(users.filter((file) => !file.startsWith('targets/cluster/'))).toEqual([])
})

/** Drivers, DeviceClasses, PCI vendor ids, visibility variables and discovery commands of vendors. */
const VENDOR_WORDS =
  /gpu\.nvidia\.com|gpu\.amd\.com|(?<![\w.])dra\.net\b|dranet\.net|mrdma\.google\.com|networking\.k8s\.aws|k8snetworkplumbingwg|0x10de|0x1002|(CUDA|NVIDIA|ROCR|HIP)_VISIBLE_DEVICES|CUDA_DEVICE_ORDER|['"`](nvidia-smi|amd-smi|rocm-smi)['"`]/
/** Their texts name an example in a hint. */
const MAY_NAME_VENDORS = new Set(['dra/cel/diagnostics.ts'])

test('only vendors/ knows what differs between vendors', () => {
  const named = files
    .filter((file) => !file.startsWith('vendors/') && !MAY_NAME_VENDORS.has(file))
    .flatMap((file) =>
      readFileSync(join(HARNESS, file), 'utf8')
        .split('\n')
        .filter((line) => !/^\s*(\/?\*|\/\/)/.test(line) && VENDOR_WORDS.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    )
  expect(named).toEqual([])
})

test('suites speak no Kubernetes', () => {
  const suites = globSync('suites/**/*.test.ts', { cwd: PROJECT })
  expect(suites.length).toBeGreaterThan(0)
  for (const suite of suites) {
    const text = readFileSync(join(PROJECT, suite), 'utf8')
    expect(
      importsOf(text).filter((path) => path !== 'claimcheck'),
      suite,
    ).toEqual([])
    expect(text, suite).not.toMatch(/ResourceClaim|ResourceSlice|DeviceClass|apiVersion|kubectl/)
  }
})

test('only core/terminal.ts writes to the terminal', () => {
  const direct = /(?<![#.\w])process\.std(?:out|err)\b|\bconsole\./
  const allowed = new Set(['core/terminal.ts', 'vitest/reporter.ts'])
  const writers = files.filter((file) => direct.test(readFileSync(join(HARNESS, file), 'utf8')))
  expect(writers.filter((file) => !allowed.has(file))).toEqual([])
})
