/**
 * Certificates of genuine runs, by the real Vitest on the model runtime. Takes a rack's faults; gives the certificate as
 * read and its file. Each kind of run is made once a test file; the folder goes when the file's tests end.
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

/** `rack` is added to the fixture's text. The same arguments give the same run. */
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

/** A copy with `edit` done to it and every digest made anew: a forgery by someone who has claimcheck. */
export function forged(certificate: Certificate, edit: (copy: Certificate) => void): Certificate {
  const copy = JSON.parse(JSON.stringify(certificate)) as Certificate
  edit(copy)
  const { sections: _, digest: __, ...body } = copy
  return sealCertificate(body)
}

/** A file of it, in a folder that goes with the tests. */
export function fileOf(certificate: Certificate | string | Buffer): string {
  const path = join(folder, `file-${++count}.json`)
  const isText = typeof certificate === 'string' || Buffer.isBuffer(certificate)
  writeFileSync(path, isText ? certificate : formatCertificate(certificate))
  return path
}
