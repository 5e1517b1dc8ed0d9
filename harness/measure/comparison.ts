/**
 * A comparison as a suite declares it, over all nodes under test. It has one part for each pair of nodes, or for each node where
 * transfers stay within a node. Parts are measured separately, so that a bad node affects no figure but its own.
 */
import type { Target } from '../targets/target.ts'
import type { LinkComparison } from './link-comparison.ts'
import type { Progress } from './measured-rounds.ts'
import type { NodeComparison } from './node-comparison.ts'

export type ComparisonPart = NodeComparison | LinkComparison

export class Comparison {
  /** Names the evidence, together with the nodes of the part. */
  readonly name: string
  readonly target: Target
  /** The names of the arms that assertions were made of. */
  readonly judged = new Set<string>()
  readonly #split: (nodes: readonly string[]) => readonly ComparisonPart[]
  readonly #listeners = new Set<(progress: Progress) => void>()
  #parts: Promise<readonly ComparisonPart[]> | undefined

  /** `split` makes the parts for the nodes under test. */
  constructor(name: string, target: Target, split: (nodes: readonly string[]) => readonly ComparisonPart[]) {
    this.name = name
    this.target = target
    this.#split = split
  }

  /** The parts, made on the first call. Rejects when the target cannot list its nodes, and with the errors of `split`. */
  parts(): Promise<readonly ComparisonPart[]> {
    this.#parts ??= this.#make()
    return this.#parts
  }

  /** Calls `listener` with the progress of all parts until the returned function is called. */
  listen(listener: (progress: Progress) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #make(): Promise<readonly ComparisonPart[]> {
    const parts = this.#split(await this.target.nodes())
    for (const part of parts)
      part.listen((progress) => this.#listeners.forEach((listener) => listener(progress)))
    return parts
  }
}
