/**
 * `claimcheck baseline`: measures the figures of a new SKU and proposes reference figures with bounds. What the profile states
 * already is compared, and replaced only where that is asked for.
 */
import { existsSync, realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ClaimcheckError } from '../../core/errors.ts'
import { readTextFile } from '../../core/input-file.ts'
import { replaceFile } from '../../core/output-file.ts'
import type { Settings } from '../../core/variables.ts'
import type { BaselineSource } from '../../sku/reference.ts'
import { loadSku, parseSku, type Sku } from '../../sku/sku.ts'
import { withoutEmulatedBaselines } from '../../sku/stated-figures.ts'
import { targetKindOf } from '../../targets/target-kinds.ts'
import { compareReferences, describeCompared, type ComparedFigure } from './compare-references.ts'
import { keyOf, measuredFigures } from './measured-figures.ts'
import { propose, type Proposal } from './propose.ts'
import { readRecordedRun, type RecordedRun } from './recorded-run.ts'
import { runSuites } from './run-suites.ts'
import { requireOneFingerprint, requireOneShape } from './same-shape.ts'
import { withBaseline } from './write-profile.ts'

export interface BaselineOptions {
  /** Recorded results to use instead of a run. */
  readonly from?: string
  readonly rounds: number
  readonly singleNode: boolean
  readonly write: boolean
  readonly replace: boolean
  /** The profile to compare with and to write to; default: that of the run. */
  readonly sku?: string
}

export interface BaselineContext {
  readonly settings: Settings
  readonly env: Readonly<Record<string, string | undefined>>
  readonly say: (line: string) => void
}

/** Returns whether every stated figure agrees or was replaced. Throws BASELINE_REFUSED, or the error of a file. */
export async function baseline(
  paths: readonly string[],
  options: BaselineOptions,
  context: BaselineContext,
): Promise<boolean> {
  const { say } = context
  const run = readRecordedRun(options.from ?? (await measure(paths, options, context)))
  const [file] = run.files
  if (file === undefined)
    throw refused(run.path, 'records no SKU', 'Use the results of a suite that measures.')
  const measured = measuredFigures(run)
  const proposal = propose(measured, { place: run.path, singleNode: options.singleNode })
  requireOneFingerprint(run.nodes, proposal.nodes, run.path)
  const path = options.sku ?? (options.from === undefined ? profileOf(context.settings) : undefined)
  const sku = path === undefined || !existsSync(path) ? file.sku : requireAlike(loadSku(path), file.sku, path)
  const source = sourceOf(run, proposal)
  const comparable = source.emulated === undefined ? withoutEmulatedBaselines(sku) : sku
  const compared = compareReferences(proposal.figures, comparable)
  for (const line of linesOf(proposal, source, compared)) say(line)
  const written = compared.filter(({ stated }) => stated === undefined || options.replace)
  const shown = path === undefined ? 'the profile' : shownPath(path)
  if (!options.write) {
    say(
      written.length === 0
        ? `Nothing was written: ${shown} states every figure.`
        : `Nothing was written. --write adds ${count(written.length)} to ${shown}.`,
    )
    return compared.every(({ agrees }) => agrees)
  }
  if (path === undefined)
    throw refused(run.path, 'does not say which profile to write', 'Name it with --sku.')
  if (written.length === 0) {
    say(`Nothing was written: ${shown} states every figure. --replace replaces them.`)
    return compared.every(({ agrees }) => agrees)
  }
  requireNoLoss(written, sku, source, path)
  const text = withBaseline(profileText(path, run), path, sku, {
    source,
    figures: written.map(({ proposed }) => proposed),
  })
  parseSku(text, path)
  replaceFile(existsSync(path) ? realpathSync(path) : path, text)
  say(`${shown}: ${count(written.length)} written`)
  return compared.every(({ agrees }) => agrees || options.replace)
}

async function measure(
  paths: readonly string[],
  { rounds }: BaselineOptions,
  { settings, env }: BaselineContext,
): Promise<string> {
  const kind = targetKindOf(settings)
  if (kind.completeSettings === undefined) kind.loadSystemUnderTest(settings)
  if (kind.readProfile === undefined) requireOneShape(await kind.inspect(settings))
  return runSuites({ paths, env, rounds, reportDir: join(settings.reportDir, 'baseline') })
}

/** Undefined where the target discovers the profile itself. */
function profileOf(settings: Settings): string | undefined {
  if (settings.sku !== undefined) return settings.sku
  const kind = targetKindOf(settings)
  return kind.completeSettings === undefined ? kind.loadSystemUnderTest(settings).rack?.skuPath : undefined
}

/** A profile that does not exist yet starts as the one that the run read. */
function profileText(path: string, { skuPath }: RecordedRun): string {
  if (existsSync(path) || skuPath === undefined) return readTextFile(path)
  return readTextFile(skuPath)
}

function sourceOf(run: RecordedRun, { nodes, leftOut, rounds, spread }: Proposal): BaselineSource {
  const emulation = run.files.find((file) => file.emulation !== undefined)?.emulation
  return {
    measuredAt: run.finishedAt,
    nodes: [...nodes],
    ...(leftOut.length === 0 ? {} : { leftOut: [...leftOut] }),
    rounds,
    spread,
    versions: Object.fromEntries(
      Object.entries(run.versions).flatMap(([name, all]) =>
        all.length === 0 ? [] : [[name, all.join(', ')]],
      ),
    ),
    results: run.digest,
    ...(emulation === undefined ? {} : { emulated: { rack: emulation.rack, runtime: emulation.runtime } }),
  }
}

function linesOf(
  { leftOut }: Proposal,
  { nodes, rounds, spread, emulated }: BaselineSource,
  compared: readonly ComparedFigure[],
): readonly string[] {
  return [
    '',
    `${count(compared.length)} of ${nodes.join(', ')}, ${rounds} rounds or more`,
    ...(spread === 'measured'
      ? []
      : ['The bounds are wide: how much nodes of this SKU differ is assumed, since too few were measured.']),
    ...(emulated === undefined
      ? []
      : [`EMULATED: measured on rack ${emulated.rack}, not on hardware; the profile says so.`]),
    ...compared.map((one) => `  ${describeCompared(one)}`),
    ...leftOut.map(({ node, why }) => `Left out: ${node}: ${why}`),
  ]
}

/** Throws BASELINE_REFUSED where the profile is of other hardware than the run's. */
function requireAlike(sku: Sku, measured: Sku, path: string): Sku {
  const shapeOf = ({ gpu, gpus, nics }: Sku): string =>
    `${gpus.length} x ${gpu.productName} and ${nics.length} NICs`
  if (shapeOf(sku) === shapeOf(measured)) return sku
  throw new ClaimcheckError('BASELINE_REFUSED', {
    subject: path,
    problem: 'is a profile of other hardware than was measured',
    expected: shapeOf(measured),
    found: shapeOf(sku),
    hint: 'Name the profile of these nodes with --sku.',
  })
}

/** Throws BASELINE_REFUSED where an emulated figure would replace one that is not. */
function requireNoLoss(
  written: readonly ComparedFigure[],
  { reference }: Sku,
  { emulated }: BaselineSource,
  path: string,
): void {
  if (emulated === undefined) return
  const replaceable = new Set(
    (reference.baselines ?? []).flatMap(({ source, figures }) =>
      source.emulated === undefined ? [] : figures.map(keyOf),
    ),
  )
  const lost = written.find(
    ({ stated, proposed }) => stated !== undefined && !replaceable.has(keyOf(proposed)),
  )
  if (lost === undefined) return
  throw refused(
    `${path}: ${describeCompared(lost)}`,
    'is not replaced: the measured figure is EMULATED and the stated one is not',
    'Measure on hardware, or write to a copy of the profile with --sku.',
  )
}

const refused = (subject: string, problem: string, hint: string): ClaimcheckError =>
  new ClaimcheckError('BASELINE_REFUSED', { subject, problem, hint })

/** From the working directory, where the file is below it. */
function shownPath(path: string): string {
  const inside = relative(process.cwd(), path)
  return inside.startsWith('..') ? path : inside
}

const count = (figures: number): string => `${figures} figure${figures === 1 ? '' : 's'}`
