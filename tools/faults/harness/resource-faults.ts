/** Full disks, unwritable folders, no memory, no file descriptors, and a package index that does not deliver. */
import { execa } from 'execa'
import type { HarnessFault } from './harness-fault.ts'
import type { ObservedRun } from './observed-run.ts'

/** Runs the command where `mount` was run first; `$@` is the command. An ordinary user gets a user namespace. */
const mounted = (mount: string): readonly string[] => [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  '--mount',
  'sh',
  '-c',
  `${mount} && exec "$@"`,
  'sh',
]

/** Limits a process of the run, and what it starts from then on. */
async function limit(run: ObservedRun, program: string, ...limits: readonly string[]): Promise<void> {
  const [victim] = run.running(program)
  if (victim === undefined) throw new Error(`the run has no ${program}`)
  await execa('prlimit', [`--pid=${victim.pid}`, ...limits])
}

const MODEL_FROM_THE_START = { target: 'model', phase: 'from the start' } as const
/** A cache folder without NIXL, so that it has to be downloaded. */
const EMPTY_CACHE = { CLAIMCHECK_CACHE_DIR: 'FOLDER/cache', PIP_CONFIG_FILE: '/dev/null' }

export const RESOURCE_FAULTS: readonly HarnessFault[] = [
  {
    ...MODEL_FROM_THE_START,
    fault: 'a full disk under the reports',
    under: mounted('mount -t tmpfs -o size=4k tmpfs REPORTS && head -c 4096 /dev/zero > REPORTS/other'),
    exits: [2],
    codes: ['REPORT_UNWRITABLE'],
  },
  {
    ...MODEL_FROM_THE_START,
    fault: 'a disk that becomes full when the reports are written',
    under: mounted('mount -t tmpfs -o size=24k tmpfs REPORTS'),
    exits: [2],
    codes: ['REPORT_UNWRITABLE'],
  },
  {
    ...MODEL_FROM_THE_START,
    fault: 'a report folder that is read-only',
    under: mounted('mount -t tmpfs -o ro tmpfs REPORTS'),
    exits: [2],
    codes: ['REPORT_UNWRITABLE'],
  },
  {
    ...MODEL_FROM_THE_START,
    fault: 'a report folder below a file',
    variables: { CLAIMCHECK_REPORT_DIR: '/etc/hostname/reports' },
    exits: [2],
    codes: ['REPORT_UNWRITABLE'],
  },
  {
    ...MODEL_FROM_THE_START,
    fault: 'a temporary folder that does not exist',
    variables: { TMPDIR: '/proc/none' },
    exits: [0, 2, 3],
    codes: ['passed', 'FILE_UNREADABLE', 'REPORT_UNWRITABLE'],
  },
  {
    target: 'process',
    phase: 'from the start',
    fault: 'a temporary folder that does not exist',
    variables: { TMPDIR: '/proc/none' },
    exits: [0],
    codes: ['passed'],
  },
  {
    ...MODEL_FROM_THE_START,
    fault: 'a JavaScript heap of 24 MB',
    variables: { NODE_OPTIONS: '--max-old-space-size=24' },
    exits: ['SIGABRT'],
    codes: ['none'],
  },
  {
    ...MODEL_FROM_THE_START,
    fault: 'a JavaScript heap of 40 MB',
    variables: { NODE_OPTIONS: '--max-old-space-size=40' },
    // Either Vitest or its worker has too little.
    exits: [2, 3],
    codes: ['none', 'INTERNAL'],
  },
  {
    ...MODEL_FROM_THE_START,
    // With fewer, Node ends before it has read the first line of the command.
    fault: '22 file descriptors',
    under: ['prlimit', '--nofile=22:22'],
    exits: [2],
    codes: ['none'],
  },
  {
    ...MODEL_FROM_THE_START,
    fault: '32 file descriptors',
    under: ['prlimit', '--nofile=32:32'],
    exits: [0],
    codes: ['passed'],
  },
  {
    target: 'process',
    phase: 'scheduling',
    fault: 'a node agent with 12 file descriptors',
    disturb: (run) => limit(run, 'claimcheck-node', '--nofile=12:12'),
    exits: [3],
    codes: ['NODE_AGENT_FAILED', 'POD_FAILED', 'TRANSFER_FAILED'],
  },
  {
    target: 'process',
    phase: 'scheduling',
    fault: 'pods with 300 MB of address space',
    disturb: (run) => limit(run, 'claimcheck-node', '--as=300000000:300000000'),
    exits: [3],
    codes: ['TRANSFER_FAILED', 'POD_FAILED', 'RESULT_MISSING', 'NODE_AGENT_FAILED'],
  },
  {
    target: 'process',
    phase: 'from the start',
    fault: 'a cache folder that cannot be made',
    variables: { CLAIMCHECK_CACHE_DIR: '/proc/none' },
    exits: [2, 3],
    codes: ['NIXL_UNAVAILABLE'],
  },
  {
    target: 'process',
    phase: 'from the start',
    fault: 'a full disk under the cache folder',
    under: mounted('mkdir REPORTS/evidence && mount -t tmpfs -o size=1m tmpfs REPORTS/evidence'),
    variables: { CLAIMCHECK_CACHE_DIR: 'FOLDER/reports/evidence' },
    exits: [2, 3],
    codes: ['NIXL_UNAVAILABLE'],
  },
  {
    target: 'process',
    phase: 'from the start',
    fault: 'a package index that refuses connections',
    variables: { ...EMPTY_CACHE, PIP_INDEX_URL: 'http://127.0.0.1:9/simple' },
    exits: [2, 3],
    codes: ['NIXL_UNAVAILABLE'],
  },
  {
    target: 'process',
    phase: 'from the start',
    fault: 'a package index whose name does not resolve',
    variables: { ...EMPTY_CACHE, PIP_INDEX_URL: 'http://index.invalid/simple' },
    exits: [2, 3],
    codes: ['NIXL_UNAVAILABLE'],
  },
]
