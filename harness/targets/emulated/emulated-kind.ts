/** The record of the emulated rack, whose pods are processes on this machine or computed by a model. */
import type { NativeParts } from '../../native/native-parts.ts'
import { loadRack } from '../../rack/rack.ts'
import { rackUnderTest, requireRack } from '../files-under-test.ts'
import { openForProbes } from '../open-for-probes.ts'
import type { Prepared, TargetKindRecord } from '../target-kind.ts'

export const emulatedKind: TargetKindRecord = {
  kind: 'emulated',
  isEmulated: true,
  loadSystemUnderTest: (settings) => rackUnderTest(settings, 'emulated'),
  async prepare({ runtime, cacheDir, nixl }, _system, say) {
    const end = async (): Promise<void> => undefined
    if (runtime === 'model') return { prepared: null, end }
    const { provideNativeParts } = await import('../../native/native-parts.ts')
    return { prepared: await provideNativeParts({ cacheDir, nixl, cuda: false, say }), end }
  },
  async open({ settings: { runtime: kind, ucx }, system, prepared, journal }) {
    const rack = requireRack(system)
    const { EmulatedTarget } = await import('./emulated-target.ts')
    if (kind === 'model') {
      const { ModelRuntime } = await import('./model/model-runtime.ts')
      return new EmulatedTarget({ rack, runtime: new ModelRuntime(rack), kind, journal })
    }
    // The process runtime takes a tenth of a second to load, which the model runtime does not need.
    const { ProcessRuntime } = await import('./process/process-runtime.ts')
    const runtime = await ProcessRuntime.open({ rack, journal, ucx, ...requireNative(prepared) })
    return new EmulatedTarget({ rack, runtime, kind, journal })
  },
  openForProbes: (settings, say) => openForProbes(emulatedKind, settings, say),
  async inspect(settings) {
    const rack = loadRack(settings.rack)
    const { publishRack } = await import('../../emulation/publish-rack.ts')
    const { name, nodes, sku } = rack
    return { place: `rack ${name}`, ...publishRack(rack), nodes, sku, rack, client: undefined }
  },
}

function requireNative(prepared: Prepared): NativeParts {
  if (prepared !== null && 'binaries' in prepared) return prepared
  throw new TypeError('the process runtime needs the native binaries and NIXL')
}
