/** The sentences that nvidia-smi prints instead of an answer, or of one GPU beside the answers of others, with what each means. */
import type { ClaimcheckError } from '../../core/errors.ts'
import { sysfsPciAddress } from '../../core/pci-address.ts'
import { unavailable } from '../unavailable.ts'

/** `GPU 0000:02:00.0`, `GPU0000:65:00.0`, `GPU1: 0000:82:00.0`, `GPU 000:BA:80.0`: all are printed. The last group is the reason. */
const NO_HANDLE =
  /Unable to \w+ (?:the )?device handle for GPU\s*(?:\d+\s*:\s+)?([0-9a-f]{1,8}:[0-9a-f]{1,2}:[0-9a-f]{1,2}\.[0-9a-f])?:?([^\n]*)/gi
/** `GPU 00000000:3B:00.0 requires reset` */
const REQUIRES_RESET =
  /GPU\s*([0-9a-f]{1,8}:[0-9a-f]{1,2}:[0-9a-f]{1,2}\.[0-9a-f])\s+requires? (?:a )?reset/gi

interface Reason {
  readonly says: RegExp
  /** Of one GPU, and of several. */
  readonly problem: readonly [string, string]
  readonly hint: string
}

const LOST: Reason = {
  says: /./,
  problem: ['has a GPU that does not answer', 'has GPUs that do not answer'],
  hint: 'It may have fallen off the bus: see dmesg for Xid 79, and reboot or replace it.',
}
const RESET: Reason = {
  says: /reset/i,
  problem: ['has a GPU that requires a reset', 'has GPUs that require a reset'],
  hint: 'End the programs that use it and run nvidia-smi --gpu-reset, or reboot.',
}
/** Why the driver gives no handle; the first that matches decides. */
const REASONS: readonly Reason[] = [
  RESET,
  {
    says: /External Power/i,
    problem: ['has a GPU without its external power', 'has GPUs without their external power'],
    hint: 'Attach the power cables of the card.',
  },
  {
    says: /Interrupt/i,
    problem: [
      'has a GPU whose interrupts do not reach the driver',
      'has GPUs whose interrupts do not reach the driver',
    ],
    hint: 'See dmesg for NVRM, and the settings of IOMMU and MSI in the BIOS.',
  },
]

interface Refusal {
  readonly says: RegExp
  readonly problem: string
  readonly hint: string
}

/** The first that matches decides. */
const REFUSALS: readonly Refusal[] = [
  {
    says: /No devices (were )?found/i,
    problem: 'has no NVIDIA GPU that its driver can use',
    hint: 'See lspci for the GPU, and dmesg for what the driver says of it.',
  },
  {
    says: /couldn't communicate with the NVIDIA driver|Driver\/library version mismatch|Driver Not Loaded|Unable to load driver/i,
    problem: 'has an NVIDIA driver that does not run',
    hint: 'Load or reinstall it: see modprobe nvidia and dmesg.',
  },
  {
    says: /couldn't find libnvidia-ml\.so|NVML Shared Library Not Found/i,
    problem: 'has an nvidia-smi without the library of its driver, libnvidia-ml.so',
    hint: 'Reinstall the driver, or add the library to the paths of ldconfig.',
  },
  {
    says: /Failed to initialize NVML:\s*(Insufficient Permissions|No permission)/i,
    problem: 'does not allow this user to use the NVIDIA driver',
    hint: 'Check the permissions of /dev/nvidiactl and /dev/nvidia*, and the device rules of the container.',
  },
  {
    says: /Failed to initialize NVML:\s*GPU access blocked by the operating system/i,
    problem: 'has an operating system that blocks access to its GPUs',
    hint: 'Check the driver of the host of this virtual machine, and restart it (WSL: wsl --shutdown).',
  },
  {
    says: /Failed to initialize NVML/i,
    problem: 'has an NVIDIA driver whose management library (NVML) does not start',
    hint: 'In a container: restart it, since it lost the rights to its devices (often by systemctl daemon-reload). On the machine itself: see dmesg for NVRM and Xid.',
  },
  { says: /requires? (?:a )?reset/i, problem: RESET.problem[0], hint: RESET.hint },
  { says: /GPU is lost/i, problem: LOST.problem[0], hint: LOST.hint },
]

/** The field of a query that the driver does not know; undefined where it knows all of them. */
const invalidFieldIn = (said: string): string | undefined =>
  /Field "([^"]+)" is not a valid field to query/i.exec(said)?.[1]

/** Undefined where the text contains none of these sentences. A row whose cells say such a thing is none: see the query. */
export function refusalOf(said: string): ClaimcheckError | undefined {
  const found = said.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
  const without = [...said.matchAll(NO_HANDLE)].map(([, address, reason = '']) => ({
    address,
    reason: REASONS.find(({ says }) => says.test(reason)) ?? LOST,
  }))
  const reset = [...said.matchAll(REQUIRES_RESET)].map(([, address]) => ({ address, reason: RESET }))
  const unusable = [...without, ...reset]
  const [first] = unusable
  if (first !== undefined) {
    const same = unusable.filter(({ reason }) => reason === first.reason)
    return unavailable(`${first.reason.problem[same.length > 1 ? 1 : 0]}${whichOf(same)}`, {
      found,
      hint: first.reason.hint,
    })
  }
  const invalid = invalidFieldIn(said)
  if (invalid !== undefined)
    return unavailable('has an NVIDIA driver that is too old', {
      expected: `an nvidia-smi that knows the field ${invalid}`,
      found,
      hint: 'Install a newer driver.',
    })
  const outsideRows = said
    .split('\n')
    .filter((line) => !/^\s*\d+\s*,/.test(line))
    .join('\n')
  const refusal = REFUSALS.find(({ says }) => says.test(outsideRows))
  return refusal && unavailable(refusal.problem, { found, hint: refusal.hint })
}

/** `: the one at 0000:65:00.0`; empty where no address is printed. */
function whichOf(gpus: readonly { readonly address: string | undefined }[]): string {
  const addresses = gpus.flatMap(({ address }) => (address === undefined ? [] : [sysfsPciAddress(address)]))
  if (addresses.length === 0) return ''
  return addresses.length === 1 ? `: the one at ${addresses[0]}` : `: those at ${addresses.join(' and ')}`
}
