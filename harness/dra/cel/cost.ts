/**
 * The worst-case cost of a CEL selector, by which the API server refuses expressions that are too expensive. The rules are
 * those of cel-go's estimate with Kubernetes' function costs; sizes follow the limits of the ResourceSlice API.
 */
import type { ASTNode } from '@marcbachmann/cel-js'
import { callCost, type Operand } from './call-cost.ts'
import { callOf, type Call } from './syntax-tree.ts'

/** resource.k8s.io: CELSelectorExpressionMaxCost. */
export const MAX_COST = 1_000_000

const LIST_COST = 10
const MAP_COST = 30
const ENTRIES = 32
const DOMAIN_LENGTH = 63
const ID_LENGTH = 32
const ATTRIBUTE_SIZE = 64
const LIST_ITEM = 'item'

interface Estimate extends Operand {
  readonly cost: number
}
type Scope = ReadonlyMap<string, Operand>

const scalar = (cost: number): Estimate => ({ cost, size: 1, scalar: true })

/** May be Infinity, where a value has no bound that Kubernetes knows of. */
export const worstCaseCost = (root: ASTNode): number => estimate(root, new Map()).cost

function estimate(node: ASTNode, scope: Scope): Estimate {
  switch (node.op) {
    case 'value':
      return literal(node.args)
    case 'id':
      return { ...(scope.get(node.args) ?? { size: Infinity, path: [node.args] }), cost: 1 }
    case '.':
      return field(estimate(node.args[0], scope), node.args[1])
    case '.?':
      return { cost: estimate(node.args[0], scope).cost + 1, size: Infinity }
    case '[?]':
      return {
        cost: estimate(node.args[0], scope).cost + estimate(node.args[1], scope).cost + 1,
        size: Infinity,
      }
    case '[]':
      return index(estimate(node.args[0], scope), estimate(node.args[1], scope))
    case 'list': {
      const items = node.args.map((item) => estimate(item, scope))
      const itemSize = Math.max(0, ...items.map(({ size }) => size))
      const itemScalar = items.every((item) => item.scalar === true)
      return { cost: LIST_COST + total(items), size: items.length, itemSize, itemScalar }
    }
    case 'map': {
      const entries = node.args.flat().map((entry) => estimate(entry, scope))
      return { cost: MAP_COST + total(entries), size: node.args.length }
    }
    case '?:': {
      const [condition, yes, no] = node.args.map((arm) => estimate(arm, scope))
      if (condition === undefined || yes === undefined || no === undefined) return scalar(0)
      return { cost: condition.cost + Math.max(yes.cost, no.cost), size: Math.max(yes.size, no.size) }
    }
    case '-_':
    case '!_':
      if (node.op === '-_' && node.args.op === 'value') return literal(node.args.args)
      return scalar(estimate(node.args, scope).cost + 1)
    case 'call':
    case 'rcall': {
      const call = callOf(node)
      return call === undefined ? scalar(0) : calls(call, scope)
    }
    case '!=':
    case '==':
    case 'in':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case '&&':
    case '||':
      return binary(node.op, estimate(node.args[0], scope), estimate(node.args[1], scope))
    default:
      return node satisfies never
  }
}

function literal(value: unknown): Estimate {
  return typeof value === 'string' ? { cost: 0, size: Array.from(value).length } : scalar(0)
}

function field({ cost, path }: Estimate, name: string): Estimate {
  const selected = path && [...path, name]
  // Selecting from a value of unknown type is free in cel-go's estimate.
  const known = path === undefined || path.length <= 3
  return {
    cost: cost + (known ? 1 : 0),
    size: sizeAt(selected),
    path: selected,
    scalar: isScalar(selected),
    opaque: isCapacity(selected),
  }
}

function index(of: Estimate, at: Estimate): Estimate {
  const path = of.path && [...of.path, LIST_ITEM]
  const size = of.itemSize ?? sizeAt(path)
  return { cost: of.cost + at.cost + 1, size, path, opaque: isCapacity(path) }
}

/** `device`, a field of it, a domain, an id. */
function sizeAt(path: readonly string[] | undefined): number {
  if (path?.[0] !== 'device' || path.length < 2) return Infinity
  if (path[1] === 'driver') return path.length === 2 ? DOMAIN_LENGTH : Infinity
  if (path[1] === 'allowMultipleAllocations') return 1
  if (path.length <= 3) return ENTRIES
  if (path.length > 4) return Infinity
  return path[1] === 'attributes' ? ATTRIBUTE_SIZE : Infinity
}

const isScalar = (path: readonly string[] | undefined): boolean =>
  path?.[0] === 'device' && path.length === 2 && path[1] === 'allowMultipleAllocations'
const isCapacity = (path: readonly string[] | undefined): boolean =>
  path?.[0] === 'device' && path.length === 4 && path[1] === 'capacity'

function binary(operator: string, left: Estimate, right: Estimate): Estimate {
  const operands = left.cost + right.cost
  if (operator === '&&' || operator === '||') return scalar(operands)
  if (operator === 'in') {
    const isMap = right.path !== undefined && right.path.length <= 3 && right.path[0] === 'device'
    return scalar(operands + (isMap ? 1 : Math.max(1, right.size)))
  }
  if (operator === '+') {
    if (left.scalar || right.scalar) return scalar(operands + 1)
    const size = left.size + right.size
    const list = left.itemSize !== undefined || right.itemSize !== undefined
    return { cost: operands + (list ? 1 : Math.max(1, Math.ceil(size * 0.1))), size }
  }
  const compares = operator === '==' || operator === '!='
  const ordered = ['<', '<=', '>', '>='].includes(operator)
  if (!compares && !ordered) return scalar(operands + 1)
  if (left.opaque === true && right.opaque === true) return scalar(operands + 1)
  const comparison = Math.ceil(Math.min(left.size, right.size) * 0.1)
  return scalar(operands + (compares ? comparison : Math.max(1, comparison)))
}

const total = (parts: readonly Estimate[]): number => parts.reduce((sum, { cost }) => sum + cost, 0)

/** Cost of the loop condition, of one step around the predicate, and of reading the result. */
const MACROS: Readonly<Record<string, { condition: number; step: number; result: number; init: number }>> = {
  all: { condition: 2, step: 1, result: 1, init: 0 },
  exists: { condition: 3, step: 1, result: 1, init: 0 },
  exists_one: { condition: 0, step: 2, result: 2, init: 0 },
  map: { condition: 0, step: 12, result: 1, init: LIST_COST },
  filter: { condition: 0, step: 13, result: 1, init: LIST_COST },
}

function calls(call: Call, scope: Scope): Estimate {
  const { name, receiver, args } = call
  const [first, second, third] = args
  if (name === 'Has' && first?.op === '.') return scalar(estimate(first.args[0], scope).cost)
  if (name === 'bind' && first?.op === 'id' && second !== undefined && third !== undefined) {
    const bound = estimate(second, scope)
    const result = estimate(third, new Map([...scope, [first.args, bound]]))
    return { ...result, cost: LIST_COST + bound.cost + result.cost }
  }
  if (receiver?.op === 'id' && receiver.args === 'sets') {
    const sets = args.map((arg) => estimate(arg, scope))
    const comparisons = sets.reduce((pairs, { size }) => pairs * size, 1)
    return scalar(1 + comparisons * (name === 'equivalent' ? 2 : 1) + total(sets))
  }
  const macro = MACROS[name]
  if (macro !== undefined && receiver !== undefined && first?.op === 'id') {
    const range = estimate(receiver, scope)
    const inner = new Map([...scope, [first.args, iterated(range)]])
    const step = total(args.slice(1).map((arg) => estimate(arg, inner))) + macro.step
    const loop = range.size === 0 ? 0 : range.size * (macro.condition + step)
    const cost = range.cost + macro.init + loop + macro.result
    if (macro.init === 0) return scalar(cost)
    const item = name === 'map' ? args.at(-1) && estimate(args.at(-1) ?? first, inner) : iterated(range)
    return { cost, size: range.size, itemSize: item?.size ?? Infinity, itemScalar: item?.scalar }
  }
  const isNamespace = receiver?.op === 'id' && receiver.args === 'optional'
  const target = receiver === undefined || isNamespace ? undefined : estimate(receiver, scope)
  const operands = args.map((arg) => estimate(arg, scope))
  const own = callCost(name, target, operands, args)
  return { size: Infinity, ...own, cost: own.cost + total(operands) + (target?.cost ?? 0) }
}

/** A variable of a macro: an item of a list, or a key of a map. */
function iterated({ path, itemSize }: Operand): Operand {
  if (itemSize !== undefined) return { size: itemSize }
  if (path?.[0] !== 'device' || path.length > 3) return { size: Infinity }
  return { size: path.length === 2 ? DOMAIN_LENGTH : ID_LENGTH }
}
