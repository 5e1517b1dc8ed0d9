/** The container of a node in a virtual machine: its one service is QEMU, which runs the node's own init process. */
import { ClaimcheckError } from '../../../core/errors.ts'
import { trueMtu } from '../../../rack/link-model.ts'
import type { Rack } from '../../../rack/rack.ts'
import { json, type InitConfig } from '../init-config.ts'
import type { Layout, WorkerPlace } from '../layout.ts'
import { VM_FOLDER } from './vm-image.ts'
import { virtualHardware } from './vm-hardware.ts'

const CONFIG = '/etc/claimcheck/machine.json'
const LOGS = '/var/log/claimcheck/machine'
/** Bytes that VXLAN adds to a frame. */
const VXLAN_HEADERS = 50

/** Throws LAB_UNAVAILABLE where no virtual machine of this machine can be a node of the rack. */
export function requireVms(rack: Rack): void {
  requireX86()
  for (const node of rack.nodes) virtualHardware(rack, node)
}

/** `inside` is the configuration of the node itself. */
export function vmContainerConfig(
  rack: Rack,
  layout: Layout,
  { name, address }: WorkerPlace,
  inside: InitConfig,
): InitConfig {
  const peers = layout.workers.filter((worker) => worker.name !== name).map(({ container }) => container)
  return {
    lab: layout.lab,
    node: name,
    role: 'worker',
    files: [{ path: CONFIG, content: json(inside), secret: true }],
    routes: [],
    services: [
      {
        name: 'prepare',
        argv: [`${VM_FOLDER}/prepare`, peers.join(','), `${rack.sku.nics.length}`],
        once: true,
      },
      {
        name: 'qemu',
        argv: [
          `${VM_FOLDER}/run`,
          ...virtualHardware(rack, name),
          ...machine(`${layout.prefix}.1`, { name, address }),
        ],
        after: ['prepare'],
      },
    ],
  }
}

/** The largest frame of the rack's NICs with the headers of the network that carries it. */
export const vmNetworkMtu = (rack: Rack): number =>
  Math.max(...rack.nodes.flatMap((node) => rack.sku.nics.map((nic) => trueMtu(rack, node, nic))), 1500) +
  VXLAN_HEADERS

/** Without the watchdog of clocks, whose reaction makes an emulated processor fail. */
const KERNEL = 'console=ttyS0 loglevel=4 panic=-1 mitigations=off norandmaps tsc=reliable'

const machine = (
  gateway: string,
  { name, address }: { readonly name: string; readonly address: string },
): readonly string[] =>
  [
    ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
    ['-kernel', `${VM_FOLDER}/vmlinuz`, '-initrd', `${VM_FOLDER}/initrd`],
    [
      '-append',
      `${KERNEL} claimcheck.node=${name} claimcheck.address=${address}/24 claimcheck.gateway=${gateway}`,
    ],
    ['-netdev', 'tap,id=mgmt,ifname=tap-mgmt,script=no,downscript=no'],
    ['-device', `virtio-net-pci,netdev=mgmt,bus=pcie.0,addr=3,mac=${macOf(address)},romfile=`],
    ['-drive', 'file=/var/lib/containerd/disk,format=raw,if=none,id=disk,cache=unsafe'],
    ['-device', 'virtio-blk-pci,drive=disk,bus=pcie.0,addr=4'],
    ['-drive', `file=${CONFIG},format=raw,if=none,id=config,readonly=on`],
    ['-device', 'virtio-blk-pci,drive=config,bus=pcie.0,addr=5'],
    ['-fsdev', `local,id=logs,path=${LOGS},security_model=none`],
    ['-device', 'virtio-9p-pci,fsdev=logs,mount_tag=logs,bus=pcie.0,addr=6'],
  ].flat()

const macOf = (address: string): string =>
  ['02:00', ...address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))].join(':')

function requireX86(): void {
  if (process.arch === 'x64') return
  throw new ClaimcheckError('LAB_UNAVAILABLE', {
    subject: 'a node in a virtual machine',
    problem: 'is not supported on this processor',
    expected: 'x86-64',
    found: process.arch,
    hint: 'Leave out "--nodes vm".',
  })
}
