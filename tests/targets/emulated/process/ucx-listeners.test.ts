/** UCX listens on the addresses of the claimed NICs only, and a stranger who connects there changes no transfer. */
import { readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { rackFile } from '../../../support/rack-file.ts'
import { SuiteProcess, type ProcessId } from '../../../support/suite-process.ts'

/** Of the side channel, which the target listens on until its initiator has called. */
const SIDE_CHANNEL = 5555
const STREAMS = 4

interface Listener {
  readonly address: string
  readonly port: number
}

/** The TCP sockets that listen in the network namespace of a process. */
const listenersOf = ({ pid }: ProcessId): readonly Listener[] =>
  ['tcp', 'tcp6'].flatMap((family) =>
    readFileSync(`/proc/${pid}/net/${family}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === '0A')
      .map(([, local = '']) => local.split(':'))
      .map(([address = '', port = '']) => ({ address: dotted(address), port: parseInt(port, 16) })),
  )

/** The kernel prints an IPv4 address as one hexadecimal number in the byte order of the machine. */
const dotted = (address: string): string =>
  address.length === 8 ? [...Buffer.from(address, 'hex')].toReversed().join('.') : address

/** Resolves with the listeners of UCX, once every stream has one. */
async function ucxListenersOf(pod: ProcessId): Promise<readonly Listener[]> {
  for (;;) {
    const ofUcx = listenersOf(pod).filter(({ port }) => port !== SIDE_CHANNEL)
    if (ofUcx.length >= STREAMS) return ofUcx
    await sleep(10)
  }
}

/** Addresses by interface, as the network namespace of the process has them. */
async function addressesOf({ pid }: ProcessId): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await inNetworkOf(pid, ['ip', '-json', '-4', 'address'])
  const interfaces = JSON.parse(stdout) as { ifname: string; addr_info: { local: string }[] }[]
  return Object.fromEntries(interfaces.map((one) => [one.ifname, one.addr_info[0]?.local ?? '']))
}

/** An ordinary user enters the user namespace that owns the network; root's pods have none of their own. */
function inNetworkOf(pid: number, command: readonly string[]) {
  const owned = readlinkSync(`/proc/${pid}/ns/user`) !== readlinkSync('/proc/self/ns/user')
  const user = owned ? ['--user', '--preserve-credentials'] : []
  return execa('nsenter', ['--target', String(pid), ...user, '--net', ...command])
}

/** Connects `times` times and sends what is no message of UCX. Ends quietly where the listener closes the connection. */
const GARBAGE = `
  const [host, port, times] = process.argv.slice(1)
  for (let i = 0; i < times; i++) {
    const socket = require('node:net').connect(port, host)
    socket.on('error', () => {})
    socket.end(require('node:crypto').randomBytes(1 + 20_000 * (i % 5)))
  }`

test('only the claimed NICs listen, and garbage from another pod of their network changes no transfer', async () => {
  const variables = { CLAIMCHECK_RACK: rackFile({ edit: (text) => text.replace('iters: 24', 'iters: 48') }) }
  const run = new SuiteProcess('suites/numa/kv-transfer.test.ts', variables, {
    args: ['-t', 'arrive intact'],
  })
  const pods = (await run.midTransfer()).filter(({ program }) => program === 'claimcheck-transfer')
  const [target, initiator] = pods as [ProcessId, ProcessId]
  const [ofTarget, ofInitiator] = await Promise.all([target, initiator].map(ucxListenersOf))
  for (const [pod, listeners] of [
    [target, ofTarget],
    [initiator, ofInitiator],
  ] as const) {
    const { lo, eth0, ...nics } = await addressesOf(pod)
    expect([lo, eth0]).toEqual(['127.0.0.1', expect.stringMatching(/^10\.244\./)])
    expect(listeners?.map(({ address }) => address).sort()).toEqual(Object.values(nics).sort())
  }
  for (const { address, port } of ofTarget ?? [])
    await inNetworkOf(initiator.pid, [process.execPath, '-e', GARBAGE, address, String(port), '50'])
  expect(await run.ended, run.said).toEqual({ code: 0, signal: null })
  expect(run.said).toContain('✓')
})
