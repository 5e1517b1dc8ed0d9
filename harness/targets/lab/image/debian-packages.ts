/**
 * Debian packages as files, fetched by the machine's apt with sources and state of their own: nothing is installed, no
 * root is needed, and the machine's own lists stay as they are. The mirror is the one the machine uses already.
 */
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

const LIMIT_MS = 10 * 60_000
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

export interface Apt {
  /** Packages with all they depend on, as .deb files in `folder`. */
  fetchWithDependencies(packages: readonly string[], folder: string): Promise<void>
  /** These packages alone. */
  fetch(packages: readonly string[], folder: string): Promise<void>
  /** Names of the packages that `name` depends on directly. */
  dependencies(name: string): Promise<readonly string[]>
}

/** Reads the lists of `suite` into `state`, an empty folder that lives as long as the result is used. */
export async function openApt(suite: string, state: string): Promise<Apt> {
  const archives = join(state, 'archives')
  await mkdir(join(archives, 'partial'), { recursive: true })
  await mkdir(join(state, 'lists', 'partial'), { recursive: true })
  await writeFile(join(state, 'status'), '')
  const sources = join(state, 'sources.list')
  await writeFile(sources, `deb [signed-by=${KEYRING}] ${await mirror()} ${suite} main\n`)
  const settings = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State': state,
    'Dir::State::Status': join(state, 'status'),
    'Dir::Cache': state,
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
  }
  const config = join(state, 'apt.conf')
  await writeFile(
    config,
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(''),
  )
  const run = async (program: string, args: readonly string[], cwd = state): Promise<string> => {
    const { stdout } = await execa(program, args, { cwd, env: { APT_CONFIG: config }, timeout: LIMIT_MS })
    return stdout
  }
  await run('apt-get', ['update', '--error-on=any'])
  return {
    async fetchWithDependencies(packages, folder) {
      await run('apt-get', ['install', '--yes', '--download-only', ...packages])
      for (const file of await readdir(archives))
        if (file.endsWith('.deb')) await copyFile(join(archives, file), join(folder, file))
    },
    async fetch(packages, folder) {
      await run('apt-get', ['download', ...packages], folder)
    },
    async dependencies(name) {
      const lines = await run('apt-cache', ['depends', name])
      return [...lines.matchAll(/^ *\|?Depends: (\S+)/gm)].flatMap((match) => match[1] ?? [])
    },
  }
}

/** Unpacks packages over each other into `root`; nothing of them runs. */
export async function unpack(
  packages: string,
  root: string,
  excluded: readonly string[] = [],
): Promise<void> {
  // Debian's own extraction would replace the links /bin, /lib and /sbin by folders.
  const script =
    'deb=$1 root=$2; shift 2; dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$root" "$@"'
  for (const file of await readdir(packages)) {
    if (!file.endsWith('.deb')) continue
    const exclude = excluded.map((path) => `--exclude=./${path}`)
    await execa('sh', ['-c', script, 'sh', join(packages, file), root, ...exclude], { timeout: LIMIT_MS })
  }
}

/** Of Debian's main archive, among the sources of this machine's apt. */
async function mirror(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8')
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1]
  const format = ['--format', '$(RELEASE) $(COMPONENT) $(REPO_URI)', 'Created-By: Packages']
  const { stdout } = await execa('apt-get', ['indextargets', ...format])
  const main = stdout.split('\n').find((line) => line.startsWith(`${codename} main `))
  const uri = main?.split(' ')[2]
  if (uri === undefined)
    throw new Error(
      `apt has no source of Debian's main archive for ${codename}: found ${stdout || 'no source'}`,
    )
  return uri
}
