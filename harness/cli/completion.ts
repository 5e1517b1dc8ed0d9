/** Adds `claimcheck complete SHELL`, which prints a script that completes commands, options and their values. */
import addTo from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import { example } from './commands/command-context.ts'

/** To be called once every other command is declared. */
export function addCompletion(claimcheck: Command): void {
  addTo(claimcheck)
  const complete = claimcheck.commands.find((command) => command.name() === 'complete')
  complete
    ?.description('print a script that completes commands, options and their values in a shell')
    .addHelpText(
      'after',
      `${example('source <(claimcheck complete bash)')}\n\nThe script calls claimcheck, so it must be on the PATH: in a project, in node_modules/.bin.`,
    )
}
