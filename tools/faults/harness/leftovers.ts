/** What a run that has ended left on the machine and on the cluster. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { REPORT_FILES } from '../../../harness/report/report-files.ts'
import type { FakeCluster } from './fake-cluster.ts'
import type { ObservedRun } from './observed-run.ts'

/** Long enough for processes that end on their own when their parent is gone. */
const PATIENCE_MS = 15_000
const LOOK_EVERY_MS = 100
/** Of containers and of other programs on this machine. */
const OTHERS =
  /^(interface (veth|br-|docker|cni)|mount (\/var\/lib\/docker|\/run\/docker|\/var\/lib\/containerd))/

/** Network interfaces, mounts, abstract sockets, shared memory and locks of this machine. */
export function machineState(): readonly string[] {
  const lines = (path: string): string[] => readFileSync(path, 'utf8').trim().split('\n')
  const all = [
    ...lines('/proc/self/net/dev')
      .slice(2)
      .map((line) => `interface ${line.split(':')[0]?.trim()}`),
    ...lines('/proc/self/mountinfo').map((line) => `mount ${line.split(' ')[4]}`),
    ...lines('/proc/self/net/unix').flatMap((line) => {
      const name = line.split(/\s+/)[7]
      return name?.startsWith('@claimcheck') === true ? [`abstract socket ${name}`] : []
    }),
    ...readdirSync('/dev/shm').map((name) => `shared memory ${name}`),
    ...readdirSync('/run/lock').flatMap((name) => (name.startsWith('claimcheck') ? [`lock ${name}`] : [])),
  ]
  return all.filter((one) => !OTHERS.test(one))
}

/** Resolves with nothing as soon as nothing is left, otherwise with what is still there after 15 s. */
export async function leftOf(
  run: ObservedRun,
  before: readonly string[],
  cluster: FakeCluster | undefined,
): Promise<readonly string[]> {
  for (let waited = 0; ; waited += LOOK_EVERY_MS) {
    const left = [
      ...run.alive().map(({ program }) => `process ${program}`),
      ...machineState().filter((one) => !before.includes(one)),
      ...readdirSync(run.temporary).map((name) => `temporary file ${name}`),
      ...readdirSync(run.reports)
        .filter((name) => !REPORT_FILES.some((known) => known === name) && !ALSO_REPORTS.has(name))
        .map((name) => `report ${name}`),
      ...((await cluster?.leftovers()) ?? []),
    ]
    if (left.length === 0 || waited >= PATIENCE_MS) return left
    await sleep(LOOK_EVERY_MS)
  }
}

const ALSO_REPORTS: ReadonlySet<string> = new Set(['history.ndjson', 'evidence'])
