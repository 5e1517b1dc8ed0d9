/**
 * Finds the folders of all packages in node_modules that some packages depend on, without those that no run needs.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Vite's CSS support, and type declarations. */
const UNNEEDED = [/^lightningcss/, /^@types\//, /^@oxc-project\/types$/]

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Paths relative to the project. Optional packages that are not installed, such as builds for other platforms, are ignored. */
export function modulesFor(project: string, roots: readonly string[]): readonly string[] {
  const found = new Set<string>()
  const waiting = roots.map((name) => ({ name, from: '' }))
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const folder = resolveFrom(project, next.from, next.name)
    if (folder === undefined || found.has(folder)) continue
    found.add(folder)
    const manifest = JSON.parse(readFileSync(join(project, folder, 'package.json'), 'utf8')) as Manifest
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
      if (!UNNEEDED.some((pattern) => pattern.test(name))) waiting.push({ name, from: folder })
  }
  return [...found].sort()
}

/** Resolves as Node does: in the package's own node_modules first, then in those of its parents. */
function resolveFrom(project: string, from: string, name: string): string | undefined {
  for (
    let at = from;
    ;
    at = at.includes('/node_modules/') ? at.slice(0, at.lastIndexOf('/node_modules/')) : ''
  ) {
    const folder = join(at, 'node_modules', name)
    if (existsSync(join(project, folder, 'package.json'))) return folder
    if (at === '') return undefined
  }
}
