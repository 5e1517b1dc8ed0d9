/** The SKU profiles that come with claimcheck; their reference values may fit a discovered machine. */
import { libraryFiles } from '../core/library.ts'

export const knownProfiles = (): readonly string[] => libraryFiles('skus')
