/** Variables of UCX reach the pods and are recorded in RESULT. */
import { expect, test } from 'vitest'
import { TransferLog } from '../../../../harness/transfer/transfer-log.ts'
import {
  claimOf,
  linesOf,
  podOf,
  rackTarget,
  SOON,
  TARGET_CONTAINER,
} from '../../../support/emulated-target.ts'

test("the user's variables override the rack's, and RESULT has what the pod was given", async () => {
  const target = await rackTarget('process', [], {
    edit: (text) => `${text}\nucx:\n  UCX_TCP_CM_REUSEADDR: y\n  UCX_IB_GID_INDEX: '1'\n`,
    env: { CLAIMCHECK_UCX_IB_GID_INDEX: '3' },
  })
  const template = await claimOf(target, 1, 1)
  const run = async (name: string, args: readonly string[]) => {
    const spec = podOf(template, { name, group: 'pair', containers: [{ ...TARGET_CONTAINER, args }] })
    return target.run(await target.schedule(spec, SOON), SOON)
  }
  const receiver = await run('receiver', TARGET_CONTAINER.args)
  const sender = await run('sender', initiatorArgs(receiver.address))
  const log = new TransferLog('sender')
  for (const line of await linesOf(target.log(sender, 'main'))) log.add(line)
  expect(log.result().ucx_settings).toEqual({
    UCX_LOG_LEVEL: 'error',
    UCX_TCP_CM_REUSEADDR: 'y',
    UCX_IB_GID_INDEX: '3',
  })
})

const initiatorArgs = (address: string): readonly string[] =>
  `--mode=initiator --target-host=${address} --devices=dram:0 --block-size=4096 --iters=3 --warmup-iters=1`.split(
    ' ',
  )
