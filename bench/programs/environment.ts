/**
 * Provides a Python environment with NIXL's package and ucx_perftest, both pinned by hash. It is created once, in the
 * cache folder, and changes no other Python installation.
 */
import { createHash } from 'node:crypto'
import { globSync } from 'node:fs'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { ClaimcheckError } from '../../harness/core/errors.ts'

const REQUIREMENTS = join(import.meta.dirname, '..', 'requirements.txt')
const TOUCHED_PAGES = join(import.meta.dirname, 'touched-pages.c')
const STEP_LIMIT_MS = 10 * 60_000

export interface Environment {
  readonly python: string
  readonly perftest: string
  readonly ucxLibraries: string
  /** Library to preload into perftest, so that its buffers have their pages before they are used. */
  readonly touchedPages: string
}

/** Rejects with NIXL_UNAVAILABLE. Needs python3 with venv and pip, PyPI, and a C compiler; `say` receives a line before each slow step. */
export async function provideEnvironment(
  cacheDir: string,
  say: (line: string) => void,
): Promise<Environment> {
  const sources = await Promise.all([readFile(REQUIREMENTS), readFile(TOUCHED_PAGES)])
  const digest = createHash('sha256').update(Buffer.concat(sources)).digest('hex').slice(0, 16)
  const folder = join(cacheDir, `bench-${digest}`)
  if (!(await exists(folder))) await make(cacheDir, folder, say)
  const [site] = globSync('lib/python3*/site-packages', { cwd: folder })
  const ucx = join(folder, String(site), 'libucx')
  return {
    python: join(folder, 'bin', 'python3'),
    perftest: join(ucx, 'bin', 'ucx_perftest'),
    ucxLibraries: join(ucx, 'lib'),
    touchedPages: join(folder, 'touched-pages.so'),
  }
}

async function make(cacheDir: string, folder: string, say: (line: string) => void): Promise<void> {
  await mkdir(cacheDir, { recursive: true })
  const work = await mkdtemp(join(cacheDir, 'bench-make-'))
  try {
    const venv = join(work, 'venv')
    say('making a Python environment (once)')
    await step('python3', ['-m', 'venv', venv])
    say('fetching NIXL 1.5.1, numpy and ucx_perftest 1.22 from PyPI (about 150 MB, once)')
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    const pinned = ['--require-hashes', '--no-deps', '--only-binary=:all:', '--requirement', REQUIREMENTS]
    await step(join(venv, 'bin', 'python3'), [...pip, ...pinned])
    for (const program of globSync('lib/python3*/site-packages/libucx/bin/ucx_perftest', { cwd: venv }))
      await step('chmod', ['+x', join(venv, program)])
    await step('cc', ['-O2', '-shared', '-fPIC', '-o', join(venv, 'touched-pages.so'), TOUCHED_PAGES])
    // When two runs create the folder at once, the second finds it and keeps it.
    await rename(venv, folder).catch(async (cause: unknown) => {
      if (!(await exists(folder))) throw cause
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function step(program: string, args: readonly string[]): Promise<void> {
  await execa(program, args, { timeout: STEP_LIMIT_MS, forceKillAfterDelay: 2000 }).catch(
    (cause: unknown) => {
      throw new ClaimcheckError('NIXL_UNAVAILABLE', {
        subject: 'bench/requirements.txt',
        problem: `could not be installed: ${program} failed`,
        found: cause instanceof Error ? cause.message.split('\n').slice(0, 6).join(' ') : String(cause),
        hint: 'Check that python3 (3.11 to 3.13) with venv and pip, PyPI and a C compiler are there.',
        cause,
      })
    },
  )
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
