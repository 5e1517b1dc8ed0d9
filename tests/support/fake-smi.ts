/** A real program named nvidia-smi that prints recordings. Takes what each question is answered with; gives the folder for the PATH. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { temporaryFolder } from './rack-file.ts'

export const RECORDED = resolve(import.meta.dirname, '../../fixtures/recorded/nvidia-smi')

export interface Answers {
  /** Files under fixtures/recorded/nvidia-smi, or text after `=`. */
  readonly query: string
  readonly apps?: string
  readonly topo?: string
  readonly exitCode?: number
}

export function fakeSmi({ query, apps = '=', topo = 'h200/topo.txt', exitCode = 0 }: Answers): string {
  const folder = temporaryFolder()
  const shown = (answer: string, name: string): string => {
    if (!answer.startsWith('=')) return `cat '${join(RECORDED, answer)}'`
    writeFileSync(join(folder, name), answer.slice(1))
    return `cat '${join(folder, name)}'`
  }
  const script = [
    '#!/bin/sh',
    'case "$1" in',
    `  --query-gpu=*) ${shown(query, 'query')} ;;`,
    `  --query-compute-apps=*) ${shown(apps, 'apps')} ;;`,
    `  topo) ${shown(topo, 'topo')} ;;`,
    'esac',
    `exit ${exitCode}`,
  ]
  const path = join(folder, 'nvidia-smi')
  writeFileSync(path, `${script.join('\n')}\n`)
  chmodSync(path, 0o755)
  return folder
}
