/**
 * The image of the harness from `deploy/image/Dockerfile`, on the lab's Debian layer with this machine's Node and npm in place of
 * images from a registry.
 */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { readSettings } from '../../harness/core/variables.ts'
import { digest, keyOf } from '../../harness/targets/lab/image/build-artifact.ts'
import { debian } from '../../harness/targets/lab/image/debian-root.ts'
import { provideNodeImage } from '../../harness/targets/lab/image/node-image.ts'
import { PROJECT } from './run-suite.ts'

/** The files of npm's settings on this machine, and where the image has them. */
const CERTIFICATES = '/etc/npm/certificates.pem'
const NPM_SETTINGS: readonly { path: string | undefined; to: string; more: readonly string[] }[] = [
  { path: join(homedir(), '.npmrc'), to: '/root/.npmrc', more: [] },
  {
    path: process.env['NODE_EXTRA_CA_CERTS'],
    to: CERTIFICATES,
    more: [`ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`],
  },
]

/** Builds the image under this name. It belongs to the caller. */
export async function buildHarnessImage(name: string): Promise<void> {
  await provideNodeImage(readSettings(process.env).cacheDir, () => undefined)
  const folder = mkdtempSync(join(tmpdir(), 'claimcheck-image-'))
  const [node, npm] = [`${name}-node`, `${name}-npm`]
  try {
    await buildNode(node, join(folder, 'node'))
    await buildNpm(npm, join(folder, 'npm'), node)
    await buildPackage(name, join(folder, 'package'), { NODE: node, NPM: npm })
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await execa('docker', ['rmi', '--force', npm, node], { reject: false })
  }
}

async function buildNode(name: string, folder: string): Promise<void> {
  mkdirSync(folder)
  copyFileSync(process.execPath, join(folder, 'node'))
  const layer = `claimcheck-lab-layer:debian-${digest([keyOf(debian)]).slice(0, 16)}`
  writeFileSync(join(folder, 'Dockerfile'), `FROM ${layer}\nCOPY node /usr/local/bin/node\n`)
  await build(name, folder)
}

async function buildNpm(name: string, folder: string, node: string): Promise<void> {
  const program = realpathSync((await execa('sh', ['-c', 'command -v npm'])).stdout)
  cpSync(dirname(dirname(program)), join(folder, 'npm'), { recursive: true })
  const lines = [
    `FROM ${node}`,
    'COPY npm /usr/local/lib/node_modules/npm',
    'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm',
  ]
  for (const { path, to, more } of NPM_SETTINGS) {
    if (path === undefined || !existsSync(path)) continue
    copyFileSync(path, join(folder, basename(to)))
    lines.push(`COPY ${basename(to)} ${to}`, ...more)
  }
  writeFileSync(join(folder, 'Dockerfile'), lines.join('\n'))
  await build(name, folder)
}

async function buildPackage(
  name: string,
  folder: string,
  images: Readonly<Record<string, string>>,
): Promise<void> {
  cpSync(join(PROJECT, 'deploy/image'), folder, { recursive: true, filter: (path) => !path.endsWith('.tgz') })
  await execa('npm', ['pack', '--pack-destination', folder], { cwd: PROJECT })
  const settings = Object.entries(images).flatMap(([key, image]) => ['--build-arg', `${key}=${image}`])
  await build(name, folder, ['--network', 'host', ...settings])
}

const build = (name: string, folder: string, options: readonly string[] = []) =>
  execa('docker', ['build', '--tag', name, ...options, folder], { all: true })
