/**
 * Compares the emulated allocator with a real kube-scheduler on random clusters and claims. `DIFFERENTIAL_SEED=...`
 * repeats a run, `DIFFERENTIAL_CASES=...` sets its length, and `DIFFERENTIAL_REPLAY=file.yaml` replays one printed case.
 */
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { ControlPlane } from '../../support/control-plane.ts'
import { KubeApi } from '../../support/kube-api.ts'
import type { Answer } from './test-case.ts'
import { disagreement, replayed, shrunk } from './compare-allocators.ts'
import { isUnique } from './emulated-allocator.ts'
import { cases } from './generate-case.ts'
import { KNOWN } from './known-cases.ts'
import { RealScheduler } from './kube-scheduler.ts'

const { DIFFERENTIAL_SEED, DIFFERENTIAL_CASES, DIFFERENTIAL_REPLAY } = process.env
const SEED = Number(DIFFERENTIAL_SEED ?? Date.now() % 2 ** 31)
const BATCH = 100
/** The minimum share of cases with each kind of result, so that each of them is tested. */
const SHARES = { allocated: 0.25, unsatisfiable: 0.25, unique: 0.02 }
/** The maximum share of cases that kube-scheduler's own search does not decide in its time limit. */
const MAX_UNDECIDED = 0.02

const SCOPES = [
  { name: 'as Kubernetes comes', lists: false, features: [], count: 400 },
  { name: 'with list attributes', lists: true, features: ['DRAListTypeAttributes=true'], count: 150 },
] as const

describe.for(SCOPES)('the emulated allocator and kube-scheduler $name', ({ lists, features, count }) => {
  test(`agree on ${DIFFERENTIAL_REPLAY ?? `random clusters and claims, seed ${SEED}`}`, async ({
    expect,
  }) => {
    await withScheduler(features, async (real) => {
      if (DIFFERENTIAL_REPLAY !== undefined) {
        const one = replayed(DIFFERENTIAL_REPLAY)
        const [theirs] = await real.answers([one])
        expect(disagreement(one, theirs as Answer), `Kubernetes: ${JSON.stringify(theirs)}`).toBeUndefined()
        return
      }
      const total = Number(DIFFERENTIAL_CASES ?? count)
      const sample = fc.sample(cases(lists), { seed: SEED, numRuns: total })
      const tally = { allocated: 0, unsatisfiable: 0, refused: 0, undecided: 0, unique: 0 }
      for (let from = 0; from < total; from += BATCH) {
        const batch = sample.slice(from, from + BATCH)
        const answers = await real.answers(batch)
        for (const [index, one] of batch.entries()) {
          const theirs = answers[index] as Answer
          if (disagreement(one, theirs) !== undefined) {
            expect.fail(`a disagreement:\n${await shrunk(real, lists, SEED, from + index)}`)
          }
          tally[theirs.kind] += 1
          if (theirs.kind === 'allocated' && isUnique(one)) tally.unique += 1
        }
      }
      process.stdout.write(`differential, seed ${SEED}, ${total} cases: ${JSON.stringify(tally)}\n`)
      for (const [kind, share] of Object.entries(SHARES)) {
        expect(tally[kind as keyof typeof tally] / total, `share of ${kind}`).toBeGreaterThan(share)
      }
      expect(tally.undecided / total, 'share of undecided').toBeLessThanOrEqual(MAX_UNDECIDED)
    })
  })

  test('agree on the known cases', async ({ expect }) => {
    await withScheduler(features, async (real) => {
      const known = KNOWN.filter((one) => one.lists === lists)
      const answers = await real.answers(known.map(({ one }) => one))
      expect(answers.map((answer, index) => [known[index]?.name, withoutReason(answer)])).toEqual(
        known.map(({ name, answer }) => [name, answer]),
      )
    })
  })
})

const withoutReason = (answer: Answer) => (answer.kind === 'allocated' ? answer : { kind: answer.kind })

async function withScheduler(features: readonly string[], work: (real: RealScheduler) => Promise<void>) {
  const plane = await ControlPlane.start({ features, controllers: false })
  const api = new KubeApi(plane.kubeconfig, 'admin')
  try {
    await work(new RealScheduler(api))
  } finally {
    api.close()
    await plane.stop()
  }
}
