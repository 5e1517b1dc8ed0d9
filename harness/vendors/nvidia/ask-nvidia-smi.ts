/**
 * Runs nvidia-smi and separates its answer from what it says of GPUs and driver beside it. nvidia-smi mixes both on the
 * standard output, with exit code 0 or another; return values are listed in its manual page.
 */
import { execa } from 'execa'
import type { ClaimcheckError } from '../../core/errors.ts'
import { sysfsPciAddress } from '../../core/pci-address.ts'
import { unavailable } from '../unavailable.ts'
import { refusalOf } from './nvidia-smi-refusals.ts'

const LIMIT_MS = 30_000
/** In characters. The answers for 8 GPUs have some 10,000. */
const MOST_OUTPUT = 4 * 2 ** 20
/** A GPU's infoROM is corrupted; the answer is complete. */
const EXIT_INFOROM = 14
/** `Warning: persistence mode is disabled on device 00000000:3B:00.0.` */
const WARNING = /^\s*warning:\s*(.*)$/i
const INFOROM = /infoROM is corrupted(?: at gpu\s*([0-9a-f:.]+))?/i

export interface Answer {
  readonly lines: readonly string[]
  readonly warnings: readonly string[]
}

/** Rejects with TARGET_UNAVAILABLE, naming what is missing or which GPU does not answer. */
export async function askNvidiaSmi(args: readonly string[]): Promise<Answer> {
  const answer = await execa('nvidia-smi', args, {
    reject: false,
    timeout: LIMIT_MS,
    forceKillAfterDelay: 2000,
    maxBuffer: MOST_OUTPUT,
  })
  if (answer.code === 'ENOENT') throw noDriver()
  if (answer.timedOut)
    throw unavailable(`has an NVIDIA driver that does not answer nvidia-smi ${args.join(' ')}`, {
      found: `nothing within ${LIMIT_MS / 1000} s`,
      hint: 'See dmesg for Xid errors.',
    })
  const all = [...linesOf(answer.stdout), ...linesOf(answer.stderr)]
  const said = all.join('\n')
  const refusal = refusalOf(said)
  if (refusal !== undefined) throw refusal
  if (answer.exitCode !== 0 && answer.exitCode !== EXIT_INFOROM)
    throw notUnderstood(said || (answer.shortMessage ?? 'nothing'))
  return {
    lines: linesOf(answer.stdout).filter((line) => !INFOROM.test(line) && !WARNING.test(line)),
    warnings: all.flatMap((line) => {
      const infoRom = INFOROM.exec(line)
      if (infoRom !== null) return [infoRomWarning(infoRom[1])]
      return WARNING.exec(line)?.[1] ?? []
    }),
  }
}

export const notUnderstood = (said: string): ClaimcheckError =>
  unavailable('has an nvidia-smi whose answer cannot be parsed', {
    found: said.replaceAll(/\s+/g, ' ').trim().slice(0, 300),
  })

const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line.trim() !== '')

const infoRomWarning = (address: string | undefined): string =>
  `The infoROM of ${address === undefined ? 'a GPU' : `the GPU at ${sysfsPciAddress(address)}`} is corrupted: the GPU works, but its ECC and page retirement records cannot be trusted. Have the vendor repair it.`

const noDriver = (): ClaimcheckError =>
  unavailable('has no NVIDIA driver', {
    expected: 'nvidia-smi on the PATH, which comes with the driver',
    found: 'none',
    hint: 'Install the driver, or choose another CLAIMCHECK_TARGET.',
  })
