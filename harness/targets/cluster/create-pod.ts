/** Creates a pod and its Secret in the Namespace of a run. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { PodSpec, UnclaimedPodSpec } from '../../scheduling/pod.ts'
import { ApiError } from './api-error.ts'
import * as resources from './api-resources.ts'
import type { Resource } from './api-resources.ts'
import type { Manifest, ObjectClient } from './object-client.ts'
import { podManifest, secretManifest, type PodParts } from './pod-manifest.ts'

/** A controller creates the default ServiceAccount of a new Namespace; until then the API server refuses pods. */
const SERVICE_ACCOUNT_TIMEOUT_MS = 30_000
const RETRY_MS = 200

/**
 * `spec.template` is the name of the ResourceClaimTemplate object. In a Namespace of somebody else, it rejects with API_REFUSED
 * and status 409 if an object has the name already.
 */
export async function createPod(
  client: ObjectClient,
  spec: PodSpec | UnclaimedPodSpec,
  parts: PodParts & { readonly inOwnNamespace: boolean },
  signal: AbortSignal | undefined,
): Promise<void> {
  const secret = secretManifest(spec, parts)
  const write = (resource: Resource, manifest: Manifest) =>
    parts.inOwnNamespace
      ? client.apply(resource, manifest, signal)
      : client.create(resource, manifest, signal)
  if (secret !== undefined) await write(resources.secrets, secret)
  const pod = podManifest(spec, parts)
  const until = Date.now() + SERVICE_ACCOUNT_TIMEOUT_MS
  for (;;) {
    try {
      await write(resources.pods, pod)
      return
    } catch (error) {
      if (!lacksServiceAccount(error) || Date.now() > until) throw error
      await sleep(RETRY_MS, undefined, { signal })
    }
  }
}

/** The API server's Status has no specific reason for this, so the message is matched. */
const lacksServiceAccount = (error: unknown): boolean =>
  error instanceof ApiError &&
  error.status === 403 &&
  /serviceaccount "?default"? not found/.test(error.message)
