/** Published GPUs and NICs with a taint that keeps claims without a toleration from them. */
import type { DeviceTaint, ResourceSlice } from '../dra/objects.ts'
import { pooledDevices, publishedDevice } from './published-device.ts'

export interface TaintedDevice {
  readonly node: string
  readonly name: string
  readonly taint: DeviceTaint
}

/** Taints with the effect `None` only inform. */
export const preventingTaintsOf = (slices: readonly ResourceSlice[]): readonly TaintedDevice[] =>
  pooledDevices(slices).flatMap(({ node, pooled }) =>
    publishedDevice(node, pooled) === undefined
      ? []
      : (pooled.device.taints ?? [])
          .filter(({ effect }) => effect !== 'None')
          .map((taint) => ({ node, name: pooled.device.name, taint })),
  )

/** `gpu-1 on node-a has the taint gpu.nvidia.com/xid=79:NoSchedule` */
export const describeTaint = ({ node, name, taint: { key, value, effect } }: TaintedDevice): string =>
  `${name} on ${node} has the taint ${key}${value === undefined ? '' : `=${value}`}:${effect}`
