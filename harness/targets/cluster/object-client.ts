/** What claimcheck does with objects: apply, delete, list. Takes manifests and names; server-side apply and nothing else writes. */
import { z } from 'zod'
import type { Api } from './api-client.ts'
import { isGone } from './api-error.ts'
import { collection, pathOf, type Named, type Resource } from './api-resources.ts'

export const FIELD_MANAGER = 'claimcheck'

const listSchema = z.looseObject({ items: z.array(z.unknown()).nullish() })

export interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

export class ObjectClient {
  readonly api: Api

  constructor(api: Api) {
    this.api = api
  }

  /** Resolves with the object as the server has it now. */
  apply(resource: Resource, manifest: Manifest, signal?: AbortSignal): Promise<unknown> {
    const { name, namespace } = manifest.metadata
    return this.api.json({
      ...operationOn('patch', { resource, name, namespace }),
      query: { fieldManager: FIELD_MANAGER, force: 'true', fieldValidation: 'Strict' },
      body: manifest,
      signal,
    })
  }

  /** Gone already is success. Graceful: never with a grace period of 0. */
  async delete(named: Named, signal?: AbortSignal): Promise<void> {
    try {
      await this.api.json({ ...operationOn('delete', named), signal })
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }

  read(named: Named, signal?: AbortSignal): Promise<unknown> {
    return this.api.json({ ...operationOn('get', named), signal })
  }

  async list<T>(
    resource: Resource,
    parse: (json: unknown) => T,
    of: { readonly namespace?: string; readonly query?: Readonly<Record<string, string>> } = {},
  ): Promise<T[]> {
    const json = await this.api.json({
      verb: 'list',
      resource: rightOf({ resource }),
      subject: of.namespace === undefined ? resource.plural : `${resource.plural} of ${of.namespace}`,
      path: collection(resource, of.namespace),
      ...(of.query === undefined ? {} : { query: of.query }),
    })
    return (listSchema.parse(json).items ?? []).map(parse)
  }
}

export function operationOn(verb: string, named: Named) {
  const { resource, namespace, name } = named
  return {
    verb,
    resource: rightOf(named),
    subject: `${resource.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
    path: pathOf(named),
  }
}

/** As RBAC names it. */
const rightOf = ({ resource, subresource }: Pick<Named, 'resource' | 'subresource'>): string =>
  [resource.plural, subresource].filter((part) => part !== undefined).join('/') +
  (resource.group === '' ? '' : `.${resource.group}`)
