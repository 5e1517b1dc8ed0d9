/**
 * Tells the RDMA NICs of a node apart by what their driver publishes, and decides which of them a discovered profile leaves
 * out: front-end NICs and functions that no pod should get. Each rule has a CEL condition that is true for the NICs that
 * stay, and for a NIC that lacks the attribute.
 */
import { boolOf, DeviceAttributes, intsOf, stringOf } from '../dra/device-attributes.ts'
import type { PooledDevice } from '../dra/resource-pools.ts'
import type { AttributeName } from '../vendors/gpu-vendor.ts'
import type { NicDriver } from '../vendors/nic-driver.ts'
import { nicDriverOf } from '../vendors/vendors.ts'
import type { PublishedNic } from './published-device.ts'

export interface RdmaNic {
  readonly nic: PublishedNic
  readonly pooled: PooledDevice
}

/** NICs that are not under test. */
export interface LeftOut {
  readonly nics: readonly RdmaNic[]
  /** A clause, as in `its interface has MTU 1500, those of the 16 others more`. */
  readonly reason: string
  /** CEL, true for those that stay; undefined: no attribute tells them apart. */
  readonly condition: string | undefined
}

export interface NicSelection {
  readonly underTest: readonly RdmaNic[]
  readonly leftOut: readonly LeftOut[]
}

interface Traits {
  readonly driver: NicDriver | undefined
  readonly model: string
  readonly hasInterface: boolean
  readonly isInfiniBand: boolean
  readonly isInfiniBandInterface: boolean
  readonly isDown: boolean
  readonly isVirtualFunction: boolean
  readonly virtualFunctions: number
}

type Rule = (nics: readonly RdmaNic[]) => LeftOut | undefined

/** The MTU of an interface that nobody has raised, as those of front-end networks. */
const PLAIN_MTU = 1500

/** The NICs of one node. */
export function selectNics(nics: readonly RdmaNic[]): NicSelection {
  const rules: readonly Rule[] = [
    notOnPci,
    idleFunctions,
    idlePorts,
    ethernetBesideInfiniBand,
    plainMtu,
    otherModels,
  ]
  return rules.reduce<NicSelection>(
    (selection, rule) => {
      const found = rule(selection.underTest)
      if (found === undefined) return selection
      const underTest = selection.underTest.filter((nic) => !found.nics.includes(nic))
      return { underTest, leftOut: [...selection.leftOut, found] }
    },
    { underTest: nics, leftOut: [] },
  )
}

/** Vendor and model as published, each undefined where it is not. */
export function modelOf({ pooled }: RdmaNic): {
  readonly vendor: string | undefined
  readonly model: string | undefined
} {
  const attributes = new DeviceAttributes(pooled)
  const { vendor, model } = nicDriverOf(pooled.driver)?.traits ?? {}
  return { vendor: textOf(attributes, vendor), model: textOf(attributes, model) }
}

/** InfiniBand, and NICs of a vendor all of whose NICs have RDMA. */
export const shouldHaveRdma = (nic: RdmaNic): boolean =>
  traitsOf(nic).isInfiniBandInterface || /mellanox|nvidia/i.test(modelOf(nic).vendor ?? '')

function traitsOf(one: RdmaNic): Traits {
  const { nic, pooled } = one
  const attributes = new DeviceAttributes(pooled)
  const driver = nicDriverOf(pooled.driver)
  const traits = driver?.traits ?? {}
  const encapsulation = textOf(attributes, traits.encapsulation)?.toLowerCase()
  const { vendor = '', model = '' } = modelOf(one)
  return {
    driver,
    model: `${vendor} ${model}`.trim(),
    hasInterface: nic.ifName !== undefined,
    isInfiniBand:
      encapsulation === undefined
        ? nic.ifName === undefined && traits.ifName !== undefined
        : encapsulation === 'infiniband',
    isInfiniBandInterface: encapsulation === 'infiniband',
    isDown: textOf(attributes, traits.state) === 'down',
    isVirtualFunction: boolOf(valueOf(attributes, traits.virtualFunction)),
    virtualFunctions: intsOf(valueOf(attributes, traits.virtualFunctions))?.[0] ?? 0,
  }
}

/** A bond or another virtual interface carries the traffic of NICs that are published too. */
const notOnPci: Rule = (nics) => {
  const virtual = nics.filter(({ nic }) => nic.pciAddress === undefined)
  if (virtual.length === 0 || virtual.length === nics.length) return undefined
  const { domain, name } = driverOf(virtual)?.pciAddressAttribute ?? {}
  return {
    nics: virtual,
    reason: 'not on the PCI bus, beside NICs that are',
    condition: name === undefined ? undefined : `"${name}" in device.attributes["${domain}"]`,
  }
}

/** Ports that are down, of NICs that each have another port which is not: only one port of each has a cable. */
const idlePorts: Rule = (nics) => {
  const down = nics.filter((one) => traitsOf(one).isDown && !traitsOf(one).isVirtualFunction)
  const up = nics.filter((one) => !traitsOf(one).isDown)
  const isUsed = (one: RdmaNic): boolean => up.some((other) => cardOf(other) === cardOf(one))
  if (down.length === 0 || !down.every(isUsed)) return undefined
  return {
    nics: down,
    reason: `${down.length === 1 ? 'a port that is' : 'ports that are'} down, beside another port of the same NIC`,
    condition: conditionOf(driverOf(down)?.traits.state, (value) => `${value} != "down"`),
  }
}

/** The PCI address without its function. */
const cardOf = ({ nic }: RdmaNic): string => (nic.pciAddress ?? nic.name).replace(/\.\d$/, '')

/** A physical function and its virtual functions are one port: virtual functions that are down are unused, else pods get those. */
const idleFunctions: Rule = (nics) => {
  const physical = nics.filter((one) => traitsOf(one).virtualFunctions > 0)
  const virtual = nics.filter((one) => traitsOf(one).isVirtualFunction)
  if (physical.length === 0 || virtual.length === 0) return undefined
  const { traits } = driverOf(virtual) ?? {}
  if (virtual.every((one) => traitsOf(one).isDown))
    return {
      nics: virtual,
      reason: `${virtual.length === 1 ? 'a virtual function that is' : 'virtual functions that are'} down, beside the physical function`,
      condition: conditionOf(traits?.virtualFunction, (value) => `${value} == false`),
    }
  return {
    nics: physical,
    reason: 'the physical function of virtual functions that are published too',
    condition: conditionOf(traits?.virtualFunctions, (value) => `${value} == 0`),
  }
}

const ethernetBesideInfiniBand: Rule = (nics) => {
  const infiniBand = nics.filter((one) => traitsOf(one).isInfiniBand)
  const ethernet = nics.filter((one) => !traitsOf(one).isInfiniBand)
  // A NIC whose interface is in a pod is published without one, too: then most NICs of the node have theirs.
  if (ethernet.length === 0 || ethernet.length > infiniBand.length) return undefined
  const { ifName, encapsulation } = driverOf(ethernet)?.traits ?? {}
  const bare = infiniBand.every((one) => !traitsOf(one).hasInterface)
  return {
    nics: ethernet,
    reason: bare
      ? `an Ethernet interface${mtuOf(ethernet)}; the ${infiniBand.length} others have none`
      : `an Ethernet interface${mtuOf(ethernet)}; the ${infiniBand.length} others are InfiniBand`,
    condition:
      bare && ifName !== undefined
        ? `!("${ifName.name}" in device.attributes["${ifName.domain}"])`
        : conditionOf(encapsulation, (value) => `${value} == "infiniband"`),
  }
}

const plainMtu: Rule = (nics) => {
  const plain = nics.filter(hasPlainMtu)
  const others = nics.filter((one) => !plain.includes(one))
  if (plain.length === 0 || plain.length >= others.length) return undefined
  return {
    nics: plain,
    reason: `an interface${mtuOf(plain)}; the ${others.length} others have a larger MTU`,
    condition: conditionOf(driverOf(plain)?.traits.mtu, (value) => `${value} > ${PLAIN_MTU}`),
  }
}

const otherModels: Rule = (nics) => {
  const byModel = [...Map.groupBy(nics, (one) => traitsOf(one).model)].toSorted(
    ([, a], [, b]) => b.length - a.length,
  )
  const most = byModel[0]?.[1].length ?? 0
  const few = byModel.filter(([, own]) => own.length * 2 <= most)
  if (few.length === 0) return undefined
  const kept = byModel.filter((one) => !few.includes(one)).flatMap(([, own]) => own)
  const models = [...new Set(kept.flatMap((one) => modelOf(one).model ?? []))]
  return {
    nics: few.flatMap(([, own]) => own),
    reason: `${few.map(([model]) => model || 'unknown model').join(', ')}; most others are ${byModel[0]?.[0] ?? ''}`,
    condition: conditionOf(
      driverOf(kept)?.traits.model,
      (value) => `${value} in [${models.map((model) => JSON.stringify(model)).join(',')}]`,
    ),
  }
}

const hasPlainMtu = ({ nic }: RdmaNic): boolean => nic.mtu !== undefined && nic.mtu <= PLAIN_MTU

function mtuOf(nics: readonly RdmaNic[]): string {
  const values = new Set(nics.flatMap(({ nic }) => nic.mtu ?? []))
  return values.size === 0 ? '' : ` with MTU ${[...values].join(' and ')}`
}

/** The driver of all of them; undefined where they have several. */
function driverOf(nics: readonly RdmaNic[]): NicDriver | undefined {
  const [first, ...more] = new Set(nics.map((one) => traitsOf(one).driver))
  return more.length === 0 ? first : undefined
}

/** True also for a device that lacks the attribute. */
function conditionOf(
  attribute: AttributeName | undefined,
  condition: (value: string) => string,
): string | undefined {
  if (attribute === undefined) return undefined
  const map = `device.attributes["${attribute.domain}"]`
  return `(!("${attribute.name}" in ${map}) || ${condition(`${map}["${attribute.name}"]`)})`
}

const valueOf = (attributes: DeviceAttributes, name: AttributeName | undefined) =>
  name === undefined ? undefined : attributes.get(name.domain, name.name)

const textOf = (attributes: DeviceAttributes, name: AttributeName | undefined): string | undefined =>
  stringOf(valueOf(attributes, name))
