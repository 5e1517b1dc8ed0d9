/**
 * Which packages of node_modules a run needs. Takes the project's folder and the packages it begins with; gives the folders
 * of all they depend on. What is only there to build or to style is left out.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Vite's style sheets, and types: no suite has the one, no run needs the other. */
const NEEDLESS = [/^lightningcss/, /^@types\//, /^@oxc-project\/types$/]

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Relative to the project. A native build for another platform is not installed, and so not found. */
export function modulesFor(project: string, roots: readonly string[]): readonly string[] {
  const found = new Set<string>()
  const waiting = roots.map((name) => ({ name, from: '' }))
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const folder = resolveFrom(project, next.from, next.name)
    if (folder === undefined || found.has(folder)) continue
    found.add(folder)
    const manifest = JSON.parse(readFileSync(join(project, folder, 'package.json'), 'utf8')) as Manifest
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
      if (!NEEDLESS.some((pattern) => pattern.test(name))) waiting.push({ name, from: folder })
  }
  return [...found].sort()
}

/** As Node looks: in the package's own node_modules first, then further out. */
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
