/** The commands about recorded runs: verify, sign, compare, report, history. */
import { join } from 'node:path'
import { Option, type Command } from 'commander'
import { HISTORY_FILE } from '../../certificate/history.ts'
import { readSettings } from '../../core/variables.ts'
import { compareFiles, compareWithLast } from '../compare.ts'
import { signFile } from '../sign.ts'
import { verifyFile } from '../verify.ts'
import { countOf, example, type CommandContext } from './command-context.ts'

interface CompareOptions {
  readonly last?: boolean
  readonly history?: string
}

export function addResultCommands(claimcheck: Command, { terminal, say, exit }: CommandContext): void {
  const { env } = terminal
  claimcheck
    .command('verify')
    .description('recompute every verdict of certificates from their samples, offline')
    .argument('<certificates...>', 'paths of certificate.json files')
    .option('--key <file>', 'public key, Ed25519 in PEM, that must have signed them')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx claimcheck verify --key vendor.pub.pem reports/certificate.json\n\nWithout --key nobody vouches for a certificate: whoever wrote it may have left out tests or invented samples.',
    )
    .action(async (paths: string[], { key }: { key?: string }) => {
      for (const path of paths) await verifyFile(path, key, say)
    })
  claimcheck
    .command('sign')
    .description('verify a certificate and sign it: writes certificate.intoto.jsonl beside it')
    .argument('<certificate>', 'path of a certificate.json')
    .requiredOption('--key <file>', 'private key, Ed25519 in PEM, that only you can read')
    .addHelpText(
      'after',
      '\nExample:\n  $ openssl genpkey -algorithm ed25519 -out key.pem\n  $ npx claimcheck sign --key key.pem reports/certificate.json',
    )
    .action((path: string, { key }: { key: string }) => signFile(path, key, say))
  claimcheck
    .command('compare')
    .description('show what changed between two runs; exit code 1 if something got worse')
    .argument('[A]', 'certificate.json or results.json of the earlier run')
    .argument('[B]', 'certificate.json or results.json of the later run')
    .option(
      '--last',
      'compare A, by default the last run, with the last green run of its SKU and target before it',
    )
    .option('--history <file>', 'history of runs (default: history.ndjson in the report folder)')
    .addHelpText('after', example('npx claimcheck compare --last'))
    .action((a: string | undefined, b: string | undefined, options: CompareOptions, command: Command) => {
      const { reportDir } = readSettings(env)
      const { last = false, history = join(reportDir, HISTORY_FILE) } = options
      if (last && b === undefined)
        return exit(compareWithLast(a ?? join(reportDir, 'certificate.json'), history, say) ? 0 : 1)
      if (last || a === undefined || b === undefined)
        return command.error('error: expected two runs, A and B, or --last with at most one run')
      exit(compareFiles(a, b, say) ? 0 : 1)
    })
  claimcheck
    .command('report')
    .description('write the report page of runs again; of two runs, with what changed')
    .argument('<results...>', 'results.json or certificate.json of each run')
    .option('--out <file>', 'path of the page (default: index.html beside the first run)')
    .option('--history <file>', 'history of runs (default: history.ndjson beside the last run)')
    .addHelpText(
      'after',
      example('npx claimcheck report before/results.json after/results.json --out change.html'),
    )
    .action(async (paths: [string, ...string[]], options: { out?: string; history?: string }) => {
      const { writeReport } = await import('../report.ts')
      writeReport(paths, options, say)
    })
  claimcheck
    .command('history')
    .description('list the runs in the history with their verdicts and bandwidths')
    .addOption(new Option('--last <count>', 'how many runs are listed').default(20).argParser(countOf))
    .option('--sku <name>', 'only runs of this SKU')
    .option('--history <file>', 'history of runs (default: history.ndjson in the report folder)')
    .addHelpText('after', example('npx claimcheck history --sku h100x8 --last 5'))
    .action(async ({ last, sku, history }: { last: number; sku?: string; history?: string }) => {
      const { listHistory } = await import('../history.ts')
      listHistory(history ?? join(readSettings(env).reportDir, HISTORY_FILE), { last, sku }, say)
    })
}
