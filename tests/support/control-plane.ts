/**
 * Runs a Kubernetes control plane as processes on loopback: etcd, API server with RBAC, scheduler and controllers. Its
 * kubeconfig has a context for each user. There are no kubelets; `fake-kubelet.ts` reports pod status.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { inject } from 'vitest'

const READY_TIMEOUT_MS = 90_000
const POLL_INTERVAL_MS = 100

/** `admin` has all permissions; the others have those that RBAC objects grant. */
const USERS = ['admin', 'runner', 'nobody'] as const
export type User = (typeof USERS)[number]

export interface ControlPlaneOptions {
  /** Values of `--feature-gates` for all components: `DRAPartitionableDevices=true`. */
  readonly features?: readonly string[]
  /** Whether to run the controller manager, which creates claims from templates and deletes objects; default true. */
  readonly controllers?: boolean
  /** Folders with etcd and the Kubernetes programs; by default those that the tests' global set-up provides. */
  readonly programs?: readonly string[]
}

export class ControlPlane {
  readonly folder = mkdtempSync(join(tmpdir(), 'claimcheck-control-plane-'))
  readonly kubeconfig = join(this.folder, 'kubeconfig')
  readonly #processes = new Map<string, ChildProcess>()
  #etcd = 0
  #peer = 0
  #port = 0
  readonly #options: ControlPlaneOptions
  /** Only the lab's programs, so that no other version on this machine is used. */
  readonly #path: string

  private constructor(options: ControlPlaneOptions) {
    this.#options = options
    this.#path = (options.programs ?? inject('programs')).join(delimiter)
  }

  static async start(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
    const plane = new ControlPlane(options)
    try {
      await plane.#start()
    } catch (error) {
      await plane.stop()
      throw error
    }
    return plane
  }

  get server(): string {
    return `https://127.0.0.1:${this.#port}`
  }

  /** The content of the kubeconfig. Its current context is `nobody`, so that code that uses it by mistake fails. */
  get text(): string {
    return readFileSync(this.kubeconfig, 'utf8')
  }

  async #start(): Promise<void> {
    ;[this.#etcd, this.#peer, this.#port] = [await freePort(), await freePort(), await freePort()]
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    writeFileSync(join(this.folder, 'sa.key'), privateKey)
    writeFileSync(join(this.folder, 'sa.pub'), publicKey)
    writeFileSync(
      join(this.folder, 'tokens.csv'),
      USERS.map((user) => `token-${user},${user},${user}${user === 'admin' ? ',system:masters' : ''}\n`).join(
        '',
      ),
    )
    writeFileSync(this.kubeconfig, this.#kubeconfig())
    const url = (port: number): string => `http://127.0.0.1:${port}`
    this.#spawn('etcd', 'etcd', [
      '--unsafe-no-fsync',
      `--data-dir=${join(this.folder, 'etcd')}`,
      `--listen-client-urls=${url(this.#etcd)}`,
      `--advertise-client-urls=${url(this.#etcd)}`,
      `--listen-peer-urls=${url(this.#peer)}`,
      `--initial-advertise-peer-urls=${url(this.#peer)}`,
      `--initial-cluster=default=${url(this.#peer)}`,
    ])
    await this.startApiServer()
    for (const [name, ...args] of [
      ['kube-scheduler', '--kube-api-qps=500', '--kube-api-burst=1000'],
      [
        'kube-controller-manager',
        `--service-account-private-key-file=${join(this.folder, 'sa.key')}`,
        // Nodes without kubelets send no heartbeats.
        '--controllers=*,-node-lifecycle-controller,-taint-eviction-controller,-pod-garbage-collector-controller',
        '--concurrent-gc-syncs=2',
      ],
    ] as const) {
      if (name === 'kube-controller-manager' && this.#options.controllers === false) continue
      this.#spawn(name, name, [
        ...this.#gates,
        `--kubeconfig=${join(this.folder, 'admin.kubeconfig')}`,
        '--leader-elect=false',
        '--secure-port=0',
        ...args,
      ])
    }
  }

  /** Starts the API server, on the same port each time, and resolves once it is ready. */
  async startApiServer(): Promise<void> {
    this.#spawn('kube-apiserver', 'kube-apiserver', [
      ...this.#gates,
      `--etcd-servers=http://127.0.0.1:${this.#etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${this.#port}`,
      `--cert-dir=${join(this.folder, 'certificates')}`,
      `--service-account-key-file=${join(this.folder, 'sa.pub')}`,
      `--service-account-signing-key-file=${join(this.folder, 'sa.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--token-auth-file=${join(this.folder, 'tokens.csv')}`,
      '--authorization-mode=Node,RBAC',
      '--service-cluster-ip-range=10.96.0.0/24',
      '--endpoint-reconciler-type=none',
      '--watch-cache=true',
    ])
    const until = Date.now() + READY_TIMEOUT_MS
    for (;;) {
      const { stdout } = await execa(
        'curl',
        ['-sk', '-H', 'Authorization: Bearer token-admin', `${this.server}/readyz`],
        { reject: false },
      )
      if (stdout === 'ok') return
      if (Date.now() > until || this.#processes.get('kube-apiserver')?.exitCode !== null)
        throw new Error(`timed out waiting for the API server to be ready:\n${this.logOf('kube-apiserver')}`)
      await sleep(POLL_INTERVAL_MS)
    }
  }

  get #gates(): string[] {
    const { features = [] } = this.#options
    return features.length === 0 ? [] : [`--feature-gates=${features.join(',')}`]
  }

  async stopApiServer(): Promise<void> {
    await this.#kill('kube-apiserver')
  }

  logOf(name: string): string {
    return readFileSync(join(this.folder, `${name}.log`), 'utf8').slice(-4000)
  }

  /** Runs kubectl as `user`, by default `admin`. Rejects with its output if it fails. */
  async kubectl(args: readonly string[], options: { input?: string; user?: User } = {}): Promise<string> {
    const { stdout } = await execa(
      'kubectl',
      ['--kubeconfig', this.kubeconfig, '--context', options.user ?? 'admin', ...args],
      { ...(options.input === undefined ? {} : { input: options.input }), timeout: 60_000 },
    )
    return stdout
  }

  async apply(...objects: readonly unknown[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
    await this.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], { input })
  }

  async stop(): Promise<void> {
    for (const name of ['kube-controller-manager', 'kube-scheduler', 'kube-apiserver', 'etcd'])
      await this.#kill(name)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  #spawn(name: string, path: string, args: readonly string[]): void {
    const log = openSync(join(this.folder, `${name}.log`), 'a')
    this.#processes.set(
      name,
      spawn(path, args, {
        stdio: ['ignore', log, log],
        cwd: this.folder,
        env: { ...process.env, PATH: this.#path },
      }),
    )
  }

  async #kill(name: string): Promise<void> {
    const child = this.#processes.get(name)
    this.#processes.delete(name)
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    // Its data is discarded, so it need not shut down gracefully.
    child.kill('SIGKILL')
    await exited
  }

  #kubeconfig(): string {
    const cluster = { server: this.server, 'insecure-skip-tls-verify': true }
    const config = (users: readonly User[], current: User) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'local', cluster }],
        users: users.map((name) => ({ name, user: { token: `token-${name}` } })),
        contexts: users.map((name) => ({ name, context: { cluster: 'local', user: name } })),
        'current-context': current,
      })
    writeFileSync(join(this.folder, 'admin.kubeconfig'), config(['admin'], 'admin'))
    return config(USERS, 'nobody')
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
