/**
 * Certificates of real runs, by Vitest on the model runtime. Each kind of run is made once per test file; its folder is
 * removed after the tests of the file.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { afterAll } from 'vitest'
import {
  formatCertificate,
  sealCertificate,
  type Certificate,
} from '../../harness/certificate/certificate.ts'
import { readCertificate } from '../../harness/certificate/read-certificate.ts'
import { PROJECT } from '../support/run-suite.ts'

export interface Genuine {
  readonly folder: string
  readonly path: string
  readonly certificate: Certificate
  readonly output: string
  readonly exitCode: number | undefined
}

const folder = mkdtempSync(join(tmpdir(), 'claimcheck-certificate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const known = new Map<string, Promise<Genuine>>()
let count = 0

/** `rack` is added to the fixture's text. Equal arguments share a run. */
export function genuineRun({
  rack = '',
  scale = 200,
  args = [],
  env = {},
  again = 0,
}: {
  readonly rack?: string
  readonly scale?: number
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly again?: number
} = {}): Promise<Genuine> {
  const key = JSON.stringify([rack, scale, args, env, again])
  const run = known.get(key) ?? start(rack, scale, args, env)
  known.set(key, run)
  return run
}

async function start(
  rack: string,
  scale: number,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Genuine> {
  const own = join(folder, `run-${++count}`)
  const rackPath = join(folder, `rack-${count}.yaml`)
  const fixture = readFileSync(join(PROJECT, 'fixtures/racks/h100-2node.yaml'), 'utf8')
  writeFileSync(
    rackPath,
    fixture
      .replace('../skus', resolve(PROJECT, 'fixtures/skus'))
      .replace('scale: 200', `scale: ${scale}`)
      .concat(`${rack}\n`),
  )
  const { all, exitCode } = await execa('node_modules/.bin/vitest', ['run', 'suites/numa', ...args], {
    cwd: PROJECT,
    env: {
      CLAIMCHECK_RUNTIME: 'model',
      CLAIMCHECK_RACK: rackPath,
      CLAIMCHECK_REPORT_DIR: own,
      NO_COLOR: '1',
      ...env,
    },
    reject: false,
    all: true,
    timeout: 600_000,
    killSignal: 'SIGKILL',
  })
  const path = join(own, 'certificate.json')
  return { folder: own, path, certificate: readCertificate(path), output: all, exitCode }
}

/** A copy changed by `edit`, with valid digests: a forgery by someone who has claimcheck. */
export function forged(certificate: Certificate, edit: (copy: Certificate) => void): Certificate {
  const copy = JSON.parse(JSON.stringify(certificate)) as Certificate
  edit(copy)
  const { sections: _, digest: __, ...body } = copy
  return sealCertificate(body)
}

/** Writes the certificate to a file in a folder that is removed after the tests. */
export function fileOf(certificate: Certificate | string | Buffer): string {
  const path = join(folder, `file-${++count}.json`)
  const isText = typeof certificate === 'string' || Buffer.isBuffer(certificate)
  writeFileSync(path, isText ? certificate : formatCertificate(certificate))
  return path
}
