/**
 * The ResourceClaimTemplates that a target has applied. The spec of a template is immutable in the API, so a template whose
 * spec changes is applied again as another object.
 */
import { createHash } from 'node:crypto'
import { ClaimcheckError } from '../../core/errors.ts'
import { compileSelector } from '../../dra/cel/selector.ts'
import type { DeviceRequest, ResourceClaimTemplate } from '../../dra/objects.ts'
import { isAlreadyThere } from './api-error.ts'
import * as resources from './api-resources.ts'
import type { ObjectClient } from './object-client.ts'
import type { RunMetadata } from './run-namespace.ts'

interface ObjectPlace {
  readonly namespace: string
  readonly metadata: RunMetadata
  /** Makes the names of objects unique in a Namespace of somebody else; absent in that of the run. */
  readonly runIdInNames?: string | undefined
}

export class AppliedTemplates {
  readonly #client: ObjectClient
  readonly #place: ObjectPlace
  readonly #templates = new Map<string, ResourceClaimTemplate>()
  readonly #objectNames = new Map<string, string>()

  constructor(client: ObjectClient, place: ObjectPlace) {
    this.#client = client
    this.#place = place
  }

  /** The templates as they were last applied, by name. */
  get byName(): ReadonlyMap<string, ResourceClaimTemplate> {
    return this.#templates
  }

  /** Returns the name of the API object for a template. */
  objectNameOf(template: string): string {
    return this.#objectNames.get(template) ?? template
  }

  /** Whether this template has been applied and has not changed since. */
  has(template: ResourceClaimTemplate): boolean {
    const known = this.#templates.get(template.metadata.name)
    return known !== undefined && JSON.stringify(known) === JSON.stringify(template)
  }

  async apply(template: ResourceClaimTemplate, signal: AbortSignal): Promise<void> {
    const { name } = template.metadata
    const { runIdInNames } = this.#place
    const unique = runIdInNames === undefined ? name : `${name}-${runIdInNames}`
    const objectName = this.#templates.has(name) ? `${unique}-${digestOf(template)}` : unique
    const manifest = templateManifest(template, this.#place, objectName)
    if (runIdInNames === undefined) {
      await this.#client.apply(resources.resourceClaimTemplates, manifest, signal)
    } else {
      await this.#client
        .create(resources.resourceClaimTemplates, manifest, signal)
        .catch((error: unknown) => {
          // Another target of the run has created it.
          if (!isAlreadyThere(error)) throw error
        })
    }
    this.#templates.set(name, template)
    this.#objectNames.set(name, objectName)
  }
}

/** The object of a template. Its claims have the labels of the run too, by which other runs see whose they are. */
export function templateManifest(
  template: ResourceClaimTemplate,
  { namespace, metadata: { labels, ...metadata } }: ObjectPlace,
  name = template.metadata.name,
) {
  const own = template.metadata.labels
  return {
    ...template,
    metadata: { ...template.metadata, name, namespace, ...metadata, labels: { ...own, ...labels } },
    spec: { ...template.spec, metadata: { labels } },
  }
}

/** Throws CEL_INVALID, with line and column, for a selector that does not compile. */
export function compileSelectors({ metadata, spec }: ResourceClaimTemplate): void {
  for (const request of spec.spec.devices.requests)
    for (const { cel } of selectorsOf(request)) {
      const subject = `request "${request.name}" of ResourceClaimTemplate ${metadata.name}`
      try {
        compileSelector(cel.expression, subject)
      } catch (error) {
        // The cluster evaluates functions that claimcheck does not implement.
        if (!(error instanceof ClaimcheckError && error.code === 'ALLOCATION_UNSUPPORTED')) throw error
      }
    }
}

function selectorsOf(request: DeviceRequest) {
  const subrequests = 'exactly' in request ? [request.exactly] : request.firstAvailable
  return subrequests.flatMap(({ selectors = [] }) => selectors)
}

const digestOf = (template: ResourceClaimTemplate): string =>
  createHash('sha256').update(JSON.stringify(template.spec)).digest('hex').slice(0, 8)
