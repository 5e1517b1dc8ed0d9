/** Runs Vitest in a process of its own, as `npx vitest run` does. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { execa } from 'execa'

export interface VitestRun {
  /** Files, folders and options of Vitest. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface VitestEnd {
  readonly exitCode: number | undefined
  /** The signal that ended Vitest. */
  readonly signal: string | undefined
  readonly interrupted: boolean
}

/** Signals that somebody sends. After others, such as SIGABRT when there is no more memory, Vitest has crashed. */
const INTERRUPTING: ReadonlySet<string | undefined> = new Set([
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGKILL',
])
/** Exit codes after SIGHUP, SIGINT, SIGQUIT and SIGTERM. */
const INTERRUPTED_CODES: ReadonlySet<number | undefined> = new Set([129, 130, 131, 143])

/**
 * Resolves when Vitest has ended. Signals reach it, and it releases its devices before it ends: Ctrl-C and Ctrl-\
 * go to the whole process group, SIGTERM and SIGHUP are forwarded.
 */
export async function runVitest({ args, env }: VitestRun): Promise<VitestEnd> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const child = execa(process.execPath, [vitest, 'run', ...args], {
    stdio: 'inherit',
    reject: false,
    env,
    // The release of devices takes longer than the 5 s after which execa would send SIGKILL.
    forceKillAfterDelay: false,
  })
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
  const ignore = (): void => undefined
  process.on('SIGINT', ignore).on('SIGQUIT', ignore).on('SIGTERM', forward).on('SIGHUP', forward)
  try {
    const { exitCode, signal } = await child
    return { exitCode, signal, interrupted: INTERRUPTING.has(signal) || INTERRUPTED_CODES.has(exitCode) }
  } finally {
    process.off('SIGINT', ignore).off('SIGQUIT', ignore).off('SIGTERM', forward).off('SIGHUP', forward)
  }
}
