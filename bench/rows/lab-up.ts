/** Measures how long a lab with two workers takes to start, with its image built before, and to stop. */
import { readSettings } from '../../harness/core/variables.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { provideNodeImage } from '../../harness/targets/lab/image/node-image.ts'
import { startLab } from '../../harness/targets/lab/lab.ts'
import { atMost, type Row } from '../figure.ts'

export const labUp: Row = {
  name: 'lab-up',
  about: 'a lab of two workers, image built before',
  async measure({ rounds, cacheDir, say }) {
    const rack = loadRack(readSettings({}).rack)
    await provideNodeImage(cacheDir, say)
    const [up, down]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      say(`round ${round + 1} of ${rounds}`)
      const began = performance.now()
      const lab = await startLab(rack, { cacheDir, name: `bench-${process.pid}` })
      const ready = performance.now()
      await lab.stop()
      up.push((ready - began) / 1000)
      down.push((performance.now() - ready) / 1000)
    }
    return {
      figures: [
        { name: 'up: nodes ready, slices published', unit: 's', values: up, goal: atMost(60) },
        { name: 'down: nothing left', unit: 's', values: down },
      ],
      samples: { up, down },
    }
  },
}
