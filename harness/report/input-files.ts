/** The files that decided what a run asked for, with their digests: suite, SKU profile, rack and waivers. */
import { createHash } from 'node:crypto'
import { basename, isAbsolute, relative } from 'node:path'
import { z } from 'zod'
import { readInputFile } from '../core/input-file.ts'

const inputFileSchema = z.strictObject({
  path: z.string().describe('from the project folder; the name alone for a file outside of it'),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .describe('of its bytes'),
})

const others = {
  sku: inputFileSchema,
  rack: inputFileSchema.exactOptional(),
  waivers: inputFileSchema.exactOptional(),
}

/** Of one test file. */
export const fileInputsSchema = z.strictObject({ suite: inputFileSchema, ...others })
/** Of a run. Modules that a suite imports are not listed. */
export const runInputsSchema = z.strictObject({ suites: z.array(inputFileSchema).min(1), ...others })

export type InputFile = Readonly<z.infer<typeof inputFileSchema>>
export type FileInputs = Readonly<z.infer<typeof fileInputsSchema>>

/** Throws FILE_UNREADABLE. `folder`: the project folder. */
export function inputFile(path: string, folder: string): InputFile {
  const inside = relative(folder, path)
  const digest = createHash('sha256').update(readInputFile(path)).digest('hex')
  return {
    path: inside.startsWith('..') || isAbsolute(inside) ? basename(path) : inside,
    digest: `sha256:${digest}`,
  }
}
