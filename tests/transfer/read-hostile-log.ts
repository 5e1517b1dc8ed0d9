/** Reads one hostile log as the harness does; prints the code and length of the error and the peak memory of this process. */
import { createHash } from 'node:crypto'
import { ContainerLog } from '../../harness/targets/process-log.ts'
import { TransferLog } from '../../harness/transfer/transfer-log.ts'
import { genuineResult } from './recorded-log.ts'

const MIB = 2 ** 20

/** In chunks, as a pipe delivers them. */
const CHUNKS: Readonly<Record<string, () => Iterable<string>>> = {
  *'bad-samples'() {
    const samples = Array.from({ length: 900_000 }, () => -1)
    yield sealed(JSON.stringify({ ...genuineResult, samples_seconds: samples }))
  },
  *'long-lines'() {
    for (let n = 0; n < 200; n++) yield `RESULT ${'[1,2],'.repeat(650_000)}\n`
  },
  *'nested-error'() {
    yield `ERROR {"code":"X","message":"x","a":${'['.repeat(20_000)}${']'.repeat(20_000)}}\n`
  },
  *'nested-result'() {
    yield sealed('['.repeat(2_000_000))
  },
  *'many-results'() {
    for (let n = 0; n < 2000; n++) yield 'RESULT {}\n'.repeat(1000)
  },
  *'endless-line'() {
    const chunk = 'x'.repeat(MIB)
    for (let n = 0; n < 1000; n++) yield chunk
  },
  *'many-lines'() {
    for (let n = 0; n < 1000; n++) yield '\n'.repeat(10_000)
  },
}

function sealed(json: string): string {
  const digest = createHash('sha256').update(json).digest('hex')
  return `RESULT ${json}\nEND {"result_sha256":"${digest}"}\n`
}

const log = new ContainerLog('container hostile')
const transfer = new TransferLog('pod hostile')
const reading = (async () => {
  for await (const line of log.read()) transfer.add(line)
  transfer.result()
})()
const outcome = reading.catch((error: unknown) => error as { code?: string; message?: string })
for (const chunk of CHUNKS[process.argv[2] ?? '']?.() ?? []) {
  log.write(chunk)
  await new Promise(setImmediate)
}
log.end({ code: 0, signal: null })
const error = await outcome
const peakMiB = process.resourceUsage().maxRSS / 1024
const length = JSON.stringify(error).length + String(error?.message).length
process.stdout.write(JSON.stringify({ code: error?.code, length, peakMiB }))
