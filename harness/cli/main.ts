/**
 * The command line, `npx claimcheck`. Takes arguments; gives an exit code: 0 done, 1 not done or not understood.
 * Only parses and prints; what a command does stands in a file of its own.
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { asClaimcheckError } from '../core/errors.ts'
import { readSettings } from '../core/variables.ts'
import { binariesIn, NATIVE } from '../native/build.ts'
import { sweep } from './sweep.ts'

/** Where a command says what it does; `process` is one. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
}

export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await program(terminal).parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    // Commander has written what it had to say.
    if (error instanceof CommanderError) return error.exitCode
    const { code, message } = asClaimcheckError(error)
    terminal.stderr.write(`claimcheck: ${code}: ${message}\n`)
    return 1
  }
}

function program({ env, stdout, stderr }: Terminal): Command {
  const say = (line: string): void => void stdout.write(`${line}\n`)
  const claimcheck = new Command('claimcheck')
    .description('Checks what a hardware vendor, a cloud or a driver claims about GPU/RDMA nodes.')
    .version(version())
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .showHelpAfterError('(claimcheck --help lists what there is)')
    .addHelpText('after', '\nA suite is run by Vitest: npx vitest run suites/numa')
  claimcheck
    .command('sweep')
    .description('find and remove what killed runs left on this machine')
    .option('--dry-run', 'only say what would be removed')
    .action(async ({ dryRun = false }: { dryRun?: boolean }) => {
      await sweep({ binaries: binariesIn(NATIVE), cacheDir: readSettings(env).cacheDir, dryRun, say })
    })
  return claimcheck
}

function version(): string {
  const path = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
