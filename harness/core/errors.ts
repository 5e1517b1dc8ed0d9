/**
 * The catalogue of error codes and the error class that carries them. A code identifies the source of the error; `expect/`
 * decides what it means for the verdict of a test.
 */

/**
 * Where the error comes from: the user's input, the hardware under test, the cluster, the machine that claimcheck runs on, or
 * claimcheck itself.
 */
export type ErrorCategory = 'input' | 'suite' | 'hardware' | 'cluster' | 'machine' | 'harness'

export const ERROR_CATALOGUE = {
  // input: a file, a variable, a flag
  VARIABLE_UNKNOWN: { category: 'input', title: 'unknown CLAIMCHECK_* variable' },
  VARIABLE_INVALID: { category: 'input', title: 'CLAIMCHECK_* variable with an invalid value' },
  FILE_UNREADABLE: { category: 'input', title: 'a file could not be read' },
  FILE_INVALID: { category: 'input', title: 'a file does not match its schema' },
  UNIT_INVALID: { category: 'input', title: 'a quantity with a wrong unit or without one' },
  FAULT_INVALID: { category: 'input', title: 'a fault names something that the rack does not have' },
  CEL_INVALID: { category: 'input', title: 'a CEL expression does not compile' },
  CERTIFICATE_CHANGED: { category: 'input', title: 'a certificate was changed after it was written' },
  CERTIFICATE_INCOMPLETE: {
    category: 'input',
    title: 'a certificate lacks data that its verdicts are based on',
  },
  CERTIFICATE_REFUTED: {
    category: 'input',
    title: 'the verdicts of a certificate do not follow from its samples',
  },
  CERTIFICATE_UNSIGNED: { category: 'input', title: 'a certificate has no signature by the required key' },
  KEY_INVALID: { category: 'input', title: 'a key that cannot sign or verify certificates' },
  RUNS_UNLIKE: { category: 'input', title: 'two runs cannot be compared' },
  NO_REFERENCE: { category: 'input', title: 'nothing to compare with: no reference, or no earlier run' },
  BASELINE_REFUSED: { category: 'input', title: 'no reference can be made from these measurements' },
  WAIVER_EXPIRED: { category: 'input', title: 'a waiver has expired' },
  EXPECTATION_INVALID: { category: 'input', title: 'an expectation cannot be checked' },
  TOO_MANY_NODES: { category: 'input', title: 'more nodes than a suite can cover' },
  NOTHING_MEASURED: { category: 'input', title: 'a run in which no transfer was measured' },
  COVERAGE_PARTIAL: { category: 'input', title: 'a run that did not cover all nodes, GPUs and NICs' },
  NO_TESTS: { category: 'input', title: 'a run that judged nothing' },
  REPORT_UNWRITABLE: { category: 'input', title: 'a report could not be written' },
  TARGET_UNAVAILABLE: { category: 'input', title: 'a target that this version or machine does not have' },
  // the Kubernetes API
  API_UNREACHABLE: { category: 'cluster', title: 'the API server does not answer' },
  API_REFUSED: { category: 'cluster', title: 'the API server refused a request' },
  RBAC_DENIED: { category: 'cluster', title: 'a permission is missing that the run needs' },
  NAMESPACE_IN_USE: { category: 'input', title: 'another run is in the Namespace of CLAIMCHECK_NAMESPACE' },
  NAMESPACE_STUCK: { category: 'cluster', title: 'the Namespace of a run was not deleted in time' },
  // claims and topology
  DEVICE_CLASS_MISSING: { category: 'cluster', title: 'a claim names a DeviceClass that does not exist' },
  CEL_RUNTIME: { category: 'cluster', title: 'a CEL selector failed on a device' },
  CLAIM_UNSATISFIABLE: { category: 'cluster', title: 'no node has the devices that a claim requests' },
  ALLOCATION_TOO_COMPLEX: {
    category: 'cluster',
    title: 'the search for the devices of a claim exceeded its step limit',
  },
  ALLOCATION_UNSUPPORTED: {
    category: 'input',
    title: 'a feature of resource claims that claimcheck does not implement',
  },
  CLAIM_NOT_RELEASED: { category: 'cluster', title: 'the devices of a claim were not released' },
  ALLOCATION_INVALID: {
    category: 'cluster',
    title: 'an allocation names a device that no ResourceSlice publishes',
  },
  PRECONDITION_TOPOLOGY: {
    category: 'cluster',
    title: 'the allocated devices do not have the topology that the arm requires',
  },
  POOL_INCOMPLETE: { category: 'cluster', title: 'a driver has not published all slices of a resource pool' },
  SLICE_INVALID: { category: 'cluster', title: 'a ResourceSlice is invalid' },
  NOT_FOUND: { category: 'harness', title: 'an object does not exist' },
  ALREADY_EXISTS: { category: 'harness', title: 'an object exists already' },
  // pods and the machine under them
  NATIVE_BUILD_FAILED: { category: 'machine', title: 'the native binaries could not be built' },
  NIXL_UNAVAILABLE: {
    category: 'machine',
    title: 'the NIXL library could not be downloaded or has another hash than the pinned one',
  },
  SANDBOX_UNAVAILABLE: {
    category: 'machine',
    title: 'this machine does not allow the namespaces that emulated pods need',
  },
  NODE_AGENT_FAILED: { category: 'machine', title: 'the node agent of the emulated rack failed' },
  LAB_UNAVAILABLE: { category: 'machine', title: 'this machine lacks something that the lab needs' },
  LAB_BUILD_FAILED: { category: 'machine', title: "the lab's node image could not be built" },
  LAB_FAILED: { category: 'machine', title: 'the lab did not start or stopped running' },
  POD_FAILED: { category: 'cluster', title: 'a pod did not start or ended unexpectedly' },
  EXEC_FAILED: { category: 'cluster', title: 'a command could not be run in a pod' },
  DEADLINE: { category: 'cluster', title: 'a wait timed out' },
  INTERRUPTED: { category: 'harness', title: 'the run was interrupted' },
  NOT_SWEPT: { category: 'machine', title: 'something that a killed run left behind could not be removed' },
  // transfer
  RESULT_MISSING: { category: 'harness', title: 'a transfer ended without a RESULT' },
  RESULT_INVALID: { category: 'harness', title: 'a RESULT does not match its schema' },
  RESULT_DUPLICATE: { category: 'harness', title: 'more than one RESULT in one log' },
  RESULT_TRUNCATED: { category: 'harness', title: 'a log ends in the middle of a RESULT' },
  TRANSFER_FAILED: { category: 'cluster', title: 'the transfer binary reported an error' },
  LINK_DOWN: { category: 'hardware', title: 'the link of a NIC went down during a transfer' },
  TRANSFER_STALLED: { category: 'hardware', title: 'a transfer stopped making progress' },
  CONNECTION_BROKEN: {
    category: 'hardware',
    title: "the RDMA connection of a stream broke: the peer's NIC acknowledged no packets",
  },
  // the suite's own code
  ASSERTION_FAILED: { category: 'suite', title: "an assertion of the suite's own failed" },
  SUITE_ERROR: { category: 'suite', title: 'the suite threw an error' },
  // verdicts
  EXPECTATION_FAILED: { category: 'hardware', title: 'the hardware does not meet an expectation' },
  TRANSPORT_FALLBACK: {
    category: 'hardware',
    title: 'bytes were sent over an interface that was not claimed',
  },
  NIC_SHARE: { category: 'hardware', title: 'a claimed NIC did not carry its share of the bytes' },
  RETRANSMISSIONS: { category: 'hardware', title: 'RDMA NICs had to send packets again' },
  DATA_CORRUPT: { category: 'hardware', title: 'the received bytes differ from the sent bytes' },
  DEVICE_LEAK: { category: 'hardware', title: 'a pod sees a device that it did not claim' },
  DEVICE_MISSING: { category: 'hardware', title: 'a pod does not see a device that it claimed' },
  DEVICE_METADATA_WRONG: {
    category: 'hardware',
    title: "the device metadata in a container differs from the claim's allocation",
  },
  TOPOLOGY_MISMATCH: { category: 'hardware', title: 'the published topology differs from the SKU' },
  TOO_NOISY: { category: 'cluster', title: 'the rounds vary too much to decide' },
  TRANSPORT_UNPROVEN: { category: 'cluster', title: 'there is no proof of which NICs carried the bytes' },
  INTERNAL: { category: 'harness', title: 'a bug in claimcheck' },
} as const satisfies Record<string, { category: ErrorCategory; title: string }>

export type ErrorCode = keyof typeof ERROR_CATALOGUE

export interface ErrorFacts {
  /** The object the error is about: `ResourceClaim aligned-initiator`, `racks/h100.yaml:12:5`, `node-a/mlx5_2`. */
  readonly subject: string
  /** What happened, to follow the subject in a sentence: `was not allocated`. */
  readonly problem: string
  /** Replaces the sentence that is otherwise composed of the fields. */
  readonly sentence?: string
  readonly expected?: string
  readonly found?: string
  /** What the user should do, as an imperative. */
  readonly hint?: string
  /** Further facts for reports, as JSON. Code never decides by them. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** The class of all errors that claimcheck throws on purpose. Reporters see all of its fields. */
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

/** Returns `error` as a ClaimcheckError. Any other error becomes INTERNAL with the original as its cause. */
export function asClaimcheckError(error: unknown, subject = 'claimcheck'): ClaimcheckError {
  if (error instanceof ClaimcheckError) return error
  const problem = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new ClaimcheckError('INTERNAL', {
    subject,
    problem,
    hint: 'This is a bug in claimcheck. Report it with the log.',
    cause: error,
  })
}

function sentence({ subject, problem, expected, found, hint }: ErrorFacts): string {
  const contrast = [expected && `expected ${expected}`, found && `found ${found}`].filter(Boolean).join(', ')
  const what = `${subject} ${problem}${contrast === '' ? '' : `: ${contrast}`}`
  return hint === undefined ? what : `${what.replace(/[.]$/, '')}. ${hint}`
}
