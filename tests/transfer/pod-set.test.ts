/** Pods that print nothing keep neither an interrupted run from releasing them nor its claims. */
import { expect, test } from 'vitest'
import { Journal } from '../../harness/core/journal.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import type { Target } from '../../harness/targets/target.ts'
import { PodSet } from '../../harness/transfer/pod-set.ts'
import { rackTarget } from '../support/emulated-target.ts'
import { rackFile } from '../support/rack-file.ts'

async function* silent(signal: AbortSignal): AsyncGenerator<string> {
  const aborted = Promise.withResolvers<undefined>()
  signal.addEventListener('abort', () => aborted.resolve(undefined))
  const line = await aborted.promise
  if (line !== undefined) yield line
}

test('pods that print nothing are released when they are closed', async () => {
  const real = await rackTarget('model')
  const asked = Promise.withResolvers<void>()
  const log: Target['log'] = (_pod, _container, signal = new AbortController().signal) => {
    asked.resolve()
    return silent(signal)
  }
  const target = new Proxy(real, {
    get: (of, name) => {
      const value: unknown = Reflect.get(of, name)
      if (name === 'log') return log
      return typeof value === 'function' ? value.bind(of) : value
    },
  })
  const pods = new PodSet({
    target,
    sku: loadRack(rackFile()).sku,
    placement: { alignment: 'aligned', gpus: { count: 4, numaNode: 0 }, nics: { count: 4, numaNode: 0 } },
    containers: ['main'],
    journal: new Journal(),
  })
  const looked = pods.look().catch((error: unknown) => error)
  await asked.promise
  await pods.close()
  expect(await looked).toMatchObject({ code: 'RESULT_MISSING' })
})
