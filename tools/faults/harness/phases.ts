/** When a run has reached a phase, as seen from outside. */
import type { FakeCluster } from './fake-cluster.ts'
import type { FaultTarget, Phase } from './harness-fault.ts'
import type { ObservedRun } from './observed-run.ts'

const TRANSFER = 'claimcheck-transfer'
/** The reporter prints it when the first test file is about to run. */
const BEGUN = 'claimcheck 0.'

type Reached = (run: ObservedRun, cluster: FakeCluster | undefined) => boolean

const requested =
  (pattern: RegExp): Reached =>
  (_run, cluster) =>
    cluster?.proxy.seen.some((one) => pattern.test(one)) === true

/** The command runs Vitest in a process of its own. */
const starting: Reached = (run) => run.alive().length > 1

/** The results are written first, and only at the end of a run. */
const writing: Reached = (run) => run.has('results.json')

/** Both transfers of a pair ran, and one of them has ended. */
function releasing(): Reached {
  let transferred = false
  return (run) => {
    const count = run.running(TRANSFER).length
    transferred ||= count > 1
    return transferred && count < 2
  }
}

const OF_TARGET: Readonly<
  Record<FaultTarget, Readonly<Record<Exclude<Phase, 'from the start'>, () => Reached>>>
> = {
  model: {
    starting: () => starting,
    scheduling: () => (run) => run.output.includes(BEGUN),
    running: () => (run) => run.output.includes(BEGUN),
    releasing: () => (run) => run.output.includes(BEGUN),
    'writing reports': () => writing,
  },
  process: {
    starting: () => starting,
    scheduling: () => (run) => run.running('claimcheck-node').length > 0,
    running: () => (run) => run.running(TRANSFER).length > 1,
    releasing,
    'writing reports': () => writing,
  },
  host: {
    starting: () => starting,
    // Of the stand-in for nvidia-smi.
    scheduling: () => (run) => run.running('sleep').length > 0,
    running: () => (run) => run.running(TRANSFER).length > 1,
    releasing,
    'writing reports': () => writing,
  },
  cluster: {
    starting: () => starting,
    scheduling: () => requested(/^(POST|PATCH) .*\/pods\//),
    running: () => requested(/^GET .*\/pods\/.*\/log/),
    releasing: () => requested(/^DELETE .*\/pods\//),
    'writing reports': () => writing,
  },
}

/** Returns a predicate that is asked again and again, and becomes true when the run reaches the phase. */
export function phaseReached(
  target: FaultTarget,
  phase: Phase,
  run: ObservedRun,
  cluster: FakeCluster | undefined,
): () => boolean {
  if (phase === 'from the start') return () => true
  const reached = OF_TARGET[target][phase]()
  return () => reached(run, cluster)
}
