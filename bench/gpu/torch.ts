/** Times PyTorch's copy from GPU to GPU in one long-running process. Undefined where PyTorch is not installed. */
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { execa } from 'execa'
import { median, type Job, type Timing } from './job.ts'

const PROGRAM = join(import.meta.dirname, 'torch_copy.py')

export interface TorchCopy {
  readonly version: string
  run(job: Job): Promise<Timing>
  close(): Promise<void>
}

export async function openTorch(): Promise<TorchCopy | undefined> {
  const python = execa('python3', [PROGRAM], {
    stdin: 'pipe',
    buffer: false,
    reject: false,
    env: { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' },
  })
  python.stderr.resume()
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  const read = async (): Promise<Record<string, unknown> | undefined> => {
    const { value, done } = await lines.next()
    return done === true ? undefined : (JSON.parse(value) as Record<string, unknown>)
  }
  const first = await read()
  if (first === undefined || Number(first['gpus']) === 0) {
    python.kill()
    return undefined
  }
  return {
    version: String(first['torch']),
    async run({ op, bytes, both, from, to, iters, warmupIters: warmup }) {
      python.stdin.write(`${JSON.stringify({ op, bytes, both, from, to, iters, warmup })}\n`)
      const answer = await read()
      if (answer === undefined || answer['same'] !== true)
        throw new Error(`PyTorch did not copy: ${JSON.stringify(answer)}`)
      const samples = answer['samples'] as number[]
      return { p50Seconds: median(samples), samples }
    },
    async close() {
      python.stdin.end()
      await python
    },
  }
}
