/** Judges isolation: whether a pod's containers see exactly the NIC devices and interfaces that the pod claimed. */
import { compareCharDevices, emulationInterfaces, expectedInterfaces } from '../claim/expected-devices.ts'
import type { Expectation } from './expectation.ts'
import type { ClaimedPods, ContainerObservation } from '../transfer/pod-set.ts'

export const onlyClaimedStatement = '/dev/infiniband lists only the claimed NICs'
export const noUnclaimedStatement = 'no container has a device of an unclaimed NIC'
export const interfacesStatement = 'every container has the claimed interfaces and no other'

export async function judgeOnlyClaimed(pods: ClaimedPods): Promise<Expectation> {
  const seen = await pods.look()
  const reasons = seen.flatMap((one) => {
    const { missing, leaked, unopenable } = difference(pods, one)
    return [
      ...missing.map((path) => `${where(one)} does not have ${path}, which is claimed`),
      ...leaked.map(
        ({ path, nic }) =>
          `${where(one)} sees ${path}${nic === undefined ? '' : ` of ${one.node}/${nic}`}, which is not claimed`,
      ),
      ...unopenable.map(
        (path) =>
          `${where(one)} cannot open ${path}: ${one.visible.infiniband.find((device) => device.path === path)?.open_error ?? 'no reason reported'}`,
      ),
    ]
  })
  const missing = seen.some(
    (one) => difference(pods, one).missing.length + difference(pods, one).unopenable.length > 0,
  )
  return judged(pods, {
    statement: onlyClaimedStatement,
    seen,
    reasons,
    code: missing ? 'DEVICE_MISSING' : 'DEVICE_LEAK',
    limit: '0',
  })
}

export async function judgeNoUnclaimed(pods: ClaimedPods): Promise<Expectation> {
  const seen = await pods.look()
  const reasons = seen.flatMap((one) =>
    difference(pods, one).leaked.map(
      ({ path, nic }) => `${where(one)} has ${path}${nic === undefined ? '' : ` of ${one.node}/${nic}`}`,
    ),
  )
  return judged(pods, { statement: noUnclaimedStatement, seen, reasons, code: 'DEVICE_LEAK', limit: '0' })
}

export async function judgeInterfaces(pods: ClaimedPods): Promise<Expectation> {
  const seen = await pods.look()
  const reasons = seen.flatMap((one) => {
    const expected = expectedInterfaces(one.allocated.nics, pods.sku)
    const ofEmulation: ReadonlySet<string> = pods.emulated
      ? emulationInterfaces(one.allocated.nics, pods.sku)
      : new Set()
    // The kernel makes fallback tunnels in every network namespace; they are no NICs.
    const found = new Set(
      one.visible.interfaces.filter((own) => own.created_by_kernel !== true).map(({ name }) => name),
    )
    return [
      ...[...expected]
        .filter((name) => !found.has(name))
        .map((name) => `${where(one)} does not have interface ${name}, which is claimed`),
      ...[...found]
        .filter((name) => !expected.has(name) && !ofEmulation.has(name))
        .map((name) => `${where(one)} has interface ${name}, which is not claimed`),
    ]
  })
  return judged(pods, {
    statement: interfacesStatement,
    seen,
    reasons,
    code: 'DEVICE_LEAK',
    limit: '0',
  })
}

const difference = (pods: ClaimedPods, one: ContainerObservation) =>
  compareCharDevices(one.visible, one.allocated.nics, pods.sku)
const where = ({ node, container }: ContainerObservation): string => `container ${container} on ${node}`

function judged(
  pods: ClaimedPods,
  parts: {
    statement: string
    seen: readonly ContainerObservation[]
    reasons: readonly string[]
    code: 'DEVICE_LEAK' | 'DEVICE_MISSING'
    limit: string
  },
): Expectation {
  const { statement, seen, reasons, code, limit } = parts
  const nodes = new Set(seen.map(({ node }) => node))
  const passed = reasons.length === 0
  return {
    statement,
    verdict: passed ? 'passed' : 'failed',
    ...(passed ? {} : { code }),
    reasons,
    measured: `${seen.length} containers on ${nodes.size} nodes, ${reasons.length} deviations`,
    limit,
    properties: { containers: seen.length, nodes: nodes.size, deviations: reasons.length },
    emulated: pods.emulated,
  }
}
