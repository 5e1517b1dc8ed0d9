/**
 * Waits until a lab has started. On timeout the error lists what is missing; if a container has exited, the error has the
 * end of its log.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Rack } from '../../rack/rack.ts'
import type { ApiAccess } from './api-request.ts'
import { isGone, type Docker } from './docker.ts'
import type { Layout } from './layout.ts'
import { createClasses, missingParts } from './readiness.ts'
import { listLabResources } from './lab-resources.ts'

const START_TIMEOUT_MS = { container: 150_000, vm: 600_000 }
const POLL_INTERVAL_MS = 150

/** Rejects with LAB_FAILED or INTERRUPTED. */
export async function awaitReady(
  engine: Docker,
  layout: Layout,
  access: ApiAccess,
  rack: Rack,
  signal: AbortSignal | undefined,
): Promise<void> {
  const nodes = layout.workers.map(({ name }) => name)
  const timeoutMs = START_TIMEOUT_MS[layout.machine]
  const until = Date.now() + timeoutMs
  let classesCreated = false
  let missing: readonly string[] = ['a response of the API server']
  while (missing.length > 0) {
    if (signal?.aborted === true)
      throw new ClaimcheckError('INTERRUPTED', {
        subject: `lab ${layout.lab}`,
        problem: 'was starting when the run was interrupted',
      })
    await rejectIfExited(engine, layout)
    if (Date.now() > until)
      throw new ClaimcheckError('LAB_FAILED', {
        subject: `lab ${layout.lab}`,
        problem: `timed out after ${timeoutMs / 1000} s waiting to be ready`,
        found: `missing ${missing.join(', ')}`,
        hint: 'Try again with less load on the machine. The logs of the services are in /var/log/claimcheck of each container.',
      })
    try {
      classesCreated ||= await createClasses(access, rack)
      missing = classesCreated ? await missingParts(access, rack, nodes) : ['the DeviceClasses']
    } catch (error) {
      missing = [`a response of the API server (${error instanceof Error ? error.message : String(error)})`]
    }
    if (missing.length > 0) await sleep(POLL_INTERVAL_MS)
  }
}

/** Rejects if a container of the lab has exited. */
async function rejectIfExited(engine: Docker, { lab }: Layout): Promise<void> {
  const resources = (await listLabResources(engine)).find((one) => one.lab === lab)
  const exited = resources?.containers.find(({ running }) => !running)
  if (exited === undefined) return
  const options = { stdout: true, stderr: true, tail: 30 } as const
  const log = await engine
    .getContainer(exited.id)
    .logs(options)
    .catch((error: unknown) => {
      if (isGone(error)) return undefined
      throw error
    })
  throw new ClaimcheckError('LAB_FAILED', {
    subject: `container ${exited.name}`,
    ...(log === undefined
      ? { problem: 'was removed while the lab was starting' }
      : { problem: 'exited while the lab was starting', found: textOf(log).trim() }),
  })
}

/** Removes the 8-byte header that Docker puts before each chunk of a log. */
function textOf(log: Buffer): string {
  const parts: string[] = []
  for (let at = 0; at + 8 <= log.length; at += 8 + log.readUInt32BE(at + 4))
    parts.push(log.toString('utf8', at + 8, at + 8 + log.readUInt32BE(at + 4)))
  return parts.join('')
}
