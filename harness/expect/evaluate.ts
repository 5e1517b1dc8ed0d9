/**
 * Evaluates an assertion spec on its source and returns the resulting expectations. A source is a running measurement or
 * the evidence of a certificate; both are evaluated alike.
 */
import { gigabytesPerSecond, seconds } from '../core/units.ts'
import type { RoundSource } from '../measure/round-source.ts'
import type { Sku } from '../sku/sku.ts'
import { Arm } from './arm.ts'
import type { ArmAssertionSpec, PodAssertionSpec } from './assertion-spec.ts'
import type { Expectation } from './expectation.ts'
import { evenStatement, judgeEven } from './judge-gpu-nic-paths.ts'
import * as latency from './judge-latency.ts'
import * as figures from './judge-ratio-and-bounds.ts'
import * as gpus from './judge-visible-gpus.ts'
import * as pods from './judge-visible-nics.ts'
import { judgeKernelFacts, kernelStatement } from './judge-published-facts.ts'
import * as topology from './judge-topology.ts'
import { intactStatement, judgeIntact } from './judge-integrity.ts'
import { judgeShares, sharesStatement } from './judge-nic-shares.ts'
import { judgeRetransmissions, retransmissionsStatement } from './judge-retransmissions.ts'
import type { ClaimedPods } from '../transfer/pod-set.ts'
import type { PublishedDevices } from './published-devices.ts'

export interface Evaluation {
  /** The statement of the assertion, known before anything is measured. */
  readonly statement: string
  /** One or more expectations. Rejects when the source could not be measured. */
  readonly judge: () => Promise<readonly Expectation[]>
}

const one = async (judgement: Promise<Expectation>): Promise<readonly Expectation[]> => [await judgement]

export function evaluateArms(spec: ArmAssertionSpec, rounds: RoundSource): Evaluation {
  const arm = new Arm(rounds, spec.arm)
  switch (spec.kind) {
    case 'outperform': {
      const other = new Arm(rounds, spec.other)
      const statement = figures.outperformStatement(arm, other, spec)
      return { statement, judge: () => one(figures.judgeOutperform(arm, other, spec)) }
    }
    case 'undercut': {
      const other = new Arm(rounds, spec.other)
      const statement = figures.undercutStatement(arm, other, spec)
      return { statement, judge: () => one(figures.judgeUndercut(arm, other, spec)) }
    }
    case 'within': {
      const { bandwidth, latency: time } = spec.reference
      const reference = {
        bandwidth: { ...bandwidth, value: gigabytesPerSecond(bandwidth.value) },
        latency: { ...time, value: seconds(time.value) },
      }
      const statement = figures.withinStatement(arm, 'bandwidth')
      return { statement, judge: () => figures.judgeWithin(arm, reference) }
    }
    case 'stable':
      return { statement: latency.stableStatement(arm), judge: () => one(latency.judgeStable(arm, spec)) }
    case 'stays-below': {
      const statement = latency.belowStatement(arm, spec.limit, spec)
      return { statement, judge: () => one(latency.judgeBelow(arm, spec.limit, spec)) }
    }
    case 'steady':
      return {
        statement: latency.steadyStatement(arm, spec),
        judge: () => one(latency.judgeSteady(arm, spec)),
      }
    case 'even-paths':
      return { statement: evenStatement(arm, spec), judge: () => one(judgeEven(arm, spec)) }
    case 'equal-shares':
      return { statement: sharesStatement(arm), judge: () => one(judgeShares(arm)) }
    case 'intact':
      return { statement: intactStatement(arm), judge: () => one(judgeIntact(arm)) }
    case 'no-retransmissions':
      return { statement: retransmissionsStatement(arm), judge: () => one(judgeRetransmissions(arm)) }
    default:
      return spec satisfies never
  }
}

export function evaluatePods(spec: PodAssertionSpec, set: ClaimedPods): Evaluation {
  switch (spec.kind) {
    case 'pairs-at': {
      const statement = topology.pairsStatement(spec.distance)
      return { statement, judge: () => one(topology.judgePairs(set, spec.distance)) }
    }
    case 'only-claimed-devices':
      return { statement: pods.onlyClaimedStatement, judge: () => one(pods.judgeOnlyClaimed(set)) }
    case 'no-unclaimed-devices':
      return { statement: pods.noUnclaimedStatement, judge: () => one(pods.judgeNoUnclaimed(set)) }
    case 'only-claimed-interfaces':
      return { statement: pods.interfacesStatement, judge: () => one(pods.judgeInterfaces(set)) }
    case 'claimed-gpus':
      return { statement: gpus.statement, judge: () => one(gpus.judgeGpus(set)) }
    default:
      return spec satisfies never
  }
}

export const evaluateMatchesSku = (published: PublishedDevices, sku: Sku): Evaluation => ({
  statement: topology.matchStatement(sku),
  judge: () => topology.judgeMatch(published, sku),
})

export const evaluateMatchesKernel = (published: PublishedDevices): Evaluation => ({
  statement: kernelStatement,
  judge: () => judgeKernelFacts(published),
})
