/** The sentences that nvidia-smi prints instead of an answer, or of one GPU beside the answers of others, with what each means. */
import type { ClaimcheckError } from '../../core/errors.ts'
import { sysfsPciAddress } from '../../core/pci-address.ts'
import { unavailable } from '../unavailable.ts'

/** `GPU 0000:02:00.0`, `GPU0000:65:00.0`, `GPU1: 0000:82:00.0`, `GPU 000:BA:80.0`: all are printed. */
const NO_HANDLE =
  /Unable to \w+ the device handle for GPU\s*(?:\d+\s*:\s+)?([0-9a-f]{1,8}:[0-9a-f]{1,2}:[0-9a-f]{1,2}\.[0-9a-f])?/gi

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
    says: /couldn't communicate with the NVIDIA driver|Driver\/library version mismatch|Driver Not Loaded/i,
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
  {
    says: /requires? (?:a )?reset/i,
    problem: 'has a GPU that requires a reset',
    hint: 'End the programs that use it and run nvidia-smi --gpu-reset, or reboot.',
  },
  {
    says: /GPU is lost/i,
    problem: 'has a GPU that does not answer',
    hint: 'It may have fallen off the bus: see dmesg for Xid 79, and reboot or replace it.',
  },
]

/** The field of a query that the driver does not know; undefined where it knows all of them. */
const invalidFieldIn = (said: string): string | undefined =>
  /Field "([^"]+)" is not a valid field to query/i.exec(said)?.[1]

/** Undefined where the text contains none of these sentences. A row whose cells say such a thing is none: see the query. */
export function refusalOf(said: string): ClaimcheckError | undefined {
  const found = said.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
  const lost = [...said.matchAll(NO_HANDLE)]
  if (lost.length > 0) {
    const addresses = lost.flatMap((match) => (match[1] === undefined ? [] : [sysfsPciAddress(match[1])]))
    const [only] = addresses
    const which =
      only === undefined
        ? ''
        : addresses.length === 1
          ? `: the one at ${only}`
          : `: those at ${addresses.join(' and ')}`
    return unavailable(
      `has ${addresses.length > 1 ? 'GPUs that do' : 'a GPU that does'} not answer${which}`,
      {
        found,
        hint: 'It may have fallen off the bus: see dmesg for Xid 79, and reboot or replace it.',
      },
    )
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
