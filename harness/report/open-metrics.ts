/**
 * Formats a run as OpenMetrics text, which the textfile collector of Prometheus' node exporter reads, too. Names and labels are
 * stable; units are those that Prometheus recommends, so bandwidths are in bytes per second.
 */
import type { Expectation } from '../expect/expectation.ts'
import { environmentOf, isEmulated, isGreen, type RunReport, type TestReport } from './run-report.ts'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

interface Family {
  readonly name: string
  readonly help: string
  readonly unit?: string
  readonly samples: readonly Sample[]
}

export function formatOpenMetrics(report: RunReport): string {
  return `${[...runFamilies(report), ...testFamilies(report)].map(formatFamily).join('')}# EOF\n`
}

function runFamilies(report: RunReport): readonly Family[] {
  const { tests, tool, target, run, startedAt, finishedAt, coverage } = report
  const environment = environmentOf(report, tests[0]?.file ?? '')
  const verdicts = Object.entries(Object.groupBy(tests, ({ verdict }) => verdict))
  const shares = coverage === undefined ? [] : (['nodes', 'gpus', 'nics'] as const)
  return [
    {
      name: 'claimcheck_run_info',
      help: 'What was run. The value is always 1.',
      samples: [
        [
          {
            version: tool.version,
            run,
            target,
            sku: environment.sku ?? '',
            rack: environment.emulation?.rack ?? '',
            emulated: String(isEmulated(environment)),
          },
          1,
        ],
      ],
    },
    {
      name: 'claimcheck_run_passed',
      help: '1 if the run passed; 0 if it failed, was inconclusive or was interrupted.',
      samples: [[{}, isGreen(report) ? 1 : 0]],
    },
    {
      name: 'claimcheck_run_finished_timestamp_seconds',
      help: 'When the run ended, in seconds since 1970.',
      unit: 'seconds',
      samples: [[{}, Date.parse(finishedAt) / 1000]],
    },
    {
      name: 'claimcheck_run_duration_seconds',
      help: 'How long the run took.',
      unit: 'seconds',
      samples: [[{}, (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000]],
    },
    {
      name: 'claimcheck_run_tests',
      help: 'Tests of the run by verdict.',
      samples: verdicts.map(([verdict, all]) => [{ verdict }, all.length]),
    },
    {
      name: 'claimcheck_run_problems',
      help: 'Errors outside the tests of the run.',
      samples: [[{}, report.problems.length]],
    },
    {
      name: 'claimcheck_coverage_ratio',
      help: 'Share of the devices under test that moved verified bytes.',
      unit: 'ratio',
      samples: shares.flatMap((devices): Sample[] => {
        const { covered, missing } = coverage?.[devices] ?? { covered: [], missing: [] }
        const all = covered.length + missing.length
        return all === 0 ? [] : [[{ devices }, covered.length / all]]
      }),
    },
  ]
}

function testFamilies({ tests }: RunReport): readonly Family[] {
  const of = (samples: (one: Expectation) => readonly Sample[]): readonly Sample[] =>
    tests.flatMap((test) =>
      test.expectations.flatMap((one) =>
        samples(one).map(([labels, value]): Sample => [{ ...labelsOf(test, one), ...labels }, value]),
      ),
    )
  return [
    {
      name: 'claimcheck_expectation_passed',
      help: '1 if the expectation passed; 0 if it failed or was inconclusive.',
      samples: of(({ verdict }) => [[{}, verdict === 'passed' ? 1 : 0]]),
    },
    {
      name: 'claimcheck_expectation_ratio',
      help: 'A measured ratio of two arms: the estimate and the 95 % confidence interval.',
      unit: 'ratio',
      samples: of((one) => boundsOf(one, 'x', 1)),
    },
    {
      name: 'claimcheck_expectation_bandwidth_bytes_per_second',
      help: 'A measured bandwidth: the estimate and the 95 % confidence interval.',
      unit: 'bytes_per_second',
      samples: of((one) => boundsOf(one, 'GB/s', 1e9)),
    },
    {
      name: 'claimcheck_expectation_latency_seconds',
      help: 'A measured latency: the estimate and the 95 % confidence interval.',
      unit: 'seconds',
      samples: of((one) => boundsOf(one, 's', 1)),
    },
    {
      name: 'claimcheck_arm_bandwidth_bytes_per_second',
      help: 'The mean bandwidth of an arm.',
      unit: 'bytes_per_second',
      samples: of(({ properties }) =>
        Object.entries(properties).flatMap(([name, value]): Sample[] => {
          const [, arm] = /^arm\.(.+)\.bandwidth\.GBps$/.exec(name) ?? []
          return arm === undefined || typeof value !== 'number' ? [] : [[{ arm }, value * 1e9]]
        }),
      ),
    },
  ]
}

/** Statements of one test differ in their nodes, so that no two samples have the same labels. */
const labelsOf = ({ file, suite, name }: TestReport, { statement, emulated }: Expectation): Labels => ({
  file,
  suite: suite.join(' > '),
  test: name,
  statement,
  emulated: String(emulated),
})

function boundsOf({ interval }: Expectation, unit: string, factor: number): readonly Sample[] {
  if (interval?.unit !== unit) return []
  return (['estimate', 'low', 'high'] as const).flatMap((bound): Sample[] =>
    Number.isFinite(interval[bound]) ? [[{ bound }, interval[bound] * factor]] : [],
  )
}

/** A sample that occurs twice, as for a test that was run twice, is written once. */
function formatFamily({ name, help, unit, samples }: Family): string {
  const lines = new Map(samples.map(([labels, value]) => [`${name}${formatLabels(labels)}`, value]))
  if (lines.size === 0) return ''
  const head = [
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
  ]
  return [...head, ...[...lines].map(([sample, value]) => `${sample} ${value}`), ''].join('\n')
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
