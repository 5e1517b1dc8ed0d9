#!/usr/bin/env node
/** Starts the command line. Checks the version of Node first, since an older one cannot import the sources. */
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
