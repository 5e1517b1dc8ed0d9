#!/usr/bin/env node
/** Starts the command line. Checks the version of Node first, since an older one cannot import the sources. */
import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const least = engines.node.match(/\d+/g).map(Number)
const [major, minor] = process.versions.node.split('.').map(Number)
/** Node runs TypeScript in a clone, and does not in `node_modules`. */
const isInstalled = import.meta.url.includes('/node_modules/')

if (major > least[0] || (major === least[0] && minor >= least[1])) {
  const load = (name) => import(isInstalled ? `../dist/harness/${name}.js` : `../harness/${name}.ts`)
  const { keepCompiledModules } = await load('core/compile-cache')
  keepCompiledModules(process.env)
  const { main } = await load('cli/main')
  process.exitCode = await main(process.argv.slice(2), process)
} else {
  const hint = isInstalled
    ? 'Run `npm install --save-dev node@24`, then start through npx: it uses that Node.'
    : 'Run `npm ci`, then start through npx: it uses the Node 24 that comes with the project.'
  process.stderr.write(
    `claimcheck: Node ${process.versions.node} is too old: expected ${engines.node}. ${hint}\n`,
  )
  process.exitCode = 2
}
