/** Runs the command line as a separate process. */
import { execa } from 'execa'
import { PROJECT } from '../support/run-suite.ts'

export interface Said {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export async function claimcheck(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Said> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, ['bin/claimcheck.js', ...args], {
    cwd: PROJECT,
    env,
    reject: false,
    timeout: 60_000,
  })
  return { exitCode, stdout, stderr }
}
