/** The lab uses testcontainers, which npm does not install with the package, since its dependencies have install scripts. */
import { createRequire } from 'node:module'
import { ClaimcheckError } from '../../core/errors.ts'

/** Throws LAB_UNAVAILABLE. Called before the modules that import it are loaded. */
export function requireTestcontainers(): void {
  try {
    createRequire(import.meta.url).resolve('testcontainers')
  } catch (cause) {
    throw new ClaimcheckError('LAB_UNAVAILABLE', {
      subject: 'testcontainers',
      problem: 'is not installed, and the lab needs it to use Docker',
      hint: 'Run `npm install --save-dev testcontainers`.',
      cause,
    })
  }
}
