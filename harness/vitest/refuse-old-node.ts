/**
 * Refuses a Node version that cannot load the harness. Vite bundles this file into the configuration, so it runs there too; it
 * imports little, since everything that it imports is bundled at each start.
 */
import { requireNode } from '../core/node-version.ts'
import { removeReports } from '../report/report-files.ts'

/** Throws TARGET_UNAVAILABLE on an old Node, after it removed the reports of an earlier run. */
export function refuseOldNode(): void {
  try {
    requireNode(process.versions.node)
  } catch (error) {
    removeReports(process.env['CLAIMCHECK_REPORT_DIR'] || 'reports')
    throw error
  }
}
