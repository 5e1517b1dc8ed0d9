/**
 * Connects to Docker through testcontainers. Its reaper is disabled, because its image would have to be pulled; the lab
 * removes its containers itself.
 */
import { accessSync, constants, existsSync } from 'node:fs'
import type { ContainerRuntimeClient } from 'testcontainers'
import { ClaimcheckError } from '../../core/errors.ts'

export type Docker = ContainerRuntimeClient['container']['dockerode']

const SOCKET = '/var/run/docker.sock'

/** Rejects with LAB_UNAVAILABLE, whose hint explains how to install Docker or to get access to it. */
export async function docker(): Promise<Docker> {
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
  // Otherwise testcontainers would fall back to another engine than DOCKER_HOST.
  const socket = socketPath()
  if (!existsSync(socket) && isLocal()) throw unreachable(new Error(`${socket} does not exist`))
  const { getContainerRuntimeClient } = await import('testcontainers')
  try {
    const { dockerode } = (await getContainerRuntimeClient()).container
    await dockerode.ping()
    return dockerode
  } catch (cause) {
    throw unreachable(cause)
  }
}

const isLocal = (): boolean => /^(?:unix:|$)/.test(process.env['DOCKER_HOST'] ?? '')
const socketPath = (): string => process.env['DOCKER_HOST']?.replace(/^unix:\/\//, '') || SOCKET

function unreachable(cause: unknown): ClaimcheckError {
  const found = `${String(cause)} ${(cause as { code?: string }).code ?? ''}`.trim()
  const forbidden = isLocal() && isForbidden(socketPath())
  return new ClaimcheckError('LAB_UNAVAILABLE', {
    subject: 'Docker',
    problem: forbidden ? 'denies access to this user' : 'could not be reached',
    expected: `a Docker engine of version 20.10 or newer at ${process.env['DOCKER_HOST'] ?? SOCKET}`,
    found: forbidden ? `no permission to write to ${socketPath()}` : found,
    hint: forbidden
      ? 'Run as root, or add this user to the group "docker" and log in again.'
      : "Install Docker's engine (Debian: apt-get install docker.io) and start it, or set DOCKER_HOST.",
    cause,
  })
}

function isForbidden(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return false
  } catch (error) {
    return (error as { code?: unknown }).code === 'EACCES'
  }
}

/** Runs a command in a container. */
export async function execIn(
  container: string,
  argv: readonly string[],
): Promise<{ readonly exitCode: number; readonly output: string }> {
  await docker()
  const { getContainerRuntimeClient } = await import('testcontainers')
  const client = await getContainerRuntimeClient()
  const { exitCode, output } = await client.container.exec(client.container.getById(container), [...argv])
  return { exitCode, output }
}

/** Whether the object does not exist, or is already being removed. */
export const isGone = (error: unknown): boolean =>
  [404, 409].includes(Number((error as { statusCode?: unknown }).statusCode))
