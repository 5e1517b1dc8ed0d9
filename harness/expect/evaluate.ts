/**
 * Evaluates an assertion spec on its source and returns the resulting expectations. A source is a running measurement or
 * the evidence of a certificate; both are evaluated alike.
 */
import { gigabytesPerSecond, seconds } from '../core/units.ts'
import type { RoundSource } from '../measure/round-source.ts'
import type { Sku } from '../sku/sku.ts'
import { Arm, type ArmReference } from './arm.ts'
import type { ArmAssertionSpec, PodAssertionSpec } from './assertion-spec.ts'
import type { Expectation } from './expectation.ts'
import { evenStatement, judgeEven } from './judge-gpu-nic-paths.ts'
import * as latency from './judge-latency.ts'
import * as figures from './judge-ratio-and-bounds.ts'
import { judgeDeviceMetadata, metadataStatement } from './judge-device-metadata.ts'
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
  /** One or more expectations. Rejects when the source could not be measured, with a NotApplicableError where there is none. */
  readonly judge: () => Promise<readonly Expectation[]>
}

const one = async (judgement: Promise<Expectation>): Promise<readonly Expectation[]> => [await judgement]

/** Known before anything is measured, and without the names of nodes. */
export function armStatement(spec: ArmAssertionSpec): string {
  const arm = { name: spec.arm }
  switch (spec.kind) {
    case 'outperform':
      return figures.outperformStatement(arm, { name: spec.other }, spec)
    case 'undercut':
      return figures.undercutStatement(arm, { name: spec.other }, spec)
    case 'within':
      return figures.withinStatement(
        arm,
        spec.reference.bandwidth === undefined ? 'p50 latency' : 'bandwidth',
      )
    case 'unstated':
      return figures.withinStatement(arm, spec.in ?? 'bandwidth')
    case 'stable':
      return latency.stableStatement(arm, spec)
    case 'stays-below':
      return latency.belowStatement(arm, spec.limit, spec)
    case 'steady':
      return latency.steadyStatement(arm, spec)
    case 'even-paths':
      return evenStatement(arm, spec)
    case 'equal-shares':
      return sharesStatement(arm)
    case 'intact':
      return intactStatement(arm)
    case 'no-retransmissions':
      return retransmissionsStatement(arm)
    default:
      return spec satisfies never
  }
}

/** Where a comparison has rounds of several pairs of nodes, or of several nodes, statements name those of `rounds`. */
export function evaluateArms(spec: ArmAssertionSpec, rounds: RoundSource): Evaluation {
  const statement = armStatement(spec)
  const { nodes } = rounds
  if (nodes === undefined) return { statement, judge: () => judgeArms(spec, rounds) }
  const named = (text: string): string => `${nodes.join(' and ')}: ${text}`
  return {
    statement: named(statement),
    judge: async () =>
      (await judgeArms(spec, rounds)).map((one) => ({ ...one, statement: named(one.statement), nodes })),
  }
}

function judgeArms(spec: ArmAssertionSpec, rounds: RoundSource): Promise<readonly Expectation[]> {
  const arm = new Arm(rounds, spec.arm)
  switch (spec.kind) {
    case 'outperform':
      return one(figures.judgeOutperform(arm, new Arm(rounds, spec.other), spec))
    case 'undercut':
      return one(figures.judgeUndercut(arm, new Arm(rounds, spec.other), spec))
    case 'within':
      return figures.judgeWithin(arm, withUnits(spec.reference))
    case 'unstated':
      return figures.judgeUnstated(arm, spec)
    case 'stable':
      return one(latency.judgeStable(arm, spec))
    case 'stays-below':
      return one(latency.judgeBelow(arm, spec.limit, spec))
    case 'steady':
      return one(latency.judgeSteady(arm, spec))
    case 'even-paths':
      return one(judgeEven(arm, spec))
    case 'equal-shares':
      return one(judgeShares(arm))
    case 'intact':
      return one(judgeIntact(arm))
    case 'no-retransmissions':
      return one(judgeRetransmissions(arm))
    default:
      return spec satisfies never
  }
}

type WithinSpec = Extract<ArmAssertionSpec, { readonly kind: 'within' }>

function withUnits({ bandwidth, latency: mean, p50Latency: p50 }: WithinSpec['reference']): ArmReference {
  return {
    ...(bandwidth && { bandwidth: { ...bandwidth, value: gigabytesPerSecond(bandwidth.value) } }),
    ...(mean && { latency: { ...mean, value: seconds(mean.value) } }),
    ...(p50 && { p50Latency: { ...p50, value: seconds(p50.value) } }),
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
    case 'device-metadata':
      return { statement: metadataStatement, judge: () => one(judgeDeviceMetadata(set)) }
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
