/**
 * The command line, `npx claimcheck`. The commands are declared in `commands/`; what each does has a file of its own. The exit
 * code is 0 on success and 1 otherwise; `run` has exit codes of its own.
 */
import { Command, CommanderError } from 'commander'
import { asClaimcheckError } from '../core/errors.ts'
import { VERSION } from '../core/package-root.ts'
import { hanging, writerTo, type TextStream } from '../core/terminal.ts'
import { withoutCommands } from '../report/github/workflow-commands.ts'
import type { CommandContext, Terminal } from './commands/command-context.ts'
import { addLabCommands } from './commands/lab-commands.ts'
import { addMachineCommands } from './commands/machine-commands.ts'
import { addResultCommands } from './commands/result-commands.ts'
import { addSuiteCommands } from './commands/suite-commands.ts'
import { addCompletion } from './completion.ts'

export async function main(args: readonly string[], streams: Terminal): Promise<number> {
  const { env, stdin } = streams
  const [stdout, stderr] = [writerOf(streams.stdout, env), writerOf(streams.stderr, env)]
  const terminal: Terminal = { env, stdout, stderr, ...(stdin === undefined ? {} : { stdin }) }
  try {
    let exitCode = 0
    await program(terminal, (code) => (exitCode = code)).parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has already printed its message.
    if (error instanceof CommanderError) return error.exitCode
    const { code, message } = asClaimcheckError(error)
    terminal.stderr.write(`claimcheck: ${code}: ${hanging(message)}\n`)
    return 1
  }
}

/** In GitHub Actions, no text of a certificate or a cluster is a command for the runner. */
function writerOf(stream: TextStream, env: Terminal['env']): TextStream {
  const writer = writerTo(stream)
  if (env['GITHUB_ACTIONS'] !== 'true') return writer
  return { write: (text) => writer.write(text.split('\n').map(withoutCommands).join('\n')) }
}

function program(terminal: Terminal, exit: (code: number) => void): Command {
  const { stdout, stderr } = terminal
  const context: CommandContext = { terminal, say: (line) => void stdout.write(`${line}\n`), exit }
  const claimcheck = new Command('claimcheck')
    .description('Checks what a hardware vendor, a cloud or a driver claims about GPU/RDMA nodes.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .showHelpAfterError('(run claimcheck --help for the list of commands)')
    .addHelpText(
      'after',
      '\nSuites are run with Vitest, by `npx claimcheck run` or `npx vitest run suites/numa`',
    )
  addSuiteCommands(claimcheck, context)
  addMachineCommands(claimcheck, context)
  addResultCommands(claimcheck, context)
  addLabCommands(claimcheck, context)
  addCompletion(claimcheck)
  return claimcheck
}
