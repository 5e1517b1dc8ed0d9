/**
 * The tests of suite files, collected without Vitest. Takes files; gives their tests in order. From this import on, the
 * name `vitest` means the stand-in in this process, so nothing else may be run in it.
 */
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { takeDeclared, type DeclaredTest } from './stand-in.ts'

const standIn = new URL('stand-in.ts', import.meta.url).href
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vitest' ? { url: standIn, shortCircuit: true } : next(specifier, context),
})

export interface SuiteFile {
  readonly path: string
  readonly tests: readonly DeclaredTest[]
}

/** One after the other, since a file's tests are those declared while it is read. */
export async function collect(paths: readonly string[]): Promise<readonly SuiteFile[]> {
  const files: SuiteFile[] = []
  for (const path of paths) {
    await import(pathToFileURL(path).href)
    files.push({ path, tests: takeDeclared() })
  }
  return files
}
