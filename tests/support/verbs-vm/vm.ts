/**
 * A virtual machine that runs shell scripts: QEMU, without KVM. What it printed stays in a folder until `stop`. It ends when
 * this process does, since its only connection is then closed.
 */
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import type { VmImage } from './image.ts'

export const QEMU = 'qemu-system-x86_64'
const BOOT_LIMIT_MS = 300_000
const MEMORY = '1536M'
/**
 * One processor: an emulated one may run code that another has just replaced, and the kernel then ends by an "int3". The vector
 * instructions of newer processors are slower than their substitutes when they are emulated.
 */
const EMULATED_CPU = 'qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt'
const KERNEL_ARGUMENTS = [
  'console=ttyS0',
  'loglevel=5',
  'panic=-1',
  'mitigations=off',
  // QEMU translates a library once for all processes that have it at the same address.
  'norandmaps',
  'tsc=reliable',
]

export interface ScriptResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface RunningScript {
  /** Its stdout is in the guest's `/run/NUMBER.out`, its exit code, once it has ended, in `/run/NUMBER.code`. */
  readonly number: number
  /** Rejects when the machine ends first. */
  readonly ended: Promise<ScriptResult>
}

export interface Vm {
  /** As `uname -r` says it in the guest. */
  readonly kernelRelease: string
  /** The console, and each script with its output. */
  readonly folder: string
  /** Runs a script in the guest's shell; several may run at once. */
  run(script: string): RunningScript
  /** Ends the machine and removes its folder. */
  stop(): Promise<void>
}

const FOLDER = 'claimcheck-vm-'

/**
 * Waits for QEMU. QEMU ends by itself when its port closes, so it ends with this process even where that is killed; the folder
 * is then removed here. SIGTERM ends QEMU at once.
 */
const SUPERVISOR = `
trap '' INT
folder=$1; shift
"$@" & qemu=$!
trap 'kill -9 $qemu' TERM
wait $qemu; code=$?
[ $code -le 128 ] || wait $qemu
kill -0 $PPID 2> /dev/null || rm -rf "$folder"
exit $code`

/** Rejects with the end of the console's output when the guest does not answer in five minutes. */
export async function startVm(image: VmImage): Promise<Vm> {
  await removeFoldersOfDeadProcesses()
  const folder = await mkdtemp(join(tmpdir(), `${FOLDER}${process.pid}-`))
  const consoleLog = join(folder, 'console.log')
  const server = createServer()
  server.listen(join(folder, 'port'))
  await once(server, 'listening')
  const qemu = execa('sh', ['-c', SUPERVISOR, 'sh', folder, QEMU, ...argumentsOf(image, folder)], {
    reject: false,
    stdin: 'ignore',
    // The shell outlives this process.
    cleanup: false,
  })
  const stop = async (): Promise<void> => {
    qemu.kill('SIGTERM')
    await qemu
    server.close()
    await rm(folder, { recursive: true })
  }
  const lastLines = async (): Promise<string> =>
    (await readFile(consoleLog, 'utf8').catch(String)).split('\n').slice(-30).join('\n')
  const ended = qemu.then(async ({ stderr }): Promise<never> => {
    throw new Error(`The virtual machine ended. Its console ends with:\n${await lastLines()}\n${stderr}`)
  })
  const late = setTimeout(BOOT_LIMIT_MS, undefined, { ref: false }).then(async (): Promise<never> => {
    const limit = `${BOOT_LIMIT_MS / 1000} s`
    throw new Error(
      `timed out after ${limit} waiting for the guest. Its console ends with:\n${await lastLines()}`,
    )
  })
  for (const failure of [ended, late]) failure.catch(() => undefined)
  try {
    const connection = once(server, 'connection').then(([socket]) => new Port(socket as Socket))
    const port = await Promise.race([connection, ended, late])
    return {
      kernelRelease: await Promise.race([port.ready, ended, late]),
      folder,
      run(script) {
        const started = performance.now()
        const { number, answer } = port.send(script)
        const kept = answer.then((result) => keep(folder, { number, script, started, result }))
        return { number, ended: Promise.race([kept, ended]) }
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Folders of machines whose process was killed together with its supervisor. */
async function removeFoldersOfDeadProcesses(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${FOLDER}(\\d+)-`).exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Another user's process.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

const argumentsOf = ({ kernel, initrd }: VmImage, folder: string): readonly string[] =>
  [
    ['-accel', 'tcg', '-cpu', EMULATED_CPU, '-smp', '1', '-m', MEMORY],
    ['-kernel', kernel, '-initrd', initrd],
    ['-append', KERNEL_ARGUMENTS.join(' ')],
    ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ['-serial', `file:${join(folder, 'console.log')}`, '-device', 'virtio-serial-pci'],
    ['-chardev', `socket,id=port,path=${join(folder, 'port')}`],
    ['-device', 'virtserialport,chardev=port,nr=1'],
  ].flat()

/** The host's end of the protocol that `guest/init` describes. */
class Port {
  readonly ready: Promise<string>
  readonly #socket: Socket
  readonly #waiting = new Map<number, (result: ScriptResult) => void>()
  #count = 0

  constructor(socket: Socket) {
    this.#socket = socket
    const { promise, resolve } = Promise.withResolvers<string>()
    this.ready = promise
    createInterface({ input: socket }).on('line', (line) => {
      const [first = '', second = '', stdout = '', stderr = ''] = line.split(' ')
      if (first === 'READY') resolve(second)
      else
        this.#waiting.get(Number(first))?.({
          code: Number(second),
          stdout: decode(stdout),
          stderr: decode(stderr),
        })
    })
  }

  send(script: string): { readonly number: number; readonly answer: Promise<ScriptResult> } {
    const number = ++this.#count
    const { promise, resolve } = Promise.withResolvers<ScriptResult>()
    this.#waiting.set(number, resolve)
    this.#socket.write(`${number} ${Buffer.byteLength(script)}\n${script}`)
    return { number, answer: promise }
  }
}

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8')

interface EndedScript {
  readonly number: number
  readonly script: string
  readonly started: number
  readonly result: ScriptResult
}

async function keep(folder: string, { number, script, started, result }: EndedScript): Promise<ScriptResult> {
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const parts = [
    script,
    `--- exit code ${result.code} after ${seconds} s; stdout`,
    result.stdout,
    '--- stderr',
    result.stderr,
  ]
  await writeFile(join(folder, `${String(number).padStart(3, '0')}.log`), parts.join('\n'))
  return result
}
