import { defineSuites } from 'claimcheck/config'

export default defineSuites()
