/** Makes the image of the virtual machine before any test, so that no test pays for it, and says which kernel it has. */
import type { TestProject } from 'vitest/node'
import { readSettings } from '../../../harness/core/variables.ts'
import { provideVmImage, type VmImage } from './image.ts'

declare module 'vitest' {
  interface ProvidedContext {
    vmImage: VmImage
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const image = await provideVmImage(readSettings(process.env).cacheDir, say)
  say(`Kernel of the virtual machine: ${image.release}`)
  project.provide('vmImage', image)
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)
