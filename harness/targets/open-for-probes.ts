/** Opens a target of an emulated rack for commands, as a run does for its tests. */
import { Journal } from '../core/journal.ts'
import type { Settings } from '../core/variables.ts'
import type { ProbeTarget, TargetKindRecord } from './target-kind.ts'

/** Nothing is left behind where it rejects. */
export async function openForProbes(
  kind: TargetKindRecord,
  settings: Settings,
  say: (line: string) => void,
): Promise<ProbeTarget> {
  const system = kind.loadSystemUnderTest(settings)
  const { prepared, end } = await kind.prepare(settings, system, say)
  try {
    const target = await kind.open({ settings, system, prepared, journal: new Journal() })
    return {
      target,
      async end() {
        await target.close()
        await end()
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}
