/** Checks before a run that its user has every permission that it requires, so that all can be granted at once. */
import { ClaimcheckError } from '../../core/errors.ts'
import type { Api } from './api-client.ts'
import { MISSING_PERMISSION_HINT } from './api-error.ts'
import { describePermission, missingPermissions, permissionsIn } from './permissions.ts'

/** Rejects with RBAC_DENIED, which names each missing permission. `namespace` is that of CLAIMCHECK_NAMESPACE. */
export async function requirePermissions(api: Api, namespace: string | undefined): Promise<void> {
  const required = permissionsIn(namespace).filter(({ optional }) => optional === undefined)
  const missing = await missingPermissions(api, required)
  if (missing.length === 0) return
  throw new ClaimcheckError('RBAC_DENIED', {
    subject: 'the user of CLAIMCHECK_CONTEXT',
    problem: `lacks ${missing.length} of the ${required.length} permissions that a run requires`,
    found: `no permission to ${missing.map(describePermission).join(', ')}`,
    hint: MISSING_PERMISSION_HINT,
  })
}
