/** Walks the syntax tree of a parsed CEL expression as it is written, before macros are expanded. */
import type { ASTNode } from '@marcbachmann/cel-js'

/** A call of a function or macro. `receiver` is undefined for `f(x)` and the operand before the dot for `x.f()`. */
export interface Call {
  readonly name: string
  readonly receiver: ASTNode | undefined
  readonly args: readonly ASTNode[]
}

export function callOf(node: ASTNode): Call | undefined {
  if (node.op === 'call') return { name: node.args[0], receiver: undefined, args: node.args[1] }
  if (node.op === 'rcall') return { name: node.args[0], receiver: node.args[1], args: node.args[2] }
  return undefined
}

/** Calls `visit` for the node and every node below it, parents first. */
export function walk(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node)
  for (const child of children(node)) walk(child, visit)
}

/** Whether the function is called anywhere in the tree. */
export function calls(root: ASTNode, name: string): boolean {
  return callOf(root)?.name === name || children(root).some((child) => calls(child, name))
}

function children(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'map':
      return node.args.flat()
    case '!_':
    case '-_':
      return [node.args]
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
    case '?:':
    case 'list':
    case '[]':
    case '[?]':
      return node.args
    default:
      return node satisfies never
  }
}
