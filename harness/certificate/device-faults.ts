/**
 * Checks that a certificate says the same of a device wherever it names it: in the claims of every round and pod, and in the slices
 * that the drivers published.
 */
import type { AllocatedClaim } from '../claim/allocated-claim.ts'
import { devicesOf, type PublishedDevice } from '../claim/published-device.ts'
import type { CertificateBody } from './certificate.ts'
import { outcomesIn, type Evidence } from './evidence-schema.ts'

/** Facts that no driver changes while a machine runs; what a driver leaves out is no contradiction. */
const LASTING = ['node', 'pciAddress', 'numaNodes', 'pcieRoot'] as const

/** Sentences, empty when no two parts of the evidence contradict each other. */
export function deviceFaults({ evidence }: CertificateBody): readonly string[] {
  const all = Object.values(evidence).flatMap((own) => Object.values(own))
  const claims = all.flatMap(claimsIn)
  const published = all.flatMap((one) => (one.kind === 'published' ? devicesOf(one.slices) : []))
  return [
    ...new Set([
      ...claims.flatMap(claimFaults),
      ...all.flatMap((one) => (one.kind === 'pods' ? sharedNodes(one.claims ?? []) : [])),
      ...contradictions([...published, ...claims.flatMap(devicesIn)]),
    ]),
  ]
}

const devicesIn = ({ gpus, nics }: AllocatedClaim): readonly PublishedDevice[] => [...gpus, ...nics]

function claimsIn(evidence: Evidence): readonly AllocatedClaim[] {
  if (evidence.kind === 'published') return []
  if (evidence.kind === 'pods') return evidence.claims ?? []
  return evidence.rounds.flatMap((round) =>
    Object.values(outcomesIn(round)).flatMap(({ initiator, target }) => [
      initiator.allocated,
      target.allocated,
    ]),
  )
}

/** A claim has devices of one node, each once. */
function claimFaults(claim: AllocatedClaim): readonly string[] {
  const names = devicesIn(claim).map(nameOf)
  const twice = names.filter((name, index) => names.indexOf(name) < index)
  return [
    ...twice.map((name) => `claim ${claim.name} has ${name} more than once`),
    ...devicesIn(claim)
      .filter(({ node }) => node !== claim.node)
      .map((device) => `claim ${claim.name} on ${claim.node} has ${nameOf(device)} of ${device.node}`),
  ]
}

/** A set of pods has one on each node. */
const sharedNodes = (claims: readonly AllocatedClaim[]): readonly string[] =>
  claims
    .filter((claim, index) => claims.findIndex(({ node }) => node === claim.node) < index)
    .map(({ node }) => `a set of pods has more than one claim on ${node}`)

const nameOf = ({ driver, pool, name }: PublishedDevice): string => `device ${driver}/${pool}/${name}`

function contradictions(devices: readonly PublishedDevice[]): readonly string[] {
  const faults: string[] = []
  const known = new Map<string, Partial<Record<(typeof LASTING)[number], string>>>()
  const gpuAt = new Map<string, string>()
  for (const device of devices) {
    const name = nameOf(device)
    const facts = known.get(name) ?? {}
    known.set(name, facts)
    for (const fact of LASTING) {
      if (device[fact] === undefined) continue
      const found = JSON.stringify(device[fact])
      const earlier = (facts[fact] ??= found)
      if (earlier !== found) faults.push(`${name} has two values of ${fact}: ${earlier} and ${found}`)
    }
    if (device.kind !== 'gpu' || device.pciAddress === undefined) continue
    const place = `${device.node}, ${device.pciAddress}`
    const earlier = gpuAt.get(place) ?? name
    gpuAt.set(place, earlier)
    if (earlier !== name) faults.push(`the GPU at ${place} has two names: ${earlier} and ${name}`)
  }
  return faults
}
