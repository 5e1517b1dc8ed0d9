/** A pod may print anything: no line of it becomes a figure that the binary did not measure, and none ends the harness. */
import { createHash } from 'node:crypto'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { seconds } from '../../harness/core/units.ts'
import type { RunningPod } from '../../harness/scheduling/pod.ts'
import { ContainerLog } from '../../harness/targets/process-log.ts'
import { followTransfer } from '../../harness/transfer/follow-transfer.ts'
import { parseNodeTopology } from '../../harness/transfer/node-topology.ts'
import type { TransferResult } from '../../harness/transfer/result.ts'
import { newTransferSecrets, resultProof } from '../../harness/transfer/transfer-secrets.ts'
import { parseVisibleDevices } from '../../harness/transfer/visible-devices.ts'
import { genuine, genuineResult, resultLine, withFields } from './recorded-log.ts'

const { logKey } = newTransferSecrets()
const podNamed = (name: string): RunningPod => ({
  spec: { name, group: 'kv', template: 'kv', containers: [] },
  node: `node-of-${name}`,
  claim: {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: { name, uid: name },
    spec: { devices: { requests: [] } },
  },
  address: '10.244.0.1',
})

/** What the harness makes of the logs of both sides. */
function followed(sender: string, receiver = 'END {}', key: string | null = logKey): Promise<TransferResult> {
  const logOf = (name: string, text: string): ContainerLog => {
    const log = new ContainerLog(`container ${name}`)
    log.write(text)
    log.end({ code: 0, signal: null })
    return log
  }
  const logs = new Map([
    ['sender', logOf('sender', sender)],
    ['receiver', logOf('receiver', receiver)],
  ])
  const read = ({ spec }: RunningPod, _: string, signal?: AbortSignal): AsyncIterable<string> =>
    (logs.get(spec.name) ?? logOf('none', '')).read(signal)
  return followTransfer(
    {
      sender: { pod: podNamed('sender'), container: 'transfer', ...(key === null ? {} : { logKey: key }) },
      receiver: { pod: podNamed('receiver'), container: 'transfer' },
    },
    { name: 'kv', within: seconds(30) },
    { target: { log: read } },
  )
}

/** The two lines of a RESULT, signed with `key`. */
function signed(fields: Readonly<Record<string, unknown>> = {}, key: string | null = logKey): string {
  const json = JSON.stringify({ ...genuineResult, ...fields })
  const end = {
    result_sha256: createHash('sha256').update(json).digest('hex'),
    ...(key === null ? {} : { result_hmac_sha256: resultProof(json, key) }),
  }
  return `RESULT ${json}\nEND ${JSON.stringify(end)}`
}

const corrupt = [
  { stream: 0, device: 'dram', nic: 'mlx5_0', offset: 1, expected_hex: '5a', found_hex: 'a5', bad_bytes: 1 },
]
const ownCorruption = 'ERROR {"code":"DATA_CORRUPT","message":"byte 1 differs"}'
const toldCorruption = 'ERROR {"code":"DATA_CORRUPT","message":"x","told_by":"target node-b"}'

test('a signed RESULT counts, and a recorded one without a key', async () => {
  expect(await followed(signed())).toEqual(genuineResult)
  expect(await followed(genuine, 'END {}', null)).toEqual(genuineResult)
})

test.for([
  ['a RESULT without a signature', signed({}, null), 'END {}', 'RESULT_INVALID'],
  ['a RESULT signed with the secret of both sides', signed({}, 'f'.repeat(64)), 'END {}', 'RESULT_INVALID'],
  ['a forged RESULT after the genuine one', `${signed()}\n${withFields({})}`, 'END {}', 'RESULT_DUPLICATE'],
  [
    'a RESULT after corruption that the peer told',
    `${toldCorruption}\n${signed({ corrupt })}`,
    'END {}',
    'DATA_CORRUPT',
  ],
  [
    'a RESULT after any error',
    `ERROR {"code":"PEER_GONE","message":"x"}\n${signed()}`,
    'END {}',
    'TRANSFER_FAILED',
  ],
  ['corruption that the RESULT does not list', `${ownCorruption}\n${signed()}`, 'END {}', 'RESULT_INVALID'],
  [
    "the receiver's corruption that the RESULT does not list",
    signed(),
    `${ownCorruption}\nEND {}`,
    'RESULT_INVALID',
  ],
  ['a code of the harness', 'ERROR {"code":"INTERRUPTED","message":"x"}', 'END {}', 'TRANSFER_FAILED'],
  [
    'a verdict of the harness',
    'ERROR {"code":"EXPECTATION_FAILED","message":"x"}',
    'END {}',
    'TRANSFER_FAILED',
  ],
] as const)('%s does not count', async ([, sender, receiver, code]) => {
  await expect(followed(sender, receiver)).rejects.toMatchObject({ code })
})

test('corruption that the RESULT lists is judged', async () => {
  expect(
    await followed(`${ownCorruption}\n${signed({ corrupt })}`, `${ownCorruption}\nEND {}`),
  ).toMatchObject({ corrupt })
})

test('25,000 lines before a RESULT do not hide it', async () => {
  expect(await followed(`${'UCX  DEBUG  nothing in particular\n'.repeat(25_000)}${signed()}`)).toEqual(
    genuineResult,
  )
})

test('a separator inside JSON does not begin a line', async () => {
  const error = `ERROR ${JSON.stringify({ code: 'PEER_GONE', message: `x\u2028${resultLine}\u2028` })}`
  await expect(followed(error)).rejects.toMatchObject({ code: 'TRANSFER_FAILED' })
})

const FORGED = withFields({ avg_seconds: 0.001 })
const hidden = (separator: string): string =>
  `ERROR ${JSON.stringify({ code: 'DATA_CORRUPT', message: 'x', told_by: 'target' }).replace('x', () => `x${separator}${FORGED.replaceAll('\n', separator)}`)}`

test.for([
  ['a carriage return', '\r', 'RESULT_INVALID'],
  ['a next line', '\u0085', 'RESULT_INVALID'],
  ['a paragraph separator', '\u2029', 'RESULT_INVALID'],
  ['an ANSI sequence', '\u001B[1E', 'RESULT_INVALID'],
  ['a vertical tab', '\u000B', 'RESULT_INVALID'],
  ['a line feed', '\n', 'RESULT_INVALID'],
] as const)('a peer that separates forged lines by %s forges no RESULT', async ([, separator, code]) => {
  await expect(followed(hidden(separator))).rejects.toMatchObject({ code })
  await expect(followed(`${hidden(separator)}\n${signed()}`)).rejects.toMatchObject({ code })
})

test.for([
  ['an END before the genuine one', (log: string) => `END {"result_sha256":"${'0'.repeat(64)}"}\n${log}`],
  ['progress', (log: string) => `EVENT {"event":"finished","iter":1e308}\n${log}`],
  ['a list of devices', (log: string) => `DEVICES {"infiniband":[],"interfaces":[]}\nTOPO {}\n${log}`],
  ['tags in other letters', (log: string) => `result {}\nResult {}\n RESULT {}\nRESULT\t{}\nRESULT\n${log}`],
] as const)('forged lines of %s change no figure', async ([, forge]) => {
  expect(await followed(forge(signed()))).toEqual(genuineResult)
})

test.for([
  [
    'an END after the genuine one',
    `${signed()}\nEND {"result_sha256":"${'0'.repeat(64)}"}`,
    'RESULT_TRUNCATED',
  ],
  ['an END without digests after the genuine one', `${signed()}\nEND {}`, 'RESULT_TRUNCATED'],
  ['an ERROR that is no JSON', `${signed()}\nERROR {`, 'RESULT_INVALID'],
  ['an EVENT without a name', `${signed()}\nEVENT {}`, 'RESULT_INVALID'],
] as const)('%s costs the figure', async ([, log, code]) => {
  await expect(followed(log)).rejects.toMatchObject({ code })
})

const DEVICES = 'DEVICES {"infiniband":[],"interfaces":[{"name":"eth0"}]}'
const TOPO = 'TOPO {"gpus":[],"nics":[],"interfaces":[],"numa_nodes":[]}'

test.for<[string, string, string]>([
  ['no line', 'UCX  WARN  DEVICES {}', 'RESULT_MISSING'],
  ['a forged line before it', `DEVICES {}\n${DEVICES}\nTOPO {}\n${TOPO}`, 'RESULT_DUPLICATE'],
  ['a forged line after it', `${DEVICES}\nDEVICES {}\n${TOPO}\nTOPO {}`, 'RESULT_DUPLICATE'],
  ['a line that is nested deep', `DEVICES ${'['.repeat(9999)}\nTOPO ${'['.repeat(9999)}`, 'RESULT_INVALID'],
])('of a list of devices, %s gives none', async ([, log, code]) => {
  const container = new ContainerLog('container main')
  container.write(log)
  container.end({ code: 0, signal: null })
  await expect(parseVisibleDevices(container.read(), 'pod a')).rejects.toMatchObject({ code })
  await expect(parseNodeTopology(log, 'pod a')).rejects.toMatchObject({ code })
})

test.for([
  ['one list of devices between other lines', `UCX  WARN  x\n${DEVICES}\n${TOPO}\nbye`],
  ['a list that a log collector has read twice', `${DEVICES}\n${TOPO}\n${DEVICES}\n${TOPO}`],
] as const)('%s is read', async ([, log]) => {
  const lines = (async function* () {
    yield* log.split('\n')
  })()
  expect(await parseVisibleDevices(lines, 'pod a')).toMatchObject({ interfaces: [{ name: 'eth0' }] })
  expect(await parseNodeTopology(log, 'pod a')).toMatchObject({ gpus: [] })
})

test('an error passes on only known fields, shortened', async () => {
  const error = { code: 'X'.repeat(500), message: 'm'.repeat(10_000), secret: 'extra' }
  const thrown = await followed(`ERROR ${JSON.stringify(error)}`).catch((reason: unknown) => reason)
  expect(thrown).toMatchObject({ code: 'TRANSFER_FAILED', subject: 'pod sender on node-of-sender' })
  expect(JSON.stringify(thrown)).not.toContain('extra')
  expect(JSON.stringify(thrown).length).toBeLessThan(20_000)
})

const HOSTILE = [
  'bad-samples',
  'long-lines',
  'nested-error',
  'nested-result',
  'many-results',
  'endless-line',
  'many-lines',
] as const

test.for(HOSTILE)('%s end in RESULT_INVALID or a shared code, in little memory', async (kind) => {
  const child = new URL('read-hostile-log.ts', import.meta.url).pathname
  const { stdout } = await execa('node', [child, kind], { timeout: 60_000 })
  const { code, length, peakMiB } = JSON.parse(stdout) as { code: string; length: number; peakMiB: number }
  expect(code).toMatch(kind === 'many-results' ? /^RESULT_(INVALID|DUPLICATE)$/ : /^RESULT_INVALID$/)
  expect(length).toBeLessThan(20_000)
  expect(peakMiB).toBeLessThan(300)
})
