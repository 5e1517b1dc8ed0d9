/** Every state of GPU and driver that nvidia-smi reports has its own sentence, which names the GPU or what is missing. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { busyGpus } from '../../../harness/targets/host/busy-gpus.ts'
import { nvidiaDiscovery } from '../../../harness/vendors/nvidia/nvidia-discovery.ts'
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
  expect(await queryGpus()).toMatchObject({
    gpus: [{ index: 0, pciAddress: '0000:3b:00.0', memoryMiB: 143771, driver: '580.159.04' }],
    warnings: [],
  })
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
    /does not answer: GPU 0 at 0000:3b:00\.0: found \[Unknown Error\]/,
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
  ['an answer in another form', { query: '=0, GPU-1\n' }, /an nvidia-smi whose answer cannot be parsed/],
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
  const { gpus } = await queryGpus()
  expect(await busyGpus(nvidiaDiscovery, gpus, new Set())).toMatchObject([
    { holder: 'process 856 (python3), which holds 140076 MiB of it' },
  ])
  expect(await busyGpus(nvidiaDiscovery, gpus, new Set([856]))).toEqual([])
})

test('a GPU filled by what cannot be seen is busy all the same', async () => {
  on({ query: 'h200/query-filled.csv', apps: '=' })
  expect(await busyGpus(nvidiaDiscovery, (await queryGpus()).gpus, new Set())).toMatchObject([
    { holder: 'a program that cannot be seen from here, which holds 140085 MiB of it' },
  ])
})

const FIELD = join(import.meta.dirname, '../../fixtures/field/nvidia-smi.json')
const field = JSON.parse(readFileSync(FIELD, 'utf8')) as readonly {
  readonly id: string
  readonly query: string
  readonly exit?: number
}[]
/** The answer that was reported under this name. */
const reported = (id: string): Answers => {
  const found = field.find((one) => one.id === id)
  if (found === undefined) throw new TypeError(`no ${id} in ${FIELD}`)
  return { query: `=${found.query}`, exitCode: found.exit ?? 0 }
}

const READ: Readonly<Record<string, object>> = {
  'gb10-na': {
    gpus: [{ pciAddress: '000f:01:00.0', memoryMiB: undefined, usedMiB: undefined }],
    warnings: [],
  },
  'vgpu-na-cap': { gpus: [{ memoryMiB: 24576, computeCapability: undefined }], warnings: [] },
  'vmd-domain': { gpus: [{ pciAddress: '10000:01:00.0' }], warnings: [] },
  'gb200-domain': {
    gpus: ['0008', '0009', '0018', '0019'].map((domain) => ({ pciAddress: `${domain}:06:00.0` })),
    warnings: [],
  },
  'err-fan': { gpus: [{ pciAddress: '0000:cc:00.0' }], warnings: [] },
  crlf: { gpus: [{ pciAddress: '0000:cc:00.0', computeCapability: '8.9' }], warnings: [] },
  inforom: {
    gpus: [{ pciAddress: '0000:b3:00.0' }],
    warnings: [expect.stringMatching(/infoROM of the GPU at 0000:b3:00\.0 is corrupted/)],
  },
  'inforom-exit0': {
    gpus: [{ pciAddress: '0000:b3:00.0' }],
    warnings: [expect.stringMatching(/infoROM of the GPU at 0000:b3:00\.0 is corrupted/)],
  },
  'persistence-warning': {
    gpus: [{ pciAddress: '0000:3b:00.0' }],
    warnings: [expect.stringMatching(/^persistence mode is disabled on device 00000000:3B:00\.0/)],
  },
}
const REFUSED: Readonly<Record<string, RegExp>> = {
  'handle-reset': /requires a reset: the one at 0000:3b:00\.0.*--gpu-reset/,
  'reset-sentence': /requires a reset: the one at 0000:4b:00\.0/,
  'external-power': /without its external power: the one at 0000:3b:00\.0.*power cables/,
  interrupts: /whose interrupts do not reach the driver: the one at 0000:3b:00\.0/,
  'get-handle': /does not answer: the one at 0000:82:00\.0/,
  unloadable: /driver that does not run/,
  'mig-insufficient': /user cannot query: GPU 0 at 0000:10:1c\.0: found \[Insufficient Permissions\].*MIG/,
  'requires-reset': /requires a reset: GPU 1 at 0000:2b:00\.0: found \[GPU requires reset\]/,
  'lost-nospace': /does not answer: the one at 0000:65:00\.0/,
  'lost-exit0': /does not answer: the one at 0000:65:00\.0/,
  'lost-gpu-index': /does not answer: the one at 0000:82:00\.0/,
  'lost-odd-domain': /does not answer: the one at 0000:ba:80\.0.*GPU 000:BA:80\.0/,
  'lost-detect': /does not answer: the one at 0000:b1:00\.0/,
  'nvml-unknown':
    /management library \(NVML\) does not start: found Failed to initialize NVML: Unknown Error/,
  'no-devices': /no NVIDIA GPU that its driver can use: found No devices were found/,
  'field-invalid': /driver that is too old: expected an nvidia-smi that knows the field compute_cap/,
  'driver-560-older': /too old: expected 525\.60\.13 or newer, for CUDA 12, found 525\.60\.11/,
}

test('every reported answer has a test', () => {
  expect(field.map(({ id }) => id).sort()).toEqual([...Object.keys(READ), ...Object.keys(REFUSED)].sort())
})

test.for(Object.entries(READ))('reported %s is read', async ([id, expected]) => {
  on(reported(id))
  expect(await queryGpus()).toMatchObject(expected)
})

test.for(Object.entries(REFUSED))('reported %s is refused', async ([id, message]) => {
  on(reported(id))
  await expect(queryGpus()).rejects.toThrow(
    expect.objectContaining({
      code: 'TARGET_UNAVAILABLE',
      message: expect.stringMatching(message) as string,
    }),
  )
})

test.for([
  [
    'two lost GPUs',
    'Unable to determine the device handle for GPU0: 0000:65:00.0: Unknown Error\nUnable to determine the device handle for GPU1: 0000:82:00.0: GPU is lost\n',
    /GPUs that do not answer: those at 0000:65:00\.0 and 0000:82:00\.0/,
  ],
  ['one address twice', `${ROW}\n${ROW.replace('0, GPU-1', '1, GPU-2')}\n`, /lists 0000:3b:00\.0 twice/],
  [
    'a lost GPU in a cell',
    `${ROW.replace('143771, 0', '[GPU is lost], [GPU is lost]')}\n`,
    /does not answer: GPU 0/,
  ],
  ['rights', 'Failed to initialize NVML: Insufficient Permissions\n', /does not allow this user/],
  [
    'a driver that is not loaded',
    'Failed to initialize NVML: Driver Not Loaded\n',
    /driver that does not run/,
  ],
] as const)('%s', async ([, query, message]) => {
  on({ query: `=${query}`, exitCode: 0 })
  await expect(queryGpus()).rejects.toThrow(message)
})

test('an old driver that does not know a field is asked without it, and its version decides', async () => {
  const folder = fakeSmi({ query: '=' })
  writeFileSync(
    join(folder, 'nvidia-smi'),
    [
      '#!/bin/sh',
      'case "$1" in',
      `  *compute_cap*) echo 'Field "compute_cap" is not a valid field to query.'; exit 2 ;;`,
      `  --query-gpu=*) echo '${ROW.replace(', 9.0', '').replace('580.159.04', '460.32.03')}' ;;`,
      'esac',
    ].join('\n'),
  )
  process.env['PATH'] = `${folder}:${PATH}`
  await expect(queryGpus()).rejects.toThrow(
    /too old: expected 525\.60\.13 or newer, for CUDA 12, found 460\.32\.03/,
  )
})
