/**
 * The one catalogue of error codes and the one error class that carries them.
 * Takes: what happened, to which object. Gives: a sentence a person can act on and fields a report can sort by.
 * Never: a verdict about hardware; a code says who has to act, `expect/` says what it means for a test.
 */

/** Who has to act on an error: the person's input, the hardware, the cluster, the machine the harness runs on, or us. */
export type ErrorCategory = 'input' | 'hardware' | 'cluster' | 'machine' | 'harness'

export const ERROR_CATALOGUE = {
  // input: a file, a variable, a flag
  VARIABLE_UNKNOWN: { category: 'input', title: 'unknown CLAIMCHECK_* variable' },
  VARIABLE_INVALID: { category: 'input', title: 'CLAIMCHECK_* variable with a value that makes no sense' },
  FILE_UNREADABLE: { category: 'input', title: 'a file could not be read' },
  FILE_INVALID: { category: 'input', title: 'a file does not say what its schema asks' },
  UNIT_INVALID: { category: 'input', title: 'a quantity without or with the wrong unit' },
  FAULT_INVALID: { category: 'input', title: 'a fault that names something the rack does not have' },
  CEL_INVALID: { category: 'input', title: 'a CEL expression that does not parse or does not type-check' },
  CERTIFICATE_CHANGED: { category: 'input', title: 'a certificate that is not as it was written' },
  CERTIFICATE_INCOMPLETE: { category: 'input', title: 'a certificate without what its verdicts rest on' },
  CERTIFICATE_REFUTED: {
    category: 'input',
    title: 'a certificate whose verdicts its own samples do not give',
  },
  RUNS_UNLIKE: { category: 'input', title: 'two runs that cannot be compared' },
  NO_REFERENCE: { category: 'input', title: 'no earlier run to compare with' },
  WAIVER_EXPIRED: { category: 'input', title: 'a waiver that is past its last day' },
  EXPECTATION_INVALID: { category: 'input', title: 'an expectation that cannot be checked' },
  NO_TESTS: { category: 'input', title: 'a run without any test' },
  REPORT_UNWRITABLE: { category: 'input', title: 'a report could not be written' },
  TARGET_UNAVAILABLE: { category: 'input', title: 'a target this version or machine does not offer' },
  // the Kubernetes API
  API_UNREACHABLE: { category: 'cluster', title: 'the API server does not answer' },
  API_REFUSED: { category: 'cluster', title: 'the API server refused a request' },
  RBAC_DENIED: { category: 'cluster', title: 'a right is missing that a run needs' },
  NAMESPACE_STUCK: { category: 'cluster', title: 'the Namespace of a run does not go away' },
  // claims and topology
  DEVICE_CLASS_MISSING: { category: 'cluster', title: 'a claim names a DeviceClass that does not exist' },
  CEL_RUNTIME: { category: 'cluster', title: 'a CEL selector failed while it was evaluated' },
  CLAIM_UNSATISFIABLE: { category: 'cluster', title: 'no node has the devices a claim asks for' },
  ALLOCATION_TOO_COMPLEX: {
    category: 'cluster',
    title: 'a claim whose devices could not be searched in a bounded number of steps',
  },
  ALLOCATION_UNSUPPORTED: {
    category: 'input',
    title: 'a feature of resource claims that the emulated allocator does not have',
  },
  CLAIM_NOT_RELEASED: { category: 'cluster', title: 'devices of a claim did not become free' },
  CLAIM_IN_USE: { category: 'cluster', title: 'a claim is reserved for another pod' },
  ALLOCATION_INVALID: { category: 'cluster', title: 'an allocation names devices that no slice publishes' },
  PRECONDITION_TOPOLOGY: {
    category: 'cluster',
    title: 'the allocation does not have the topology its arm stands for',
  },
  SLICE_INVALID: { category: 'cluster', title: 'a ResourceSlice that cannot be understood' },
  NOT_FOUND: { category: 'harness', title: 'an object that is not there' },
  ALREADY_EXISTS: { category: 'harness', title: 'an object that is there already' },
  // pods and the machine under them
  NATIVE_BUILD_FAILED: { category: 'machine', title: 'the native binaries could not be built' },
  NIXL_UNAVAILABLE: {
    category: 'machine',
    title: 'the NIXL library could not be fetched or is not the pinned one',
  },
  SANDBOX_UNAVAILABLE: {
    category: 'machine',
    title: 'this machine does not allow the namespaces an emulated pod needs',
  },
  NODE_AGENT_FAILED: { category: 'machine', title: 'the node agent of the emulated rack failed' },
  LAB_UNAVAILABLE: { category: 'machine', title: 'this machine lacks what the lab needs' },
  LAB_BUILD_FAILED: { category: 'machine', title: "the lab's node image could not be built" },
  LAB_FAILED: { category: 'machine', title: 'a lab did not start, or does not run any more' },
  POD_FAILED: { category: 'cluster', title: 'a pod did not start or ended unexpectedly' },
  EXEC_FAILED: { category: 'cluster', title: 'a command could not be run in a pod' },
  DEADLINE: { category: 'cluster', title: 'a condition was not met in time' },
  INTERRUPTED: { category: 'harness', title: 'the run was interrupted' },
  NOT_SWEPT: { category: 'machine', title: 'something a killed run left could not be removed' },
  // transfer
  RESULT_MISSING: { category: 'harness', title: 'a transfer ended without a RESULT' },
  RESULT_INVALID: { category: 'harness', title: 'a RESULT that is not what its schema asks' },
  RESULT_DUPLICATE: { category: 'harness', title: 'more than one RESULT in one log' },
  RESULT_TRUNCATED: { category: 'harness', title: 'a log that ends before the RESULT was complete' },
  TRANSFER_FAILED: { category: 'cluster', title: 'the transfer binary reported an error' },
  LINK_DOWN: { category: 'hardware', title: 'the link of a NIC went down during a transfer' },
  TRANSFER_STALLED: { category: 'hardware', title: 'a transfer stopped making progress' },
  // verdicts
  EXPECTATION_FAILED: { category: 'hardware', title: 'the hardware broke the expectation' },
  TRANSPORT_FALLBACK: { category: 'hardware', title: 'bytes left over an interface that was not claimed' },
  NIC_SHARE: { category: 'hardware', title: 'a claimed NIC did not carry its share' },
  DATA_CORRUPT: { category: 'hardware', title: 'the bytes that arrived are not those that were sent' },
  DEVICE_LEAK: { category: 'hardware', title: 'a pod sees a device it did not claim' },
  DEVICE_MISSING: { category: 'hardware', title: 'a pod does not see a device it claimed' },
  TOPOLOGY_MISMATCH: { category: 'hardware', title: 'the published topology differs from the SKU' },
  TOO_NOISY: { category: 'cluster', title: 'the rounds scatter too much for an honest answer' },
  TRANSPORT_UNPROVEN: { category: 'cluster', title: 'it could not be proved which NICs carried the bytes' },
  ARM_UNMEASURED: { category: 'cluster', title: 'an arm of a comparison has no measurement' },
  INTERNAL: { category: 'harness', title: 'a fault in claimcheck itself' },
} as const satisfies Record<string, { category: ErrorCategory; title: string }>

export type ErrorCode = keyof typeof ERROR_CATALOGUE

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

  get category(): ErrorCategory {
    return ERROR_CATALOGUE[this.code].category
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, text)
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
