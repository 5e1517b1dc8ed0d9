/**
 * A Kubernetes control plane without nodes: etcd, apiserver and scheduler as plain processes on loopback, from a folder
 * of binaries. Gives its kubeconfig. Everything it makes lies in one temporary folder and ends with `stop`.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { KubeApi } from './kube-api.ts'

const START_MS = 60_000
const LOOK_EVERY_MS = 100
const STOP_MS = 5_000

export interface ControlPlane {
  /** Path of a kubeconfig that may do everything. */
  readonly kubeconfig: string
  stop(): Promise<void>
}

/**
 * KUBERNETES_KUBECONFIG names one that runs already, with an etcd, apiserver and scheduler of its defaults;
 * KUBERNETES_BINARIES a folder with kube-apiserver and kube-scheduler, to start one of.
 */
const { KUBERNETES_KUBECONFIG, KUBERNETES_BINARIES } = process.env

/** Undefined where there is one to be had. `features` as in `--feature-gates`. */
export function whyNoControlPlane(features: readonly string[]): string | undefined {
  if (KUBERNETES_BINARIES !== undefined) {
    const absent = ['kube-apiserver', 'kube-scheduler'].filter(
      (program) => !existsSync(join(KUBERNETES_BINARIES, program)),
    )
    return absent.length === 0 ? undefined : `no ${absent.join(', ')} in ${KUBERNETES_BINARIES}`
  }
  if (KUBERNETES_KUBECONFIG === undefined) {
    return 'no control plane: KUBERNETES_BINARIES and KUBERNETES_KUBECONFIG are not set'
  }
  return features.length === 0
    ? undefined
    : `no control plane with ${features.join(', ')}: not set KUBERNETES_BINARIES`
}

export async function openControlPlane(features: readonly string[]): Promise<ControlPlane> {
  if (KUBERNETES_BINARIES !== undefined) return startControlPlane(KUBERNETES_BINARIES, features)
  return { kubeconfig: KUBERNETES_KUBECONFIG ?? '', stop: async () => undefined }
}

/** For apiserver and scheduler alike. */
export async function startControlPlane(
  binaries: string,
  features: readonly string[] = [],
): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'claimcheck-control-plane-'))
  const processes: ChildProcess[] = []
  const stop = async () => {
    for (const child of processes.toReversed()) await end(child)
    rmSync(folder, { recursive: true, force: true })
  }
  const killAll = () => processes.forEach((child) => child.kill('SIGKILL'))
  process.once('exit', killAll)
  const run = (program: string, args: readonly string[]) => {
    const log = createWriteStream(join(folder, `${program}.log`))
    const inFolder = join(binaries, program)
    const child = spawn(existsSync(inFolder) ? inFolder : program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.on('error', (error) => log.write(`${String(error)}\n`))
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    processes.push(child)
  }
  const gates = features.length === 0 ? [] : [`--feature-gates=${features.join(',')}`]
  try {
    const [client, peer, secure] = [await freePort(), await freePort(), await freePort()]
    run('etcd', [
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${client}`,
      `--advertise-client-urls=http://127.0.0.1:${client}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-cluster=default=http://127.0.0.1:${peer}`,
      '--unsafe-no-fsync',
      '--log-level=error',
    ])
    run('kube-apiserver', [...apiserverArgs(folder, client, secure), ...gates])
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, kubeconfigText(folder, secure), { mode: 0o600 })
    await ready(folder, kubeconfig, processes)
    run('kube-scheduler', [`--config=${schedulerConfig(folder, kubeconfig)}`, '--secure-port=0', ...gates])
    return {
      kubeconfig,
      async stop() {
        process.off('exit', killAll)
        await stop()
      },
    }
  } catch (error) {
    process.off('exit', killAll)
    const last = logsOf(folder)
    await stop()
    throw new Error(`the control plane did not start:\n${last}`, { cause: error })
  }
}

function apiserverArgs(folder: string, etcd: number, port: number): string[] {
  const key = join(folder, 'service-account.key')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(key, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
  writeFileSync(join(folder, 'token'), randomBytes(16).toString('hex'), { mode: 0o600 })
  writeFileSync(join(folder, 'tokens.csv'), `${tokenOf(folder)},admin,admin,system:masters\n`, {
    mode: 0o600,
  })
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, 'certificates')}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.0.0.0/24',
    // Nobody makes service accounts here, and nobody takes the taint off a node that is ready.
    '--disable-admission-plugins=ServiceAccount,TaintNodesByCondition',
    '--enable-priority-and-fairness=false',
  ]
}

/** Pods are looked at again after a second at the latest, and every node is looked at. */
function schedulerConfig(folder: string, kubeconfig: string): string {
  const file = join(folder, 'scheduler.yaml')
  const config = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig, qps: 2000, burst: 4000 },
    leaderElection: { leaderElect: false },
    podInitialBackoffSeconds: 1,
    podMaxBackoffSeconds: 1,
    percentageOfNodesToScore: 100,
  }
  writeFileSync(file, stringify(config))
  return file
}

function kubeconfigText(folder: string, port: number): string {
  const name = 'control-plane'
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name, user: { token: tokenOf(folder) } }],
  })
}

const tokenOf = (folder: string): string => readFileSync(join(folder, 'token'), 'utf8')

async function ready(folder: string, kubeconfig: string, processes: readonly ChildProcess[]): Promise<void> {
  const until = performance.now() + START_MS
  let last: unknown
  while (performance.now() < until) {
    if (processes.some((child) => child.exitCode !== null || child.pid === undefined)) break
    const api = new KubeApi(kubeconfig)
    try {
      await api.text('GET', '/readyz')
      return
    } catch (error) {
      last = error
    } finally {
      api.close()
    }
    await sleep(LOOK_EVERY_MS)
  }
  throw new Error(`the apiserver was not ready: ${logsOf(folder)}`, { cause: last })
}

function logsOf(folder: string): string {
  const tail = (program: string) => {
    const file = join(folder, `${program}.log`)
    return existsSync(file) ? `${program}: ${readFileSync(file, 'utf8').slice(-2000)}` : ''
  }
  return ['etcd', 'kube-apiserver', 'kube-scheduler'].map(tail).join('\n')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const stubborn = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(stubborn)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
