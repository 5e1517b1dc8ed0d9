/** A program named nvidia-smi that prints recordings. Returns the folder for the PATH. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { temporaryFolder } from './rack-file.ts'

export const RECORDED = resolve(import.meta.dirname, '../../fixtures/recorded/nvidia-smi')

export interface Answers {
  /** Files under fixtures/recorded/nvidia-smi or absolute paths, or text after `=`. */
  readonly query: string
  readonly apps?: string
  readonly topo?: string
  /** What `nvlink --status` prints. */
  readonly links?: string
  /** Exit code of the queries of GPUs. */
  readonly exitCode?: number
}

export function fakeSmi({
  query,
  apps = '=',
  topo = 'h200/topo.txt',
  links = '=',
  exitCode = 0,
}: Answers): string {
  const folder = temporaryFolder()
  const shown = (answer: string, name: string): string => {
    if (!answer.startsWith('=')) return `cat '${resolve(RECORDED, answer)}'`
    writeFileSync(join(folder, name), answer.slice(1))
    return `cat '${join(folder, name)}'`
  }
  const script = [
    '#!/bin/sh',
    'case "$1" in',
    `  --query-gpu=*) ${shown(query, 'query')}; exit ${exitCode} ;;`,
    `  --query-compute-apps=*) ${shown(apps, 'apps')} ;;`,
    `  topo) ${shown(topo, 'topo')} ;;`,
    `  nvlink) ${shown(links, 'links')} ;;`,
    'esac',
  ]
  const path = join(folder, 'nvidia-smi')
  writeFileSync(path, `${script.join('\n')}\n`)
  chmodSync(path, 0o755)
  return folder
}
