/** Parses XML with Python's expat, independently of the library that wrote it. */
import { execFileSync } from 'node:child_process'

export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
  readonly children: readonly Element[]
}

const script = `
import json, sys, xml.etree.ElementTree as tree
def read(e): return {'name': e.tag, 'attributes': e.attrib, 'text': e.text or '', 'children': [read(c) for c in e]}
json.dump([read(tree.fromstring(text.encode())) for text in json.load(sys.stdin)], sys.stdout)
`

/** Throws when one of `documents` is not well-formed. */
export function parseAll(documents: readonly string[]): readonly Element[] {
  const input = JSON.stringify(documents)
  return JSON.parse(
    execFileSync('python3', ['-c', script], { input, encoding: 'utf8', maxBuffer: 2 ** 28 }),
  ) as Element[]
}

export function parseXml(document: string): Element {
  const [root] = parseAll([document])
  if (root === undefined) throw new TypeError('one document has one root')
  return root
}
