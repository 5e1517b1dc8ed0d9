/**
 * The fault catalogue: of each fault what is wrong, what it stands for in the field, and which tests should catch it.
 * Takes the files of `fixtures/faults/`; gives checked declarations. Docs, tests and the table of catch rates read it.
 */
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { ERROR_CATALOGUE, ClaimcheckError, type ErrorCode } from '../core/errors.ts'
import { readYamlFile } from '../core/yaml-file.ts'
import { validateFaults } from './validate-faults.ts'
import { faultSchema } from './fault.ts'
import type { Rack } from './rack.ts'

const catchSchema = z.strictObject({
  /** The test's own name; of tests with one name in several suites, any. */
  test: z.string().min(1),
  verdict: z.enum(['failed', 'inconclusive']),
  code: z.enum(Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]]),
})

const declarationSchema = z
  .strictObject({
    schema: z.literal('claimcheck.fault/1'),
    /** That of the file. */
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
    /** What it has in common with others that differ in size only. */
    family: z.string().min(1),
    size: z.string().min(1),
    title: z.string().min(1),
    /** What it stands for. */
    field: z.string().min(1),
    /** As in a rack file. */
    faults: z.array(faultSchema).min(1),
    runtimes: z.array(z.enum(['model', 'process'])).min(1),
    /** Every run has these. */
    caught: z.array(catchSchema).default([]),
    /** A run may have these, by chance. */
    sometimes: z.array(catchSchema).default([]),
    /** What the messages of a run that caught it name. */
    names: z.array(z.string().min(1)).default([]),
    /** What does not hold although it is caught. */
    limit: z.string().optional(),
    /** Why no test turns red. */
    notCaught: z.string().optional(),
  })
  .superRefine(({ caught, sometimes, names, notCaught }, context) => {
    const red = caught.length + sometimes.length > 0
    const complain = (message: string): void => {
      context.addIssue({ code: 'custom', message })
    }
    if (red && notCaught !== undefined)
      complain('is caught and not caught: leave "notCaught" out, or the tests')
    if (!red && notCaught === undefined)
      complain('no test catches it: list tests under "caught", or say why under "notCaught"')
    if (red && names.length === 0)
      complain('is caught, but "names" says no device that the message must name')
  })

export type FaultDeclaration = Readonly<z.infer<typeof declarationSchema>>
export type Catch = Readonly<z.infer<typeof catchSchema>>

/** Throws FILE_INVALID with line and column, or where name and file name differ. */
export function loadFaultDeclaration(path: string): FaultDeclaration {
  const declaration = readYamlFile(path, declarationSchema)
  const expected = basename(path, '.yaml')
  if (declaration.name === expected) return declaration
  throw new ClaimcheckError('FILE_INVALID', {
    subject: path,
    problem: 'declares a fault of another name',
    expected: `"${expected}"`,
    found: `"${declaration.name}"`,
    hint: 'Give file and fault the same name.',
  })
}

const OURS = join(import.meta.dirname, '..', '..', 'fixtures', 'faults')

/** All of a folder, by name; the project's own where none is given. */
export const loadFaultCatalogue = (folder: string = OURS): readonly FaultDeclaration[] =>
  globSync('*.yaml', { cwd: folder })
    .sort()
    .map((file) => loadFaultDeclaration(join(folder, file)))

/** The rack with the declared faults and no others. Throws FAULT_INVALID where they do not fit it. */
export function withFaults(rack: Rack, { faults }: Pick<FaultDeclaration, 'faults'>, seed = rack.seed): Rack {
  const faulty = { ...rack, faults, seed }
  validateFaults(faulty)
  return faulty
}
