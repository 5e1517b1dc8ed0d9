/**
 * `claimcheck init`: makes a project of the working directory, with a suite, a SKU profile, an emulated rack and an example for
 * a CI. Files that exist are never overwritten: if there is one, nothing is written.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ClaimcheckError } from '../core/errors.ts'
import { unwritableError } from '../core/unwritable-error.ts'
import { makeFolder } from '../core/make-folder.ts'
import { PACKAGE_ROOT } from '../core/package-root.ts'

/** A module also where the package.json of the project does not say so. */
const CONFIG = 'vitest.config.mts'
const FILES = {
  [CONFIG]: 'fixtures/init/vitest.config.mts',
  'suites/kv-cache.test.ts': 'fixtures/init/kv-cache.test.ts',
  'skus/h100x8.yaml': 'fixtures/skus/h100x8.yaml',
  'racks/h100-2node.yaml': 'fixtures/racks/h100-2node.yaml',
  '.github/workflows/claimcheck.yml': 'docs/ci/github-actions.yml',
} as const
/** npm leaves out files of this name when it packs, so its text is here. */
const GITIGNORE = 'node_modules/\nreports/\n'

/** Throws FILE_INVALID if a file exists, and REPORT_UNWRITABLE if one cannot be written. */
export function initProject(folder: string, say: (line: string) => void): void {
  const taken = [
    ...globSync('{vitest,vite}.config.*', { cwd: folder }),
    ...Object.keys(FILES).filter((file) => file !== CONFIG && existsSync(join(folder, file))),
  ]
  if (taken.length > 0)
    throw new ClaimcheckError('FILE_INVALID', {
      subject: taken.join(', '),
      problem: taken.length === 1 ? 'exists and is not overwritten' : 'exist and are not overwritten',
      hint: 'Run `npx claimcheck init` in another folder, or move the files away. Nothing was written.',
    })
  for (const [file, template] of Object.entries(FILES)) {
    write(join(folder, file), readFileSync(join(PACKAGE_ROOT, template), 'utf8'))
    say(`Wrote ${file}`)
  }
  if (existsSync(join(folder, '.gitignore')))
    say('Kept .gitignore; it should list node_modules/ and reports/')
  else {
    write(join(folder, '.gitignore'), GITIGNORE)
    say('Wrote .gitignore')
  }
  say('')
  say('Run the suite on the emulated rack:  npx claimcheck run')
  say('Without moving bytes, in seconds:    CLAIMCHECK_RUNTIME=model npx claimcheck run')
}

function write(path: string, text: string): void {
  try {
    makeFolder(dirname(path))
    writeFileSync(path, text, { flag: 'wx' })
  } catch (cause) {
    throw unwritableError(path, cause, {
      hint: 'Run `npx claimcheck init` in a folder that you can write to.',
    })
  }
}
