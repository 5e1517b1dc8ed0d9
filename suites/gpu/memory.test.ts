/** Each GPU to itself, between two processes: its memory and its copy engine, before any link. All GPUs at the same time. */
import { describe, linking, sizeOf } from '../../harness/vitest/suite.ts'

describe.for([
  { op: 'WRITE' as const, side: 'write' as const },
  { op: 'READ' as const, side: 'read' as const },
])('1 GiB by $op within each GPU', ({ op, side }) => {
  const { ofEach, ofSeveral } = linking({ name: `memory-${side}`, turn: 0, op, size: sizeOf('1 GiB') })

  ofEach("is within the SKU's bounds", async ({ linked, sku, expect }) => {
    await expect(linked).toBeWithin(sku.reference.gpuMemory[side])
  })

  ofEach('arrives intact', async ({ linked, expect }) => {
    await expect(linked).toArriveIntact()
  })

  ofEach('has p99 / p50 latency within the bound', async ({ linked, sku, expect }) => {
    await expect(linked).toBeStable(sku.reference.gpuMemory)
  })

  ofSeveral('is as fast in each as in the median GPU', async ({ linked, sku, expect }) => {
    await expect(linked).toHaveEvenPaths({ within: sku.reference.gpuMemory.evenWithin })
  })
})

describe.for([{ label: '4 KiB' }, { label: '1 MiB' }, { label: '64 MiB' }, { label: '1 GiB' }])(
  'A WRITE of $label within each GPU',
  ({ label }) => {
    const { ofEach } = linking({
      name: `memory-${label.toLowerCase().replace(' ', '')}`,
      turn: 0,
      op: 'WRITE',
      size: sizeOf(label),
    })

    ofEach('arrives intact, with its latency in the results', async ({ linked, expect }) => {
      await expect(linked).toArriveIntact()
      await expect(linked).toStayBelow('1 s', { in: 'p99 latency' })
    })
  },
)
