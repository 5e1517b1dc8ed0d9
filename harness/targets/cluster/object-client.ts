/** Applies, reads, lists and deletes API objects. In a Namespace of the run objects are written by server-side apply. In one of somebody else they are created, which fails for a name that is taken. */
import { z } from 'zod'
import type { Api } from './api-client.ts'
import { isAlreadyThere, isNotFound } from './api-error.ts'
import { collection, pathOf, type Named, type Resource } from './api-resources.ts'

const FIELD_MANAGER = 'claimcheck'

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

  /** Applies the manifest and resolves with the resulting object. */
  apply(resource: Resource, manifest: Manifest, signal?: AbortSignal): Promise<unknown> {
    const { name, namespace } = manifest.metadata
    return this.api.json({
      ...operationOn('patch', { resource, name, namespace }),
      query: { fieldManager: FIELD_MANAGER, force: 'true', fieldValidation: 'Strict' },
      body: manifest,
      signal,
    })
  }

  /**
   * Creates an object, and resolves with it, or with undefined if the response to the creation was lost and a further request
   * found the object. Rejects with API_REFUSED and status 409 if somebody else's object has the name.
   */
  async create(resource: Resource, manifest: Manifest, signal?: AbortSignal): Promise<unknown> {
    const { name, namespace } = manifest.metadata
    const request = {
      ...operationOn('create', { resource, name, namespace }),
      path: collection(resource, namespace),
      query: { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' },
      body: manifest,
      signal,
    }
    try {
      return await this.api.json(request)
    } catch (error) {
      if (!isAlreadyThere(error) || !error.followsLostResponse) throw error
      return undefined
    }
  }

  /** Deletes an object with its own grace period. Succeeds if it does not exist. */
  async delete(named: Named, signal?: AbortSignal): Promise<void> {
    try {
      await this.api.json({ ...operationOn('delete', named), signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
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
      resource: rbacResourceOf({ resource }),
      subject: of.namespace === undefined ? resource.plural : `${resource.plural} of ${of.namespace}`,
      path: collection(resource, of.namespace),
      ...(of.query === undefined ? {} : { query: of.query }),
    })
    return (listSchema.parse(json).items ?? []).map(parse)
  }
}

/** Describes a request for one object. */
export function operationOn(verb: string, named: Named) {
  const { resource, namespace, name } = named
  return {
    verb,
    resource: rbacResourceOf(named),
    subject: `${resource.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
    path: pathOf(named),
  }
}

/** Returns the resource as RBAC names it: `pods/log`, `resourceclaims.resource.k8s.io`. */
const rbacResourceOf = ({ resource, subresource }: Pick<Named, 'resource' | 'subresource'>): string =>
  [resource.plural, subresource].filter((part) => part !== undefined).join('/') +
  (resource.group === '' ? '' : `.${resource.group}`)
