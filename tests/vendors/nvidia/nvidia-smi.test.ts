/** Every way in which a driver can fail to answer is told apart, in words that name what is missing. */
import { afterEach, expect, test } from 'vitest'
import { busyGpus } from '../../../harness/targets/host/busy-gpus.ts'
import { queryGpus } from '../../../harness/vendors/nvidia/nvidia-smi.ts'
import { fakeSmi, type Answers } from '../../support/fake-smi.ts'

const { PATH = '' } = process.env
afterEach(() => {
  process.env['PATH'] = PATH
})
const on = (answers: Answers): void => {
  process.env['PATH'] = `${fakeSmi(answers)}:${PATH}`
}
const ROW = '0, GPU-1, NVIDIA H200, 00000000:3B:00.0, 143771, 0, 580.159.04, 9.0'

test('a GPU by its PCI address as sysfs writes it', async () => {
  on({ query: `=${ROW}\n` })
  expect(await queryGpus()).toMatchObject([
    { index: 0, pciAddress: '0000:3b:00.0', memoryMiB: 143771, driver: '580.159.04' },
  ])
})

test.for([
  [
    'a GPU that fell off the bus',
    {
      query:
        '=Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost. Reboot the system to recover this GPU\n',
      exitCode: 15,
    },
    /does not answer: the one at 0000:02:00\.0.*Xid 79/,
  ],
  [
    'a GPU that errs in its query',
    { query: `=${ROW.replace('143771, 0', '[Unknown Error], [Unknown Error]')}\n` },
    /GPU 0 at 00000000:3B:00\.0: found \[Unknown Error\]/,
  ],
  [
    'a driver that is not loaded',
    {
      query:
        "=NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n",
      exitCode: 9,
    },
    /driver that does not run.*modprobe nvidia/,
  ],
  [
    'a driver of another version than its library',
    { query: '=Failed to initialize NVML: Driver/library version mismatch\n', exitCode: 18 },
    /driver that does not run/,
  ],
  [
    'a driver that is too old',
    { query: `=${ROW.replace('580.159.04', '470.256.02')}\n` },
    /too old: expected 525\.60\.13 or newer, for CUDA 12, found 470\.256\.02/,
  ],
  ['no GPU', { query: '=' }, /has no NVIDIA GPU/],
  ['an answer in another form', { query: '=0, GPU-1\n' }, /an answer that is not understood/],
] as const)('%s', async ([, answers, message]) => {
  on(answers)
  await expect(queryGpus()).rejects.toThrow(
    expect.objectContaining({
      code: 'TARGET_UNAVAILABLE',
      message: expect.stringMatching(message) as string,
    }),
  )
})

test('no driver: AMD GPUs or none', async () => {
  process.env['PATH'] = '/nowhere'
  await expect(queryGpus()).rejects.toThrow(/no NVIDIA driver.*nvidia-smi on the PATH/)
})

test("a filled GPU names the process that fills it; this run's own do not count", async () => {
  on({ query: 'h200/query-filled.csv', apps: 'h200/apps-filled.csv' })
  const gpus = await queryGpus()
  expect(await busyGpus(gpus, new Set())).toMatchObject([
    { holder: 'process 856 (python3), which holds 140076 MiB of it' },
  ])
  expect(await busyGpus(gpus, new Set([856]))).toEqual([])
})

test('a GPU filled by what cannot be seen is busy all the same', async () => {
  on({ query: 'h200/query-filled.csv', apps: '=' })
  expect(await busyGpus(await queryGpus(), new Set())).toMatchObject([
    { holder: 'a program that cannot be seen from here, which holds 140085 MiB of it' },
  ])
})
