#!/usr/bin/env node
/** Starts the command line. Checks the version of Node first, since an older one cannot import the sources. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const least = engines.node.match(/\d+/g).map(Number)
const [major, minor] = process.versions.node.split('.').map(Number)
/** Node runs TypeScript in a clone, and does not in `node_modules`. */
const isInstalled = import.meta.url.includes('/node_modules/')

if (major > least[0] || (major === least[0] && minor >= least[1])) {
  process.exitCode = await load().then(
    (main) => main(process.argv.slice(2), process),
    ({ message }) => refuse(`could not be loaded: ${message}`),
  )
} else {
  const hint = isInstalled
    ? 'Run `npm install --save-dev node@24`, then start through npx: it uses that Node.'
    : 'Run `npm ci`, then start through npx: it uses the Node 24 that comes with the project.'
  process.exitCode = refuse(`Node ${process.versions.node} is too old: expected ${engines.node}. ${hint}`)
}

/** Returns the program. */
async function load() {
  const part = (name) => import(isInstalled ? `../dist/harness/${name}.js` : `../harness/${name}.ts`)
  const { keepCompiledModules } = await part('core/compile-cache')
  keepCompiledModules(process.env)
  const { main } = await part('cli/main')
  return main
}

/** Returns exit code 2. Node would exit with 1, which `run` keeps for hardware that failed. */
function refuse(message) {
  process.stderr.write(`claimcheck: ${message}\n`)
  if (process.argv[2] === 'run') removeReports(process.env.CLAIMCHECK_REPORT_DIR || 'reports')
  return 2
}

/** The reports of an earlier run, which might be green. */
function removeReports(folder) {
  try {
    for (const file of [
      'junit.xml',
      'results.json',
      'certificate.json',
      'certificate.intoto.jsonl',
      'ctrf.json',
    ])
      rmSync(join(folder, file), { force: true })
  } catch ({ message }) {
    process.stderr.write(`claimcheck: the reports of an earlier run are still there: ${message}\n`)
  }
}
