/**
 * Copies the transfer binary into a pod by exec, for clusters whose registry the user cannot push to. The container waits for
 * the archive; its image needs a shell, head, sha256sum, tar and gzip.
 */
import { ClaimcheckError } from '../../core/errors.ts'
import type { Archive } from '../../native/native-archive.ts'
import type { Wait } from '../../scheduling/pod.ts'
import type { Api } from './api-client.ts'
import { execIn } from './exec.ts'
import { HOME, READY } from './pod-manifest.ts'

export type Delivery =
  | { readonly kind: 'image'; readonly image: string }
  | { readonly kind: 'stream'; readonly image: string; readonly archive: Archive }

export interface Recipient {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly archive: Archive
  readonly data: Buffer
}

/** Sends the archive to one container; the others share its folder through a volume. Rejects with EXEC_FAILED. */
export async function deliver(api: Api, to: Recipient, wait: Wait): Promise<void> {
  const { namespace, pod, container, archive, data } = to
  const file = `${HOME}/archive.tgz`
  const script = [
    `head -c ${archive.bytes} > ${file}`,
    `echo "${archive.sha256}  ${file}" | sha256sum -c -`,
    `tar xzf ${file} -C ${HOME}`,
    `rm ${file}`,
    `touch ${READY}`,
  ].join(' && ')
  const argv = ['/bin/sh', '-c', script]
  const { code, stdout, stderr } = await execIn(api, { namespace, pod, container, argv, stdin: data }, wait)
  if (code === 0) return
  throw new ClaimcheckError('EXEC_FAILED', {
    subject: `delivery into ${pod}/${container}`,
    problem: `failed with exit code ${code}`,
    found: `${stdout}${stderr}`.trim(),
    hint: 'CLAIMCHECK_IMAGE must be a glibc image with sh, head, sha256sum, tar and gzip, such as debian:stable-slim.',
  })
}
