/**
 * Waits for a lab that starts. Takes its layout and access to its API; gives nothing but the moment when all of it is
 * there, or says what was missing, or what a container that gave up said last.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Rack } from '../../rack/rack.ts'
import type { ApiAccess } from './api-request.ts'
import type { Docker } from './docker.ts'
import type { Layout } from './layout.ts'
import { createClasses, missingParts } from './readiness.ts'
import { listLabResources } from './lab-resources.ts'

const START_LIMIT_MS = 150_000
const LOOK_INTERVAL_MS = 150

/** Rejects with LAB_FAILED or INTERRUPTED. */
export async function awaitReady(
  engine: Docker,
  layout: Layout,
  access: ApiAccess,
  rack: Rack,
  signal: AbortSignal | undefined,
): Promise<void> {
  const nodes = layout.workers.map(({ name }) => name)
  const until = Date.now() + START_LIMIT_MS
  let classes = false
  let lacks: readonly string[] = ['an answer of the API server']
  while (lacks.length > 0) {
    if (signal?.aborted === true)
      throw new ClaimcheckError('INTERRUPTED', {
        subject: `lab ${layout.lab}`,
        problem: 'was starting when the run was interrupted',
      })
    await failWhereOver(engine, layout)
    if (Date.now() > until)
      throw new ClaimcheckError('LAB_FAILED', {
        subject: `lab ${layout.lab}`,
        problem: `was not ready after ${START_LIMIT_MS / 1000} s`,
        found: `without ${lacks.join(', ')}`,
        hint: `Try again on a quieter machine; the services' logs are in /var/log/claimcheck of each container.`,
      })
    try {
      classes ||= await createClasses(access, rack)
      lacks = classes ? await missingParts(access, rack, nodes) : ['the DeviceClasses']
    } catch (error) {
      lacks = [`an answer of the API server (${error instanceof Error ? error.message : String(error)})`]
    }
    if (lacks.length > 0) await sleep(LOOK_INTERVAL_MS)
  }
}

/** A container whose init has given up says why. */
async function failWhereOver(engine: Docker, { lab }: Layout): Promise<void> {
  const remains = (await listLabResources(engine)).find((one) => one.lab === lab)
  const over = remains?.containers.find(({ running }) => !running)
  if (over === undefined) return
  const log = await engine.getContainer(over.id).logs({ stdout: true, stderr: true, tail: 30 })
  throw new ClaimcheckError('LAB_FAILED', {
    subject: `container ${over.name}`,
    problem: 'ended while the lab was starting',
    found: plain(log).trim(),
    hint: 'See what it says.',
  })
}

/** Docker puts eight bytes before each piece of a log. */
function plain(log: Buffer): string {
  const parts: string[] = []
  for (let at = 0; at + 8 <= log.length; at += 8 + log.readUInt32BE(at + 4))
    parts.push(log.toString('utf8', at + 8, at + 8 + log.readUInt32BE(at + 4)))
  return parts.join('')
}
