/** Generates realistic CEL selectors, including some that fail at run time on some devices or do not compile. */
import * as fc from 'fast-check'
import type { CelSelector } from '../../../harness/dra/objects.ts'

const gpu = 'device.attributes["gpu.nvidia.com"]'
export const nic = 'device.attributes["dra.net"]'
export const standard = 'device.attributes["resource.kubernetes.io"]'

const GPU_SELECTORS = [
  `${standard}["pciBusID"] in ["0001:00:00.0", "0002:00:00.0", "0003:00:00.0", "0004:00:00.0"]`,
  `${standard}["pciBusID"] in ["0005:00:00.0", "0007:00:00.0"]`,
  `${standard}["numaNode"] == 0`,
  `"numaNode" in ${standard} && ${standard}["numaNode"] == 1`,
  `${standard}.?numaNode.orValue(0) == 0`,
  `${standard}[?"numaNode"].orValue(-1) >= 0`,
  `has(${standard}.numaNode)`,
  `${gpu}.type == "gpu"`,
  `${gpu}.driverVersion.isGreaterThan(semver("560.0.0"))`,
  `${gpu}.driverVersion.compareTo(semver("550.54.14")) >= 0`,
  `device.capacity["gpu.nvidia.com"].memory.compareTo(quantity("100Gi")) > 0`,
  `device.capacity["gpu.nvidia.com"].memory.isLessThan(quantity("100Gi")) && ${gpu}.type.startsWith("g")`,
  `${standard}.pciBusID.matches("^000[1-6]:")`,
  `int(${standard}.pciBusID.substring(3, 4)) % 2 == 0`,
  `!(${standard}.pciBusID.lowerAscii().endsWith(".1"))`,
]
const NIC_SELECTORS = [
  `${nic}["rdma"] == true`,
  `${nic}["rdma"] == true && ${nic}["numaNode"] == 0`,
  `${nic}["rdma"] == true && ${nic}["numaNode"] == 1`,
  `${nic}["numaNode"] == 1`,
  `${nic}["numaNode"] == 0 && ${nic}["rdma"]`,
  `${nic}["numaNode"] == 0 || ${nic}["virtual"]`,
  `"numaNode" in ${nic} && ${nic}.numaNode in [0, 2]`,
  `${nic}.?numaNode.orValue(-1) == 0`,
  `${standard}.?numaNode.orValue(-1) != -1`,
  `${standard}["numaNode"] == 0`,
  `has(${nic}.rdmaDevice) && ${nic}.rdmaDevice in ["mlx5_0", "mlx5_1", "mlx5_2", "mlx5_3"]`,
  `${nic}.rdmaDevice.startsWith("mlx5_")`,
  `${nic}.mtu >= 4200`,
  `${nic}.mtu > 1500 && ${nic}.mtu < 9000.5`,
  `${nic}.mtu == "4200"`,
  `${nic}.mtu + 1 > 1501 ? true : !${nic}.rdma`,
  `cel.bind(d, ${nic}, d.rdma && d.mtu > 1500)`,
  `${nic}.firmware.isLessThan(semver("28.41.1000"))`,
  `${nic}.?firmware.hasValue() && ${nic}.firmware == semver("28.41.1000")`,
  `${nic}.firmware.major() == 28`,
  `${nic}.exists(id, id == "firmware")`,
  `"dra.net" in device.attributes && !("nowhere.example.com" in device.attributes)`,
  `${nic}.speed == 400`,
]
const ANY_SELECTORS = [
  'true',
  '!device.allowMultipleAllocations',
  `device.driver == "dra.net" && ${nic}.rdma`,
  `device.driver.endsWith(".com") || ${nic}.rdma`,
  `device.attributes["nowhere.example.com"].x == 1`,
  `!has(device.attributes["nowhere.example.com"].x)`,
  `device.attributes["dra.net"].?rdma.orValue(true)`,
]
const LIST_SELECTORS = [
  `0 in ${standard}.numaNode`,
  `${standard}.numaNode.includes(1)`,
  `${standard}.?numaNode.hasValue() && ${standard}.numaNode.includes(0)`,
  `${standard}.numaNode.exists(n, n == 1)`,
  `${standard}.numaNode == [0, 2]`,
]
/** Rejected by both the API server and the emulated allocator. */
const BROKEN_SELECTORS = [
  'device.',
  'device.driver',
  '1 + 1',
  'devcie.driver == "x"',
  `${nic}.mtu.nosuch() == 1`,
]

const COMMON = { gpu: GPU_SELECTORS, nic: NIC_SELECTORS, rdma: NIC_SELECTORS, any: ANY_SELECTORS }
export type ClassName = keyof typeof COMMON

/** A realistic selector, or two of them joined, since an error in one operand need not be an error of the whole. */
const expressionFor = (className: ClassName, lists: boolean): fc.Arbitrary<string> => {
  const common = fc.constantFrom(...COMMON[className])
  const plain = fc.oneof(
    { weight: 50, arbitrary: common },
    { weight: 2, arbitrary: fc.constantFrom(...ANY_SELECTORS) },
    // Without the gate the API server refuses some of these, as attributes are no lists then.
    { weight: lists ? 20 : 0, arbitrary: fc.constantFrom(...LIST_SELECTORS) },
    { weight: 1, arbitrary: fc.constantFrom(...BROKEN_SELECTORS) },
  )
  return fc.oneof(
    { weight: 5, arbitrary: plain },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('&&', '||', '?', '!'), plain, common, common)
        .map(([operator, a, b, c]) =>
          operator === '!'
            ? `!(${a})`
            : operator === '?'
              ? `(${a}) ? (${b}) : (${c})`
              : `(${a}) ${operator} (${b})`,
        ),
    },
  )
}

/** At most two selectors. */
export const selectorsFor = (className: ClassName, lists: boolean): fc.Arbitrary<readonly CelSelector[]> =>
  fc
    .array(expressionFor(className, lists), { maxLength: 2, size: '-1' })
    .map((expressions) => expressions.map((expression) => ({ cel: { expression } })))
