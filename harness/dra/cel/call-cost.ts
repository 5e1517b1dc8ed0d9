/** What a call of one of Kubernetes' functions costs at most, apart from its operands, and how large its result is. */
import type { ASTNode } from '@marcbachmann/cel-js'

export interface Operand {
  /** Characters, items or entries at most; 1 for a number or a truth value. */
  readonly size: number
  /** Of the largest item of a list, where the items are known. */
  readonly itemSize?: number | undefined
  readonly itemScalar?: boolean | undefined
  /** Known to be a version, a quantity or an address, two of which are compared at the cost of 1. */
  readonly opaque?: boolean | undefined
  /** Known to be a number, a truth value or a time. */
  readonly scalar?: boolean
  /** How the value is reached from `device`. */
  readonly path?: readonly string[] | undefined
}

interface CallCost {
  readonly cost: number
  readonly size?: number
  readonly scalar?: boolean
  readonly opaque?: boolean
}

/** Per character of a string that is read once, and of a regular expression. */
const TRAVERSAL = 0.1
const PATTERN = 0.25
/** Kubernetes' ResourceSliceMaxAttributeValuesPerDevice. */
const INCLUDES = 48

export function callCost(
  name: string,
  target: Operand | undefined,
  operands: readonly Operand[],
  args: readonly ASTNode[],
): CallCost {
  const own = target?.size ?? 0
  const first = operands[0]?.size ?? Infinity
  switch (name) {
    case 'size':
    case 'int':
    case 'double':
    case 'bool':
    case 'hasValue':
      return { cost: 1, scalar: true, size: 1 }
    case 'dyn':
      return { cost: 1, size: first }
    case 'string':
      return { cost: Math.max(1, traversal(first)), size: first }
    case 'isQuantity':
    case 'isSemver':
    case 'isIP':
    case 'isCIDR':
      return { cost: traversal(first), scalar: true, size: 1 }
    case 'quantity':
    case 'semver':
    case 'ip':
    case 'cidr':
      return { cost: target === undefined ? traversal(first) : 1, opaque: true }
    case 'add':
    case 'sub':
    case 'masked':
      return { cost: 1, opaque: true }
    case 'includes':
      return { cost: INCLUDES, scalar: true, size: 1 }
    case 'startsWith':
    case 'endsWith':
      return { cost: traversal(first), scalar: true, size: 1 }
    case 'contains':
      return { cost: product(traversal(own), traversal(first)), scalar: true, size: 1 }
    case 'Matches':
      return { cost: target === undefined ? 1 : regularExpression(own, first), scalar: true, size: 1 }
    case 'find':
    case 'findAll':
      return { cost: regularExpression(own, first), size: own }
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
      return { cost: traversal(own), size: own }
    case 'replace':
      return { cost: traversal(2 * own), size: replaced(own, first, operands[1]?.size ?? Infinity, args[0]) }
    case 'split': {
      const limit = args[1]?.op === 'value' && typeof args[1].args === 'bigint' ? Number(args[1].args) : own
      return { cost: traversal(2 * own), size: limit < 0 ? Infinity : limit }
    }
    case 'join': {
      // cel-go knows no size for the strings of a list, and counts none for a list of unknown type.
      const items = target?.itemSize === undefined ? 0 : Infinity
      const size = product(own, items) + product(operands[0]?.size ?? 0, Math.max(0, own - 1))
      return { cost: traversal(size), size }
    }
    case 'format':
      return { cost: traversal(own), size: Infinity }
    case 'sum':
    case 'min':
    case 'max':
    case 'isSorted':
    case 'indexOf':
    case 'lastIndexOf':
      return target?.itemSize === undefined
        ? { cost: traversal(own), size: Infinity }
        : { cost: target.itemScalar === true ? own : Infinity, scalar: target.itemScalar === true, size: 1 }
    case 'containsIP':
    case 'containsCIDR':
      return {
        cost: 4 + (name === 'containsCIDR' ? 3 : 0) + (operands[0]?.opaque ? 0 : traversal(first)),
        scalar: true,
        size: 1,
      }
    default:
      return { cost: 1, ...(FIXED_SIZE.has(name) ? { scalar: true, size: 1 } : {}) }
  }
}

/** Functions whose result has a fixed size. */
const FIXED_SIZE = new Set(
  `asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo major minor patch duration timestamp family prefixLength isUnspecified isLoopback isLinkLocalUnicast contains equivalent intersects`.split(
    /\s+/,
  ),
)

const traversal = (size: number): number => Math.ceil(size * TRAVERSAL)
/** An empty operand costs nothing, however large the other. */
const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b)
const regularExpression = (text: number, pattern: number): number =>
  product(traversal(text + 1), Math.ceil(pattern * PATTERN))

function replaced(own: number, old: number, by: number, pattern: ASTNode | undefined): number {
  const shortest = pattern?.op === 'value' ? old : 0
  if (shortest === 0) return own + product(own + 1, by)
  return by <= shortest ? own : product(Math.ceil(own / shortest), by)
}
