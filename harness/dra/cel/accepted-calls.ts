/**
 * What Kubernetes would say about the calls of an expression where the engine would say something else: functions that
 * only one of the two has, and regular expressions that Kubernetes checks when it compiles.
 */
import { type ASTNode, EvaluationError, TypeError as CelTypeError } from '@marcbachmann/cel-js'
import { RegularExpression } from './library/regular-expression.ts'
import { withCelNames } from './library/replaced-functions.ts'
import { callOf, type Call, walk } from './syntax-tree.ts'

/** Functions of Kubernetes' URL, IP, format, lists and two-variable comprehension libraries. */
const NOT_IMPLEMENTED = new Set(
  `url isURL getScheme getHost getHostname getPort getEscapedPath getQuery isCanonical isLinkLocalMulticast
   isGlobalUnicast quote named validate dns1123Label dns1123Subdomain dns1035Label qualifiedName dns1123LabelPrefix
   dns1123SubdomainPrefix dns1035LabelPrefix labelValue uri uuid byte date datetime
   flatten slice sort sortBy distinct reverse range existsOne transformList transformMap transformMapEntry optMap
   optFlatMap`.split(/\s+/),
)
/** Functions on bytes that the engine has and Kubernetes has not. */
const ENGINE_ONLY = new Set(['json', 'hex', 'base64', 'at', 'string'])

/** The first function of the expression that Kubernetes has and this evaluator has not. */
export function missingFunction(root: ASTNode): string | undefined {
  const names: string[] = []
  walk(root, (node) => {
    const call = callOf(node)
    if (call === undefined) return
    if (isMissing(call)) names.push(call.name)
    const template = call.receiver?.op === 'value' ? call.receiver.args : undefined
    if (call.name === 'format' && typeof template === 'string' && /%(\.\d+)?e/.test(template))
      names.push('format("%e")')
  })
  return names[0]
}

function isMissing({ name, receiver, args }: Call): boolean {
  const twoVariables = receiver !== undefined && (name === 'all' || name === 'exists') && args.length === 3
  return twoVariables || NOT_IMPLEMENTED.has(name)
}

/** Throws the engine's TypeError for a call that Kubernetes refuses when it compiles. */
export function checkCalls(root: ASTNode): void {
  walk(root, (node) => {
    const call = callOf(node)
    if (call === undefined) return
    if (call.receiver !== undefined && ENGINE_ONLY.has(call.name)) {
      throw new CelTypeError(`Kubernetes has no function ${call.name}()`, node)
    }
    if (['matches', 'find', 'findAll'].includes(withCelNames(call.name)))
      checkPattern(call.args[call.receiver === undefined ? 1 : 0])
  })
}

function checkPattern(pattern: ASTNode | undefined): void {
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') return
  try {
    RegularExpression.parse(pattern.args)
  } catch (error) {
    if (error instanceof EvaluationError) throw new CelTypeError(error.summary, pattern, error)
    throw error
  }
}
