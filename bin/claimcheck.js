#!/usr/bin/env node
/** Starts the command line. Refuses a Node that is too old in words, before anything is imported that it cannot read. */
import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const least = engines.node.match(/\d+/g).map(Number)
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > least[0] || (major === least[0] && minor >= least[1])) {
  const { main } = await import('../harness/cli/main.ts')
  process.exitCode = await main(process.argv.slice(2), process)
} else {
  process.stderr.write(
    `claimcheck: Node ${process.versions.node} is too old: expected ${engines.node}. ` +
      'Run `npm ci`, then start through npx: it uses the Node 24 that comes with the project.\n',
  )
  process.exitCode = 1
}
