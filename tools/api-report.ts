/**
 * `npm run api`: writes the API report of each path that the package exports, `docs/api/*.api.md`, from the declarations in
 * `dist/`. With --check it changes nothing and exits with 1 if a report differs, so that a change of the API shows in a diff.
 */
import { basename, join } from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { PACKAGE_ROOT } from '../harness/core/package-root.ts'

const ENTRIES = ['suite', 'config', 'reporter', 'results']
const isCheck = process.argv.includes('--check')

const outcomes = ENTRIES.map((entry) => {
  const extractorConfig = ExtractorConfig.prepare({
    configObject: {
      projectFolder: PACKAGE_ROOT,
      mainEntryPointFilePath: join(PACKAGE_ROOT, 'dist/harness/public', `${entry}.d.ts`),
      apiReport: {
        enabled: true,
        reportFileName: `${entry}.api.md`,
        reportFolder: join(PACKAGE_ROOT, 'docs/api'),
        reportTempFolder: join(PACKAGE_ROOT, 'dist/api'),
        includeForgottenExports: false,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      compiler: { tsconfigFilePath: join(PACKAGE_ROOT, 'tsconfig.build.json') },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(PACKAGE_ROOT, 'package.json'),
  })
  const { apiReportChanged } = Extractor.invoke(extractorConfig, {
    localBuild: !isCheck,
    showVerboseMessages: false,
  })
  return { file: basename(extractorConfig.reportFilePath), changed: apiReportChanged }
})
const changed = outcomes.filter((one) => one.changed).map(({ file }) => file)
if (isCheck && changed.length > 0) {
  process.stderr.write(
    `The public API changed: ${changed.join(', ')}. Run \`npm run api\` and review the diff.\n`,
  )
  process.exitCode = 1
}
