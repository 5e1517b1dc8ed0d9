/** Decides whether a request tolerates the taints of a device. */
import type { Device, DeviceTaint, DeviceToleration } from '../dra/objects.ts'

/** Taints with other effects do not prevent an allocation. */
const PREVENTING = new Set<string>(['NoSchedule', 'NoExecute'] satisfies DeviceTaint['effect'][])

export const isTolerated = ({ taints = [] }: Device, tolerations: readonly DeviceToleration[]): boolean =>
  taints.every(
    (taint) =>
      !PREVENTING.has(taint.effect) || tolerations.some((toleration) => tolerates(toleration, taint)),
  )

function tolerates(
  { key = '', operator = 'Equal', value = '', effect }: DeviceToleration,
  taint: DeviceTaint,
) {
  if (effect !== undefined && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  return operator === 'Exists' || value === (taint.value ?? '')
}
