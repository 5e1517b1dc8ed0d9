/**
 * The one catalogue of error codes and the one error class that carries them.
 * Takes: what happened, to which object. Gives: a sentence a person can act on and fields a report can sort by.
 * Never: a verdict about hardware; a code says who has to act, `expect/` says what it means for a test.
 */

/** Who has to act on an error: the person's input, the hardware, the cluster, the machine the harness runs on, or us. */
export type Culprit = 'input' | 'hardware' | 'cluster' | 'machine' | 'harness'

export const CATALOGUE = {
  // input: a file, a variable, a flag
  VARIABLE_UNKNOWN: { culprit: 'input', title: 'unknown CLAIMCHECK_* variable' },
  VARIABLE_INVALID: { culprit: 'input', title: 'CLAIMCHECK_* variable with a value that makes no sense' },
  FILE_UNREADABLE: { culprit: 'input', title: 'a file could not be read' },
  FILE_INVALID: { culprit: 'input', title: 'a file does not say what its schema asks' },
  UNIT_INVALID: { culprit: 'input', title: 'a quantity without or with the wrong unit' },
  FAULT_INVALID: { culprit: 'input', title: 'a fault that names something the rack does not have' },
  CEL_INVALID: { culprit: 'input', title: 'a CEL expression that does not parse or does not type-check' },
  CERTIFICATE_CHANGED: { culprit: 'input', title: 'a certificate that is not as it was written' },
  CERTIFICATE_INCOMPLETE: { culprit: 'input', title: 'a certificate without what its verdicts rest on' },
  CERTIFICATE_REFUTED: {
    culprit: 'input',
    title: 'a certificate whose verdicts its own samples do not give',
  },
  RUNS_UNLIKE: { culprit: 'input', title: 'two runs that cannot be compared' },
  NO_REFERENCE: { culprit: 'input', title: 'no earlier run to compare with' },
  WAIVER_EXPIRED: { culprit: 'input', title: 'a waiver that is past its last day' },
  EXPECTATION_INVALID: { culprit: 'input', title: 'an expectation that cannot be checked' },
  NO_TESTS: { culprit: 'input', title: 'a run without any test' },
  REPORT_UNWRITABLE: { culprit: 'input', title: 'a report could not be written' },
  TARGET_UNAVAILABLE: { culprit: 'input', title: 'a target this version or machine does not offer' },
  // the Kubernetes API
  API_UNREACHABLE: { culprit: 'cluster', title: 'the API server does not answer' },
  API_REFUSED: { culprit: 'cluster', title: 'the API server refused a request' },
  RBAC_DENIED: { culprit: 'cluster', title: 'a right is missing that a run needs' },
  NAMESPACE_STUCK: { culprit: 'cluster', title: 'the Namespace of a run does not go away' },
  // claims and topology
  DEVICE_CLASS_MISSING: { culprit: 'cluster', title: 'a claim names a DeviceClass that does not exist' },
  CEL_RUNTIME: { culprit: 'cluster', title: 'a CEL selector failed while it was evaluated' },
  CLAIM_UNSATISFIABLE: { culprit: 'cluster', title: 'no node has the devices a claim asks for' },
  ALLOCATION_TOO_COMPLEX: {
    culprit: 'cluster',
    title: 'a claim whose devices could not be searched in a bounded number of steps',
  },
  ALLOCATION_UNSUPPORTED: {
    culprit: 'input',
    title: 'a feature of resource claims that the emulated allocator does not have',
  },
  CLAIM_NOT_RELEASED: { culprit: 'cluster', title: 'devices of a claim did not become free' },
  CLAIM_IN_USE: { culprit: 'cluster', title: 'a claim is reserved for another pod' },
  ALLOCATION_INVALID: { culprit: 'cluster', title: 'an allocation names devices that no slice publishes' },
  PRECONDITION_TOPOLOGY: {
    culprit: 'cluster',
    title: 'the allocation does not have the topology its arm stands for',
  },
  SLICE_INVALID: { culprit: 'cluster', title: 'a ResourceSlice that cannot be understood' },
  NOT_FOUND: { culprit: 'harness', title: 'an object that is not there' },
  ALREADY_EXISTS: { culprit: 'harness', title: 'an object that is there already' },
  // pods and the machine under them
  NATIVE_BUILD_FAILED: { culprit: 'machine', title: 'the native binaries could not be built' },
  NIXL_UNAVAILABLE: {
    culprit: 'machine',
    title: 'the NIXL library could not be fetched or is not the pinned one',
  },
  SANDBOX_UNAVAILABLE: {
    culprit: 'machine',
    title: 'this machine does not allow the namespaces an emulated pod needs',
  },
  NODE_AGENT_FAILED: { culprit: 'machine', title: 'the node agent of the emulated rack failed' },
  LAB_UNAVAILABLE: { culprit: 'machine', title: 'this machine lacks what the lab needs' },
  LAB_BUILD_FAILED: { culprit: 'machine', title: "the lab's node image could not be built" },
  LAB_FAILED: { culprit: 'machine', title: 'a lab did not start, or does not run any more' },
  POD_FAILED: { culprit: 'cluster', title: 'a pod did not start or ended unexpectedly' },
  EXEC_FAILED: { culprit: 'cluster', title: 'a command could not be run in a pod' },
  DEADLINE: { culprit: 'cluster', title: 'a condition was not met in time' },
  INTERRUPTED: { culprit: 'harness', title: 'the run was interrupted' },
  NOT_SWEPT: { culprit: 'machine', title: 'something a killed run left could not be removed' },
  // transfer
  RESULT_MISSING: { culprit: 'harness', title: 'a transfer ended without a RESULT' },
  RESULT_INVALID: { culprit: 'harness', title: 'a RESULT that is not what its schema asks' },
  RESULT_DUPLICATE: { culprit: 'harness', title: 'more than one RESULT in one log' },
  RESULT_TRUNCATED: { culprit: 'harness', title: 'a log that ends before the RESULT was complete' },
  TRANSFER_FAILED: { culprit: 'cluster', title: 'the transfer binary reported an error' },
  LINK_DOWN: { culprit: 'hardware', title: 'the link of a NIC went down during a transfer' },
  TRANSFER_STALLED: { culprit: 'hardware', title: 'a transfer stopped making progress' },
  // verdicts
  EXPECTATION_FAILED: { culprit: 'hardware', title: 'the hardware broke the expectation' },
  TRANSPORT_FALLBACK: { culprit: 'hardware', title: 'bytes left over an interface that was not claimed' },
  NIC_SHARE: { culprit: 'hardware', title: 'a claimed NIC did not carry its share' },
  DATA_CORRUPT: { culprit: 'hardware', title: 'the bytes that arrived are not those that were sent' },
  DEVICE_LEAK: { culprit: 'hardware', title: 'a pod sees a device it did not claim' },
  DEVICE_MISSING: { culprit: 'hardware', title: 'a pod does not see a device it claimed' },
  TOPOLOGY_MISMATCH: { culprit: 'hardware', title: 'the published topology differs from the SKU' },
  TOO_NOISY: { culprit: 'cluster', title: 'the rounds scatter too much for an honest answer' },
  TRANSPORT_UNPROVEN: { culprit: 'cluster', title: 'it could not be proved which NICs carried the bytes' },
  ARM_UNMEASURED: { culprit: 'cluster', title: 'an arm of a comparison has no measurement' },
  INTERNAL: { culprit: 'harness', title: 'a fault in claimcheck itself' },
} as const satisfies Record<string, { culprit: Culprit; title: string }>

export type ErrorCode = keyof typeof CATALOGUE

export interface ErrorFacts {
  /** The object the error is about: `ResourceClaim aligned-initiator`, `racks/h100.yaml:12:5`, `node-a/mlx5_2`. */
  readonly subject: string
  /** What happened, as a sentence without subject: `was not allocated`. */
  readonly problem: string
  /** The whole sentence, where another program composed it already. */
  readonly sentence?: string
  readonly expected?: string
  readonly found?: string
  /** What to do, as an imperative. */
  readonly hint?: string
  /** Devices, nodes and numbers for reports; must be JSON. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** Every error the harness throws on purpose. Its own fields reach every reporter. */
export class ClaimcheckError extends Error {
  override readonly name = 'ClaimcheckError'
  readonly code: ErrorCode
  readonly subject: string
  readonly expected: string | undefined
  readonly found: string | undefined
  readonly hint: string | undefined
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, facts: ErrorFacts) {
    super(facts.sentence ?? sentence(facts), facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.subject = facts.subject
    this.expected = facts.expected
    this.found = facts.found
    this.hint = facts.hint
    this.details = facts.details ?? {}
  }

  get culprit(): Culprit {
    return CATALOGUE[this.code].culprit
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(CATALOGUE, text)
}

/** Returns `error` as a ClaimcheckError; anything unforeseen becomes INTERNAL with the original as cause. */
export function asClaimcheckError(error: unknown, subject = 'claimcheck'): ClaimcheckError {
  if (error instanceof ClaimcheckError) return error
  const problem = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new ClaimcheckError('INTERNAL', {
    subject,
    problem,
    hint: 'Report this with the log; it is a fault in claimcheck.',
    cause: error,
  })
}

function sentence({ subject, problem, expected, found, hint }: ErrorFacts): string {
  const contrast = [expected && `expected ${expected}`, found && `found ${found}`].filter(Boolean).join(', ')
  const what = `${subject} ${problem}${contrast === '' ? '' : `: ${contrast}`}`
  return hint === undefined ? what : `${what.replace(/[.]$/, '')}. ${hint}`
}
