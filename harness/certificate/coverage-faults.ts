/** Whether a certificate covers what it says: what was covered is recomputed from its samples, counters and claims. */
import { allCovered, coveredBy, type Covered } from '../measure/covered.ts'
import type { TransferKind } from '../report/coverage.ts'
import type { Sku } from '../sku/sku.ts'
import { hasRdmaDevices } from '../targets/target.ts'
import type { CertificateBody } from './certificate.ts'
import { outcomesIn } from './evidence-schema.ts'
import { jsonDifferences } from './json-differences.ts'

/** Sentences, empty when the coverage follows from the evidence, and for a certificate of claimcheck 0.1.0, which states none. */
export function coverageFaults(body: CertificateBody): readonly string[] {
  const { coverage, fingerprint, inputs } = body
  if (coverage === undefined)
    return inputs === undefined ? [] : ['it names the files that it read, but not what it covers']
  const { covered, transfers, kinds } = measuredIn(body)
  const { nodes, gpus, nics, paths, gpuPairs } = coverage
  const recorded = {
    nodes: nodes.covered,
    gpus: gpus.covered,
    nics: nics.covered,
    paths,
    gpuPairs,
    transfers: coverage.transfers,
    kinds: [...new Set(coverage.kinds)],
  }
  const unknown = kinds.filter((kind) => !coverage.kinds.includes(kind))
  return [
    ...jsonDifferences(recorded, { ...covered, transfers, kinds: coverage.kinds }, 'coverage'),
    ...unknown.map((kind) => `coverage.kinds does not contain transfers ${kind}, which were measured`),
    ...omitted('nodes', coverage.nodes, Object.keys(fingerprint.nodes)),
    ...omitted('gpus', coverage.gpus, onEveryNode(nodes, sku(body).gpus)),
    ...(sku(body).nic.rdma ? omitted('nics', coverage.nics, onEveryNode(nodes, sku(body).nics)) : []),
  ]
}

const sku = ({ sku: { profile } }: CertificateBody): Sku => profile

function measuredIn(body: CertificateBody): {
  readonly covered: Covered
  readonly transfers: number
  readonly kinds: readonly TransferKind[]
} {
  const rounds = Object.values(body.evidence)
    .flatMap((own) => Object.values(own))
    .flatMap((one) => (one.kind === 'rounds' ? [one] : []))
  const outcomes = rounds.flatMap((one) => one.rounds.flatMap((round) => Object.values(outcomesIn(round))))
  const kinds = rounds.map(({ plan }): TransferKind => ('turn' in plan ? 'between GPUs' : 'between nodes'))
  return {
    covered: allCovered(
      outcomes.map((outcome) => coveredBy(outcome, sku(body), !hasRdmaDevices(body.emulation))),
    ),
    transfers: outcomes.length,
    kinds: [...new Set(kinds)],
  }
}

type Part = NonNullable<CertificateBody['coverage']>['nodes']

const onEveryNode = ({ covered, missing }: Part, devices: readonly { readonly name: string }[]): string[] =>
  [...covered, ...missing].flatMap((node) => devices.map(({ name }) => `${node}/${name}`))

/** What is there must be either covered or missing. */
function omitted(what: string, { covered, missing }: Part, all: readonly string[]): readonly string[] {
  const stated = new Set([...covered, ...missing])
  const absent = all.filter((name) => !stated.has(name))
  return absent.length === 0 ? [] : [`coverage.${what} omits ${absent.join(', ')}`]
}
