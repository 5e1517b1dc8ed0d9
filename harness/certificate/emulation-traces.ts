/**
 * Traces that an emulated rack leaves in evidence. They show when the certificate of an emulated run is presented as one of
 * hardware. Someone who replaces them invents evidence, which no check of the file can detect.
 */
import { createHash } from 'node:crypto'
import { isEmulated } from '../report/run-report.ts'
import type { CertificateBody } from './certificate.ts'
import type { Evidence } from './evidence-schema.ts'

/** Serial numbers of emulated GPUs, and MAC addresses of emulated NICs. */
const EMULATED_SERIAL = /"GPU-00000000-0000-4000-8000-[0-9a-f]{12}"|"02:00:0a:(?:40|4d):[0-9a-f:]{5}"/
const MOST_NODES = 16

/** Sentences, each with the first trace of its kind. Empty for a certificate that says that its run was emulated. */
export function emulationTraces(body: CertificateBody): readonly string[] {
  const { target, emulation, evidence, inputs } = body
  if (isEmulated({ target }) !== (emulation !== undefined))
    return [
      emulation === undefined
        ? `the target is ${target}, but no emulation is recorded`
        : `the target is ${target}, but emulation on rack ${emulation.rack} is recorded`,
    ]
  if (emulation !== undefined) return []
  const skipped = body.tests.find(({ skipReason }) =>
    /emulated rack|CLAIMCHECK_RUNTIME/.test(skipReason ?? ''),
  )
  const traces = [
    ...Object.entries(evidence).flatMap(([file, own]) =>
      Object.entries(own).flatMap(([name, one]) => traceIn(one)?.concat(` (${file}: ${name})`) ?? []),
    ),
    ...emulatedFingerprints(body),
    ...(inputs?.rack === undefined ? [] : [`the run read the rack file ${inputs.rack.path}`]),
    ...(skipped === undefined ? [] : [`"${skipped.name}" was skipped: ${skipped.skipReason ?? ''}`]),
  ]
  const [first] = traces
  if (first === undefined) return []
  const others = traces.length === 1 ? '' : `, and ${traces.length - 1} more`
  return [`the target is ${target}, but the run was EMULATED: ${first}${others}`]
}

function traceIn(evidence: Evidence): string | undefined {
  if (evidence.kind !== 'rounds') return EMULATED_SERIAL.exec(JSON.stringify(evidence))?.[0]
  for (const { round: _, ...arms } of evidence.rounds) {
    for (const { result } of Object.values(arms)) {
      if (result.backend === 'model') return 'backend "model"'
      const host = result.streams.find(({ device }) => device.startsWith('dram'))
      if (host !== undefined) return `a stream from ${host.device}, which is host memory`
    }
  }
  return undefined
}

/** GPUs of an emulated rack have consecutive serial numbers. */
function emulatedFingerprints({ fingerprint }: CertificateBody): readonly string[] {
  return Object.entries(fingerprint.nodes).flatMap(([node, drivers]) =>
    Object.entries(drivers).flatMap(([driver, { devices, serials }]) =>
      Array.from({ length: MOST_NODES }, (_, index) => index * devices).some(
        (first) => serials === emulatedSerials(first, devices),
      ) && devices > 0
        ? [`the serial numbers of ${node}/${driver} are those of an emulated rack`]
        : [],
    ),
  )
}

/** As `report/node-fingerprint.ts` computes it. */
function emulatedSerials(first: number, count: number): string {
  const serials = Array.from(
    { length: Math.min(count, 256) },
    (_, index) => `GPU-00000000-0000-4000-8000-${(first + index).toString(16).padStart(12, '0')}`,
  )
  return createHash('sha256').update(serials.join('\n')).digest('hex')
}
