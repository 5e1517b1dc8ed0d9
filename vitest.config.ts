import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'
import type * as Config from 'claimcheck/config'
import { keepCompiledModules } from './harness/core/compile-cache.ts'
import { refuseOldNode } from './harness/vitest/refuse-old-node.ts'

refuseOldNode()
keepCompiledModules(process.env)
// A computed path, so that Node loads the sources and Vite does not bundle the whole harness at each start.
const sources = new URL('harness/public/config.ts', import.meta.url).href
const { defineSuites } = (await import(sources)) as typeof Config

/** The suites import `claimcheck` by name, as a suite of a user does; here that is the sources. */
const conditions = ['@claimcheck/source', ...defaultServerConditions]

export default defineConfig({ ...defineSuites(), ssr: { resolve: { conditions } } })
