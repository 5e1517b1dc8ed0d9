/** Which published RDMA NICs are under test: all of them, or those that the profile's CEL expression selects. */
import { compileSelector } from '../dra/cel/selector.ts'
import type { PooledDevice } from '../dra/resource-pools.ts'
import type { Sku } from '../sku/sku.ts'

/**
 * Throws CEL_INVALID for an expression that does not compile; the function that is returned throws CEL_RUNTIME for a device
 * on which the expression fails.
 */
export function underTest(sku: Sku): (nic: Pick<PooledDevice, 'driver' | 'device'>) => boolean {
  const expression = sku.nic.underTest
  if (expression === undefined) return () => true
  const selector = compileSelector(expression, `nic.underTest of SKU ${sku.name}`)
  return ({ driver, device }) => selector.matches(device, driver)
}
