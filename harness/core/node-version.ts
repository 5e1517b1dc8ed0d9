/** Checks the version of Node. Throws TARGET_UNAVAILABLE below 22.22. */
import { ClaimcheckError } from './errors.ts'

const LEAST = [22, 22] as const

export function requireNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return
  throw new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: `Node ${version}`,
    problem: 'is too old for claimcheck',
    expected: `Node ${LEAST.join('.')} or newer`,
    hint: 'Run `npm ci`, then start claimcheck with npx or npm run, which use the Node 24 that the project installs.',
  })
}
