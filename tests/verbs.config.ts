/** Tests on real RDMA verbs: Soft-RoCE in a virtual machine, which needs neither KVM nor root. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { QEMU } from './support/verbs-vm/vm.ts'

const root = join(import.meta.dirname, '..')
const include = 'tests/verbs/*.verbs.test.ts'

/** Without QEMU or Debian's apt they are left out, and the run says so; where VERBS=required, that is an error. */
async function whyNone(): Promise<string | undefined> {
  const reason =
    process.platform !== 'linux' || process.arch !== 'x64'
      ? `they need Linux on x86-64: found ${process.platform} on ${process.arch}`
      : await missingProgram()
  if (reason !== undefined && process.env['VERBS'] === 'required')
    throw new Error(`VERBS=required, but ${reason}`)
  return reason
}

async function missingProgram(): Promise<string | undefined> {
  const packages = { [QEMU]: 'qemu-system-x86', 'apt-get': 'apt', 'dpkg-deb': 'dpkg', unxz: 'xz-utils' }
  for (const [program, name] of Object.entries(packages)) {
    const { exitCode } = await execa(program, ['--version'], { reject: false })
    if (exitCode !== 0) return `there is no ${program} on the PATH. Install Debian's package ${name}`
  }
  return undefined
}

/** By name, so that the test of the exclusive mode is last: another mode needs other namespaces and rails. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1))
  }
}

export default defineConfig(async () => {
  const reason = await whyNone()
  if (reason !== undefined) {
    const files = globSync(include, { cwd: root }).length
    process.stdout.write(`Not run: ${files} files of tests on real RDMA verbs: ${reason}\n`)
    return { root, test: { include: [], passWithNoTests: true } }
  }
  return {
    root,
    test: {
      include: [include],
      globalSetup: ['tests/support/verbs-vm/setup.ts'],
      testTimeout: 600_000,
      hookTimeout: 600_000,
      // A virtual machine for each worker, which has one processor.
      isolate: false,
      maxWorkers: 2,
      // The tests of a file run at the same time, each over rails of its own: some wait for a limit most of their time.
      sequence: { concurrent: true, sequencer: ByName },
      maxConcurrency: 20,
    },
  }
})
