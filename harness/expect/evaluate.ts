/**
 * From an ask to its expectations, for a run and for a record of one alike. Takes what is asked and what it is asked
 * of; gives every expectation that the ask holds. Rejects where what it is asked of could not be measured.
 */
import { gigabytesPerSecond, seconds } from '../core/units.ts'
import type { RoundSource } from '../measure/round-source.ts'
import type { Sku } from '../sku/sku.ts'
import { Arm } from './arm.ts'
import type { ArmAssertionSpec, PodAssertionSpec, PublishedAssertionSpec } from './assertion-spec.ts'
import type { Expectation } from './expectation.ts'
import * as figures from './judge-ratio-and-bounds.ts'
import * as gpus from './judge-visible-gpus.ts'
import * as pods from './judge-visible-nics.ts'
import * as topology from './judge-topology.ts'
import * as transport from './judge-nic-shares.ts'
import type { ClaimedPods } from '../transfer/pod-set.ts'
import type { PublishedDevices } from './published-devices.ts'

export interface Evaluation {
  /** Known before any answer. */
  readonly statement: string
  readonly judge: () => Promise<readonly Expectation[]>
}

const one = async (judgement: Promise<Expectation>): Promise<readonly Expectation[]> => [await judgement]

export function evaluateArms(ask: ArmAssertionSpec, rounds: RoundSource): Evaluation {
  const arm = new Arm(rounds, ask.arm)
  switch (ask.kind) {
    case 'outperform': {
      const other = new Arm(rounds, ask.other)
      const statement = figures.outperformStatement(arm, other, ask)
      return { statement, judge: () => one(figures.judgeOutperform(arm, other, ask)) }
    }
    case 'undercut': {
      const other = new Arm(rounds, ask.other)
      const statement = figures.undercutStatement(arm, other, ask)
      return { statement, judge: () => one(figures.judgeUndercut(arm, other, ask)) }
    }
    case 'within': {
      const { bandwidth, latency } = ask.reference
      const reference = {
        bandwidth: { ...bandwidth, value: gigabytesPerSecond(bandwidth.value) },
        latency: { ...latency, value: seconds(latency.value) },
      }
      const statement = figures.withinStatement(arm, 'bandwidth')
      return { statement, judge: () => figures.judgeWithin(arm, reference) }
    }
    case 'stable':
      return { statement: figures.stableStatement(arm), judge: () => one(figures.judgeStable(arm, ask)) }
    case 'stays-below': {
      const statement = figures.belowStatement(arm, ask.limit, ask)
      return { statement, judge: () => one(figures.judgeBelow(arm, ask.limit, ask)) }
    }
    case 'steady':
      return { statement: figures.steadyStatement(arm, ask), judge: () => one(figures.judgeSteady(arm, ask)) }
    case 'even-paths':
      return { statement: figures.evenStatement(arm, ask), judge: () => one(figures.judgeEven(arm, ask)) }
    case 'equal-shares':
      return { statement: transport.sharesStatement(arm), judge: () => one(transport.judgeShares(arm)) }
    case 'intact':
      return { statement: transport.intactStatement(arm), judge: () => one(transport.judgeIntact(arm)) }
    default:
      return ask satisfies never
  }
}

export function evaluatePods(ask: PodAssertionSpec, set: ClaimedPods): Evaluation {
  switch (ask.kind) {
    case 'pairs-at': {
      const statement = topology.pairsStatement(ask.distance)
      return { statement, judge: () => one(topology.judgePairs(set, ask.distance)) }
    }
    case 'only-claimed-devices':
      return { statement: pods.listStatement, judge: () => one(pods.judgeList(set)) }
    case 'no-unclaimed-devices':
      return { statement: pods.lackStatement, judge: () => one(pods.judgeLack(set)) }
    case 'only-claimed-interfaces':
      return { statement: pods.interfacesStatement, judge: () => one(pods.judgeInterfaces(set)) }
    case 'claimed-gpus':
      return { statement: gpus.statement, judge: () => one(gpus.judgeGpus(set)) }
    default:
      return ask satisfies never
  }
}

export const evaluatePublished = (
  _: PublishedAssertionSpec,
  published: PublishedDevices,
  sku: Sku,
): Evaluation => ({
  statement: topology.matchStatement(sku),
  judge: () => topology.judgeMatch(published, sku),
})
