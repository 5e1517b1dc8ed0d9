/** Builds the Go programs of a node as static binaries: Kubernetes, containerd, and the driver and init of `native/lab`. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NATIVE } from '../../../native/build-binaries.ts'
import { digest, sourcesIn, tool, type ArtifactRecipe } from './build-artifact.ts'

const LAB = join(NATIVE, 'lab')
const BIN = 'usr/local/bin'
const KUBERNETES = { version: 'v1.36.3', major: '1', minor: '36' }
const MODULE_FILES = ['go.mod', 'go.sum']

interface Program {
  readonly package: string
  readonly name: string
}

interface Programs {
  readonly name: string
  readonly about: string
  readonly module: string
  readonly ldflags: string
  readonly tags?: string
  readonly programs: readonly Program[]
  /** Glob patterns of the sources, in addition to the module files. */
  readonly sources?: readonly string[]
}

export async function kubernetes(): Promise<ArtifactRecipe> {
  const stamp = 'k8s.io/component-base/version'
  const { version, major, minor } = KUBERNETES
  return recipe({
    name: 'kubernetes',
    about: `Building Kubernetes ${version} from its Go modules (about ten minutes on two cores, once)`,
    module: LAB,
    ldflags: `-s -w -X ${stamp}.gitVersion=${version} -X ${stamp}.gitMajor=${major} -X ${stamp}.gitMinor=${minor} -X ${stamp}.gitTreeState=clean`,
    programs: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet'].map((name) => ({
      package: `k8s.io/kubernetes/cmd/${name}`,
      name,
    })),
  })
}

export async function containerd(): Promise<ArtifactRecipe> {
  return recipe({
    name: 'containerd',
    about: 'Building containerd from its Go module (about two minutes on two cores, once)',
    module: join(LAB, 'containerd'),
    ldflags: '-s -w',
    tags: 'no_btrfs no_devmapper no_zfs',
    programs: ['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => ({
      package: `github.com/containerd/containerd/v2/cmd/${name}`,
      name,
    })),
  })
}

/** Returns one recipe for each program, so that a change of one does not rebuild the other. */
export async function ownPrograms(): Promise<readonly ArtifactRecipe[]> {
  const own = (name: string, folder: string): Promise<ArtifactRecipe> =>
    recipe({
      name,
      about: `Building ${name}`,
      module: join(LAB, folder),
      ldflags: '-s -w',
      programs: [{ package: '.', name }],
      sources: ['*.go'],
    })
  return Promise.all([own('claimcheck-driver', 'driver'), own('claimcheck-init', 'init')])
}

/** Builds the pause program, which holds a pod's namespaces open. It is in an image of its own. */
export async function buildPause(path: string): Promise<void> {
  await goBuild(join(LAB, 'init'), ['-ldflags', '-s -w', '-o', path, './pause'])
}

export const pauseSources = (): Promise<readonly string[]> =>
  sourcesIn(join(LAB, 'init'), ['pause/*.go', ...MODULE_FILES])

async function recipe(of: Programs): Promise<ArtifactRecipe> {
  const sources = await sourcesIn(of.module, [...MODULE_FILES, ...(of.sources ?? [])])
  const tags = of.tags === undefined ? [] : ['-tags', of.tags]
  return {
    name: of.name,
    about: of.about,
    inputs: [
      digest(sources),
      process.arch,
      of.ldflags,
      ...tags,
      ...of.programs.map((program) => program.package),
    ],
    async make(root) {
      await mkdir(join(root, BIN), { recursive: true })
      for (const program of of.programs) {
        const out = join(root, BIN, program.name)
        await goBuild(of.module, [...tags, '-ldflags', of.ldflags, '-o', out, program.package])
      }
    },
  }
}

const goBuild = (cwd: string, args: readonly string[]): Promise<string> =>
  tool(['go', 'build', '-trimpath', ...args], {
    package: 'Go 1.26 or newer (go.dev/dl)',
    cwd,
    env: { CGO_ENABLED: '0' },
  })
