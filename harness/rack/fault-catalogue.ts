/**
 * The fault catalogue, read from `fixtures/faults/`. Each declaration states the fault, what it corresponds to in the
 * field, and which tests should catch it. Docs, tests and the table of catch rates use it.
 */
import fs from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { ERROR_CATALOGUE, ClaimcheckError, type ErrorCode } from '../core/errors.ts'
import { PACKAGE_ROOT } from '../core/package-root.ts'
import { readYamlFile } from '../core/yaml-file.ts'
import { validateFaults } from './validate-faults.ts'
import { faultSchema } from './fault.ts'
import type { Rack } from './rack.ts'

const catchSchema = z.strictObject({
  /** The test's name without its suite. Matches the tests of that name in all suites. */
  test: z.string().min(1),
  verdict: z.enum(['failed', 'inconclusive']),
  code: z.enum(Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]]),
})

const declarationSchema = z
  .strictObject({
    schema: z.literal('claimcheck.fault/1'),
    /** The name of the file. */
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
    /** Groups faults that differ in size only. */
    family: z.string().min(1),
    size: z.string().min(1),
    title: z.string().min(1),
    /** The fault in the field that it represents. */
    field: z.string().min(1),
    /** As in a rack file. */
    faults: z.array(faultSchema).min(1),
    runtimes: z.array(z.enum(['model', 'process'])).min(1),
    /** Failures in every run. */
    caught: z.array(catchSchema).default([]),
    /** Failures in some runs, by chance. */
    sometimes: z.array(catchSchema).default([]),
    /** What the messages of a run that catches it must name. */
    names: z.array(z.string().min(1)).default([]),
    /** A limitation of how the fault is caught. */
    limit: z.string().optional(),
    /** The reason why no test fails. */
    notCaught: z.string().optional(),
  })
  .superRefine(({ caught, sometimes, names, notCaught }, context) => {
    const red = caught.length + sometimes.length > 0
    const report = (message: string): void => {
      context.addIssue({ code: 'custom', message })
    }
    if (red && notCaught !== undefined)
      report('lists tests under "caught" and gives a reason under "notCaught": remove one of them')
    if (!red && notCaught === undefined)
      report('no test catches it: list tests under "caught", or give the reason under "notCaught"')
    if (red && names.length === 0) report('is caught, but "names" lists no device that the message must name')
  })

export type FaultDeclaration = Readonly<z.infer<typeof declarationSchema>>
export type Catch = Readonly<z.infer<typeof catchSchema>>

/** Throws FILE_INVALID with line and column, or if the fault's name is not that of the file. */
export function loadFaultDeclaration(path: string): FaultDeclaration {
  const declaration = readYamlFile(path, declarationSchema)
  const expected = basename(path, '.yaml')
  if (declaration.name === expected) return declaration
  throw new ClaimcheckError('FILE_INVALID', {
    subject: path,
    problem: 'declares a fault with another name than its file',
    expected: `"${expected}"`,
    found: `"${declaration.name}"`,
    hint: 'Give the file and the fault the same name.',
  })
}

const OURS = join(PACKAGE_ROOT, 'fixtures', 'faults')

/** All faults of a folder, sorted by name. By default the project's own catalogue. */
export const loadFaultCatalogue = (folder: string = OURS): readonly FaultDeclaration[] =>
  fs
    .globSync('*.yaml', { cwd: folder })
    .sort()
    .map((file) => loadFaultDeclaration(join(folder, file)))

/** Returns the rack with exactly the declared faults. Throws FAULT_INVALID if they are not valid for the rack. */
export function withFaults(rack: Rack, { faults }: Pick<FaultDeclaration, 'faults'>, seed = rack.seed): Rack {
  const faulty = { ...rack, faults, seed }
  validateFaults(faulty)
  return faulty
}
