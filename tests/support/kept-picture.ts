/**
 * Compares a screenshot with a kept PNG. Antialiased pixels are ignored. `-u` replaces kept pictures that differ; a missing one
 * is written, except where `CI` is set.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pixelmatch from 'pixelmatch'
import { PNG } from 'pngjs'
import { expect } from 'vitest'

/** The distance of two colours from which they differ; black and white are 1 apart. */
const COLOUR_DISTANCE = 0.02
/** The largest share of the pixels that may differ. */
const MOST_PIXELS = 0.01
/** The largest share of the pixels of any square of `WINDOW` by `WINDOW` pixels that may differ: a missing mark is local. */
const MOST_OF_WINDOW = 0.1
const WINDOW = 32

export interface KeptPicture {
  /** `failed-dark`, without an extension. */
  readonly name: string
  /** The folder of kept pictures. */
  readonly kept: string
  /** The folder for the screenshot, `NAME.png`, and what differs, `NAME.diff.png`. */
  readonly artifacts: string
}

/** Fails if `screenshot` differs from the kept picture. */
export function expectKeptPicture(screenshot: Buffer, { name, kept, artifacts }: KeptPicture): void {
  const [keptPath, actualPath] = [join(kept, `${name}.png`), join(artifacts, `${name}.png`)]
  const diffPath = join(artifacts, `${name}.diff.png`)
  const update = expect.getState().snapshotState.snapshotUpdateState
  rmSync(diffPath, { force: true })
  writeFileSync(actualPath, screenshot)
  const actual = PNG.sync.read(screenshot)
  const difference = existsSync(keptPath)
    ? differenceOf(PNG.sync.read(readFileSync(keptPath)), actual, diffPath)
    : 'there is no kept picture'
  const mayWrite = update === 'all' || (update === 'new' && !existsSync(keptPath))
  if (difference !== undefined && mayWrite) return keep(actual, keptPath)
  expect(
    difference,
    `${name} differs from ${keptPath}: compare ${actualPath} and ${diffPath}. If the change is intended, run the test again with -u`,
  ).toBeUndefined()
}

/** Lossless. Screenshots compress best without filters, by the default strategy of zlib. */
function keep(picture: PNG, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(
    path,
    PNG.sync.write(picture, { colorType: 2, filterType: 0, deflateLevel: 9, deflateStrategy: 0 }),
  )
}

function differenceOf(kept: PNG, actual: PNG, diffPath: string): string | undefined {
  const { width, height } = kept
  if (width !== actual.width || height !== actual.height)
    return `${actual.width} x ${actual.height} pixels, expected ${width} x ${height}`
  const options = { threshold: COLOUR_DISTANCE }
  const diff = new PNG({ width, height })
  const share = pixelmatch(kept.data, actual.data, diff.data, width, height, options) / (width * height)
  const most = { ...options, windowSize: WINDOW }
  const local = pixelmatch(kept.data, actual.data, undefined, width, height, most) / WINDOW ** 2
  if (share <= MOST_PIXELS && local <= MOST_OF_WINDOW) return undefined
  writeFileSync(diffPath, PNG.sync.write(diff))
  return `${percent(share)} of all pixels differ, at most ${percent(MOST_PIXELS)} may; ${percent(local)} of a square of ${WINDOW} x ${WINDOW} pixels, at most ${percent(MOST_OF_WINDOW)} may`
}

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`
