/** The DeviceClass that a request names: what the profile states, else the one of the cluster that selects the driver's devices. */
import type { DeviceClass } from '../dra/objects.ts'

/**
 * `usual`: the names that installations of the driver give their class, the most usual first. `classes`: those of the
 * cluster; undefined: unknown, so the most usual name is taken.
 */
export function deviceClassName(of: {
  readonly stated: string | undefined
  readonly driver: string
  readonly usual: readonly string[]
  readonly classes: readonly DeviceClass[] | undefined
}): string {
  const { stated, driver, usual, classes = [] } = of
  if (stated !== undefined) return stated
  const names = new Set(classes.map(({ metadata }) => metadata.name))
  const known = usual.find((name) => names.has(name))
  const byDriver = classes.find((one) => selectsDriver(one, driver))?.metadata.name
  return known ?? byDriver ?? usual[0] ?? driver
}

/** Whether a selector of the class asks for this driver alone. */
const selectsDriver = ({ spec }: DeviceClass, driver: string): boolean =>
  (spec.selectors ?? []).some(
    ({ cel }) => /device\.driver\s*==\s*["']([^"']+)["']/.exec(cel.expression)?.[1] === driver,
  )
