/**
 * The Docker network of a lab: one a lab, each with its own subnet, wide enough for the frames of its NICs. Takes the
 * lab's name; gives the subnet's first three numbers.
 */
import { networkInterfaces } from 'node:os'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Docker } from './docker.ts'
import { LAB_LABEL, networkName, OWNER_LABEL } from './layout.ts'

const BLOCK = '10.213'
const SUBNETS = 255

/** Rejects with LAB_UNAVAILABLE where no subnet is free. */
export async function createNetwork(
  engine: Docker,
  lab: string,
  { mtu, owner }: { readonly mtu: number; readonly owner: string | undefined },
): Promise<string> {
  const first = Math.floor(Math.random() * SUBNETS)
  for (let n = 0; n < SUBNETS; n++) {
    const prefix = `${BLOCK}.${(first + n) % SUBNETS}`
    if (isHere(prefix)) continue
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
      // Another lab was faster: only the engine knows all networks.
      if (!/overlap/i.test(String(error))) throw error
    }
  }
  throw new ClaimcheckError('LAB_UNAVAILABLE', {
    subject: `lab ${lab}`,
    problem: 'finds no free subnet',
    expected: `one of the ${SUBNETS} subnets of ${BLOCK}.0.0/16`,
    hint: 'End labs that are not needed with "npx claimcheck lab down --all".',
  })
}

const isHere = (prefix: string): boolean =>
  Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address.startsWith(`${prefix}.`)),
  )
