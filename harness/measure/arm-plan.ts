/** What the arms of a comparison transfer. What an arm does not state itself is what its comparison states for all arms. */
import type { MemoryKind, Placement } from '../claim/placement.ts'
import { bytes, type Bytes } from '../core/units.ts'

export interface TransferOptions {
  readonly op: 'WRITE' | 'READ'
  /** Of one transfer: over all GPUs of a pod, or of one pair of GPUs of a node. */
  readonly size: Bytes
}

/** What only some arms state. */
interface OwnOptions extends Partial<TransferOptions> {
  /**
   * Each buffer is moved in blocks of this size, each a descriptor of its own, as a paged KV cache is. The last block is filled up.
   * Absent: in one piece.
   */
  readonly blockSize?: Bytes
  /** As many bytes the other way at the same time. */
  readonly bothWays?: true
}

/** An arm of transfers between nodes. */
export interface NodeArm extends Placement, OwnOptions {
  /** UCX's transports (`UCX_TLS`), such as `tcp,cuda_copy`. Absent: those of the claimed NICs. */
  readonly transports?: string
}

/** An arm of transfers between the GPUs of a node. */
export interface LinkArm extends OwnOptions {
  /** `host-memory`: each side copies between its GPU and host memory, and TCP connects the two. */
  readonly path: LinkPath
}

export type LinkPath = 'gpu-links' | 'host-memory'

export interface ArmsPlan<Arm extends Partial<TransferOptions>> extends TransferOptions {
  readonly name: string
  /** By name, in the order of the first round. */
  readonly arms: Readonly<Record<string, Arm>>
  readonly iters: number
  readonly warmupIters: number
  readonly firstRounds: number
}

/** Throws TypeError when the plan has no arm of that name. */
export function plannedArm<Arm extends Partial<TransferOptions>>(
  { arms, op, size }: Pick<ArmsPlan<Arm>, 'arms' | 'op' | 'size'>,
  name: string,
): Arm & TransferOptions {
  const arm = Object.hasOwn(arms, name) ? arms[name] : undefined
  if (arm === undefined) throw new TypeError(`the plan has no arm ${name}`)
  return { op, size, ...arm }
}

/** The blocks of a buffer, and their size on the wire. */
export interface Blocks {
  readonly count: number
  readonly size: Bytes
}

/** Of emulated blocks, so that UCX's headers do not outweigh them. */
const LEAST_EMULATED_BLOCK = 4096

/**
 * An emulated rack divides the size of buffers and blocks by its scale, and has fewer blocks where they would become too small.
 * Sizes are rounded to 8 bytes.
 */
export function blocksOf(
  bufferBytes: number,
  { blockSize }: Pick<OwnOptions, 'blockSize'>,
  { scale }: { readonly scale: number } = { scale: 1 },
): Blocks {
  const buffer = bufferBytes / scale
  if (blockSize === undefined) return { count: 1, size: inWords(buffer) }
  const block = scale === 1 ? blockSize : Math.min(buffer, Math.max(LEAST_EMULATED_BLOCK, blockSize / scale))
  return { count: Math.max(1, Math.ceil(buffer / block)), size: inWords(block) }
}

const inWords = (size: number): Bytes => bytes(Math.max(8, Math.round(size / 8) * 8))

/** Where the buffers of an arm are. */
export const memoryOf = (arm: NodeArm | LinkArm): MemoryKind =>
  ('memory' in arm ? arm.memory : undefined) ?? 'gpu'
