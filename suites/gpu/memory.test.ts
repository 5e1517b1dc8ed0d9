/** Each GPU to itself, between two processes: its memory and its copy engine, before any link. All GPUs at the same time. */
import { describe, linking } from '../../harness/vitest/suite.ts'

const gib = (2 ** 30) as never

describe.for([
  { op: 'WRITE' as const, side: 'write' as const },
  { op: 'READ' as const, side: 'read' as const },
])('1 GiB by $op within each GPU', ({ op, side }) => {
  const { ofEach, ofSeveral } = linking({ name: `memory-${side}`, turn: 0, op, size: gib })

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

describe.for([
  { label: '4 KiB', size: 4096 },
  { label: '1 MiB', size: 2 ** 20 },
  { label: '64 MiB', size: 2 ** 26 },
  { label: '1 GiB', size: 2 ** 30 },
])('A WRITE of $label within each GPU', ({ label, size }) => {
  const { ofEach } = linking({
    name: `memory-${label.toLowerCase().replace(' ', '')}`,
    turn: 0,
    op: 'WRITE',
    size: size as never,
  })

  ofEach('arrives intact, with its latency in the results', async ({ linked, expect }) => {
    await expect(linked).toArriveIntact()
    await expect(linked).toStayBelow('1 s', { in: 'p99 latency' })
  })
})
