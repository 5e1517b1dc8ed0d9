/** Adds a baseline to the text of an SKU profile, whose comments and other values stay as they are. */
import { isMap, isSeq, visit, YAMLSeq, type Document, type YAMLMap } from 'yaml'
import { parseYamlDocument } from '../../core/yaml-document.ts'
import type { BaselineSource } from '../../sku/reference.ts'
import type { Sku } from '../../sku/sku.ts'
import { keyOf } from './measured-figures.ts'
import type { ProposedFigure } from './propose.ts'
import { yamlFigure } from './yaml-figures.ts'

const LINE_WIDTH = 120

export interface WrittenBaseline {
  readonly source: BaselineSource
  readonly figures: readonly ProposedFigure[]
}

/**
 * `sku`: the profile that the text states. Figures of earlier baselines for the same measurements are taken out. `path` is used in
 * messages only.
 */
export function withBaseline(text: string, path: string, sku: Sku, added: WrittenBaseline): string {
  const { document } = parseYamlDocument(text, path)
  const replaced = new Set(added.figures.map(keyOf))
  const earlier = sku.reference.baselines ?? []
  const kept = earlier.map(({ figures }) => figures.map((one) => !replaced.has(keyOf(one))))
  const list = document.getIn(['reference', 'baselines'])
  const items = isSeq(list) ? list.items : []
  items.forEach((baseline, at) => {
    const figures = isMap(baseline) ? baseline.get('figures') : undefined
    if (isSeq(figures)) figures.items = figures.items.filter((_, index) => kept[at]?.[index] === true)
  })
  const left = items.filter((_, at) => kept[at]?.includes(true) === true)
  const baselines = new YAMLSeq()
  baselines.items = [...left, baselineNode(document, added)]
  document.setIn(['reference', 'baselines'], baselines)
  const reference = document.get('reference')
  if (isMap(reference)) reference.flow = false
  return document.toString({ lineWidth: LINE_WIDTH })
}

/** One figure a line, as the devices of a profile are. */
function baselineNode(document: Document, { source, figures }: WrittenBaseline): YAMLMap {
  const node = document.createNode({ source, figures: figures.map(yamlFigure) })
  visit(node, {
    Seq(_, list) {
      if (list.items.every((item) => !isMap(item))) list.flow = true
    },
    Map(_, map, ancestors) {
      if (ancestors.some((one) => isSeq(one))) map.flow = true
    },
  })
  return node
}
