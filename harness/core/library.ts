/** SKU profiles and racks that come with claimcheck, which settings and files refer to by name: `h100x8`, `h100-2node`. */
import fs from 'node:fs'
import { basename, join, relative } from 'node:path'
import { ClaimcheckError } from './errors.ts'
import { nearest } from './nearest.ts'
import { PACKAGE_ROOT } from './package-root.ts'

type Shelf = 'skus' | 'racks'

/** A path has a slash or an extension; a name has neither. */
export const isLibraryName = (reference: string): boolean => /^[A-Za-z0-9_-]+$/.test(reference)

/** The paths of all profiles or racks that come with claimcheck, sorted. */
export const libraryFiles = (shelf: Shelf): readonly string[] =>
  fs
    .globSync('*.yaml', { cwd: join(PACKAGE_ROOT, 'fixtures', shelf) })
    .sort()
    .map((name) => join(PACKAGE_ROOT, 'fixtures', shelf, name))

/**
 * Returns the path that `reference` names, relative to the working directory if it is inside. A path is returned as it is.
 * Throws FILE_UNREADABLE for a name that the library does not have. `where` is used in messages only.
 */
export function libraryPath(shelf: Shelf, reference: string, where: string): string {
  if (!isLibraryName(reference)) return reference
  const files = libraryFiles(shelf)
  const file = files.find((path) => basename(path, '.yaml') === reference)
  if (file === undefined) throw unknownName(shelf, reference, where, files)
  const fromHere = relative(process.cwd(), file)
  return fromHere.startsWith('..') ? file : fromHere
}

function unknownName(
  shelf: Shelf,
  reference: string,
  where: string,
  files: readonly string[],
): ClaimcheckError {
  const names = files.map((path) => basename(path, '.yaml'))
  const near = nearest(reference, names)
  return new ClaimcheckError('FILE_UNREADABLE', {
    subject: where,
    problem: `names a ${shelf === 'skus' ? 'SKU' : 'rack'} that does not come with claimcheck`,
    expected: `one of ${names.join(', ')}, or a path that ends in .yaml`,
    found: `"${reference}"`,
    hint: near === undefined ? `For a file of your own, write ./${reference}.yaml.` : `Did you mean ${near}?`,
  })
}
