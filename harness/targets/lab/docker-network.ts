/** Creates the Docker network of a lab, with a subnet of its own and an MTU for the largest frames of the rack's NICs. */
import { networkInterfaces } from 'node:os'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Docker } from './docker.ts'
import { LAB_LABEL, networkName, OWNER_LABEL } from './layout.ts'

const BLOCK = '10.213'
const SUBNETS = 255

/** Resolves with the prefix of the subnet, such as `10.213.7`. Rejects with LAB_UNAVAILABLE if no subnet is free. */
export async function createNetwork(
  engine: Docker,
  lab: string,
  { mtu, owner }: { readonly mtu: number; readonly owner: string | undefined },
): Promise<string> {
  const first = Math.floor(Math.random() * SUBNETS)
  for (let n = 0; n < SUBNETS; n++) {
    const prefix = `${BLOCK}.${(first + n) % SUBNETS}`
    if (isInUse(prefix)) continue
    try {
      await engine.createNetwork({
        Name: networkName(lab),
        Driver: 'bridge',
        CheckDuplicate: true,
        Labels: { [LAB_LABEL]: lab, ...(owner === undefined ? {} : { [OWNER_LABEL]: owner }) },
        Options: { 'com.docker.network.driver.mtu': String(mtu) },
        IPAM: { Driver: 'default', Config: [{ Subnet: `${prefix}.0/24`, Gateway: `${prefix}.1` }] },
      })
      return prefix
    } catch (error) {
      // Another lab has taken the subnet since.
      if (!/overlap/i.test(String(error))) throw error
    }
  }
  throw new ClaimcheckError('LAB_UNAVAILABLE', {
    subject: `lab ${lab}`,
    problem: 'could not be given a subnet',
    expected: `one free subnet of the ${SUBNETS} in ${BLOCK}.0.0/16`,
    hint: 'Remove labs that are not needed with "npx claimcheck lab down --all".',
  })
}

const isInUse = (prefix: string): boolean =>
  Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address.startsWith(`${prefix}.`)),
  )
