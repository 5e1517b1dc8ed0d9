/** What is fuzzed: every parser of text from a pod, a program, a cluster or a file, with the code that first uses its result. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { envelopesIn } from '../../harness/certificate/attestation.ts'
import {
  certificateSchema,
  formatCertificate,
  sealCertificate,
  type Certificate,
} from '../../harness/certificate/certificate.ts'
import { lastGreen, readHistory } from '../../harness/certificate/history.ts'
import { issueCertificate } from '../../harness/certificate/issue-certificate.ts'
import { certificateIn } from '../../harness/certificate/read-certificate.ts'
import { summaryOf } from '../../harness/certificate/run-summary.ts'
import { verifyCertificate } from '../../harness/certificate/verify-certificate.ts'
import { publicationOf } from '../../harness/claim/publication.ts'
import { parseJson } from '../../harness/core/json-file.ts'
import { poolsOf } from '../../harness/dra/resource-pools.ts'
import { parseResourceSlices } from '../../harness/dra/parse-slices.ts'
import { loadWaivers } from '../../harness/expect/waiver.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { runReportSchema } from '../../harness/report/run-report.ts'
import { loadSku } from '../../harness/sku/sku.ts'
import { configFor } from '../../harness/targets/cluster/kubeconfig.ts'
import { parseNodeTopology } from '../../harness/transfer/node-topology.ts'
import { parseResult } from '../../harness/transfer/result.ts'
import { TransferLog } from '../../harness/transfer/transfer-log.ts'
import { parseVisibleDevices } from '../../harness/transfer/visible-devices.ts'
import { amdDiscovery } from '../../harness/vendors/amd/amd-discovery.ts'
import { nvidiaDiscovery } from '../../harness/vendors/nvidia/nvidia-discovery.ts'
import { linkPairsOf } from '../../harness/vendors/nvidia/nvlinks.ts'
import { parseTopology } from '../../harness/vendors/nvidia/topology-matrix.ts'

const PROJECT = join(import.meta.dirname, '../..')
const fixture = (path: string): string => readFileSync(join(PROJECT, path), 'utf8')
const folderOf = (path: string, ending: string): string[] =>
  readdirSync(join(PROJECT, path))
    .filter((name) => name.endsWith(ending))
    .map((name) => fixture(join(path, name)))

export interface FuzzTarget {
  readonly seeds: readonly string[]
  /** Ends without an error or with a ClaimcheckError. */
  readonly run: (text: string) => unknown
  /** Inputs of a short campaign; absent: 100. Fewer where one takes long. */
  readonly shortRuns?: number
}

const work = mkdtempSync(join(tmpdir(), 'claimcheck-fuzz-'))
/** Removes what the targets have written. A worker of Vitest ends without the event `exit`, so a test calls it. */
export const removeWork = (): void => rmSync(work, { recursive: true, force: true })
process.on('exit', removeWork)

/** Writes the text to a file whose path is passed on. */
const onFile =
  (name: string, run: (path: string) => unknown) =>
  (text: string): unknown => {
    const path = join(work, name)
    writeFileSync(path, text)
    return run(path)
  }

/** A program on the PATH that prints the text, whatever it is asked. */
const onProgram =
  (name: string, run: () => Promise<unknown>) =>
  async (text: string): Promise<void> => {
    writeFileSync(join(work, `${name}.txt`), text)
    writeFileSync(join(work, name), `#!/bin/sh\ncat '${join(work, `${name}.txt`)}'\n`)
    chmodSync(join(work, name), 0o755)
    const { PATH } = process.env
    process.env['PATH'] = `${work}:${PATH ?? ''}`
    try {
      await run()
    } finally {
      process.env['PATH'] = PATH
    }
  }

async function* oneLine(line: string): AsyncGenerator<string> {
  yield line
}

const log = fixture('tests/fixtures/transfer/initiator.txt')
const bodyOf = (tag: string): string =>
  log
    .split('\n')
    .find((line) => line.startsWith(tag))
    ?.slice(tag.length) ?? ''
const results = gunzipSync(readFileSync(join(PROJECT, 'tests/report/html/recorded/passed.json.gz'))).toString(
  'utf8',
)

function certificate(): Certificate {
  const issued = issueCertificate(runReportSchema.parse(JSON.parse(results)))
  if ('refused' in issued) throw new Error(issued.refused)
  return issued.certificate
}
const genuine = certificate()
const summary = summaryOf(genuine)

/** Digests are made anew, as by somebody who has claimcheck, so that the code behind them is reached. */
function resealed(text: string): string {
  const value = parseJson(text, 'certificate.json')
  if (!certificateSchema.safeParse(value).success) return text
  const { sections: _, digest: __, ...body } = value as Certificate
  return formatCertificate(sealCertificate(body))
}

export const TARGETS: Readonly<Record<string, FuzzTarget>> = {
  result: { seeds: [bodyOf('RESULT ')], run: (text) => parseResult(text, 'pod a') },
  log: {
    seeds: [log],
    run: (text) => {
      const transferLog = new TransferLog('pod a')
      for (const line of text.split('\n')) transferLog.add(line)
      return transferLog.error() ?? transferLog.result()
    },
  },
  devices: {
    seeds: [
      '{"infiniband":[{"path":"/dev/infiniband/uverbs0","opens":true,"rdma_device":"mlx5_0"}],"interfaces":[{"name":"eth0"}],"rdma":[{"name":"mlx5_0","pci_address":"0000:01:00.0","char_devices":[{"kind":"uverbs","path":"/dev/x"}]}],"gpus":[{"pci_address":"0000:02:00.0","nvlinks":18,"peers":[]}]}',
    ],
    run: (text) => parseVisibleDevices(oneLine(`DEVICES ${text}`), 'pod a'),
  },
  topology: {
    seeds: [
      '{"gpus":[{"pci_address":"0000:02:00.0","numa_node":0,"pci_path":["pci0000:00"]}],"nics":[{"pci_address":"0000:01:00.0","interfaces":["eth0"],"rdma_devices":["mlx5_0"]}],"interfaces":[{"name":"eth0","mtu":1500}],"numa_nodes":[{"node":0,"has_cpus":true,"distances":[10]}]}',
    ],
    run: (text) => parseNodeTopology(`TOPO ${text}`, 'pod a'),
  },
  'gpu-matrix': {
    seeds: folderOf('tests/fixtures/field/topo', '.txt'),
    run: (text) => linkPairsOf(parseTopology(text)),
  },
  slices: {
    seeds: [fixture('fixtures/recorded/dranet-resourceslices-softroce.json')],
    run: (text) => {
      const slices = parseResourceSlices(parseJson(text, 'slices.json'))
      return [poolsOf(slices), publicationOf(slices)]
    },
  },
  sku: { seeds: folderOf('fixtures/skus', '.yaml'), run: onFile('sku.yaml', loadSku), shortRuns: 20 },
  rack: {
    seeds: folderOf('fixtures/racks', '.yaml').map((text) =>
      text.replace('../skus', join(PROJECT, 'fixtures/skus')),
    ),
    run: onFile('rack.yaml', loadRack),
    shortRuns: 20,
  },
  waivers: {
    seeds: [
      'schema: claimcheck.waivers/1\nwaivers:\n  - statement: aligned is faster\n    reason: known\n    until: 2027-01-31\n',
    ],
    run: onFile('waivers.yaml', (path) => loadWaivers(path, new Date(0))),
  },
  results: {
    seeds: [results],
    run: (text) => {
      const parsed = runReportSchema.safeParse(parseJson(text, 'results.json'))
      return parsed.success ? issueCertificate(parsed.data) : undefined
    },
    shortRuns: 10,
  },
  certificate: {
    seeds: [formatCertificate(genuine)],
    run: async (text) => {
      const sealed = resealed(text)
      const file = { path: 'certificate.json', text: sealed, value: parseJson(sealed, 'certificate.json') }
      await verifyCertificate(certificateIn(file))
    },
    shortRuns: 3,
  },
  envelope: {
    seeds: ['{"payload":"e30=","payloadType":"a","signatures":[{"keyid":"k","sig":"AAAA"}]}'],
    run: (text) => envelopesIn(text, 'certificate.intoto.jsonl'),
  },
  history: {
    seeds: [JSON.stringify(summary)],
    run: onFile('history.ndjson', (path) =>
      lastGreen(readHistory(path), { ...summary, run: 'later', finishedAt: '9999' }, path),
    ),
  },
  kubeconfig: {
    seeds: [
      'clusters:\n- {name: c, cluster: {server: "https://a:6443", certificate-authority-data: AAAA}}\nusers:\n- {name: u, user: {exec: {command: a, args: [b], env: [{name: c, value: d}]}}}\ncontexts:\n- {name: test, context: {cluster: c, user: u}}\n',
      '{"clusters":[{"name":"c","cluster":{"server":"https://a"}}],"users":[{"name":"u","user":{"token":"t"}}],"contexts":[{"name":"test","context":{"cluster":"c","user":"u"}}]}',
    ],
    run: (text) => configFor({ kubeconfig: { text }, context: 'test' }),
  },
  'nvidia-smi': {
    seeds: [
      ...folderOf('fixtures/recorded/nvidia-smi/h200', '.txt'),
      ...folderOf('fixtures/recorded/nvidia-smi/h200', '.csv'),
    ],
    run: onProgram('nvidia-smi', () => nvidiaDiscovery.find('/sys')),
    shortRuns: 3,
  },
  'amd-smi': {
    seeds: [
      '[{"gpu":0,"asic":{"market_name":"AMD Instinct MI300X","asic_serial":"0x1"},"bus":{"bdf":"0000:0c:00.0"},"driver":{"version":"6.8"},"vram":{"size":{"value":196592,"unit":"MB"}}}]',
    ],
    run: onProgram('amd-smi', () => amdDiscovery.find('/sys')),
    shortRuns: 3,
  },
}
