/** Runs a command in a running container, with optional input, and returns its exit code and output. */
import { PassThrough, Readable } from 'node:stream'
import { Exec } from '@kubernetes/client-node'
import { withTimeout } from '../../core/timeout.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { ExecResult, Wait } from '../../scheduling/pod.ts'
import type { Api } from './api-client.ts'
import { withCredentials } from './exec-credentials.ts'
import { MISSING_PERMISSION_HINT } from './api-error.ts'
import { describePermission, missingPermissions, permissionsIn } from './permissions.ts'

/** The most characters that are kept of each stream, from its end. */
const MAX_OUTPUT = 1_000_000

export interface Command {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly argv: readonly string[]
  readonly stdin?: Buffer
}

/** Rejects with EXEC_FAILED, RBAC_DENIED, DEADLINE or INTERRUPTED. */
export async function execIn(api: Api, command: Command, wait: Wait): Promise<ExecResult> {
  const { namespace, pod, container, argv, stdin } = command
  const subject = `exec in ${pod}/${container}`
  const [stdout, stderr] = [collector(), collector()]
  const ended = Promise.withResolvers<ExecResult>()
  const failed = (found: string, cause?: unknown): ClaimcheckError =>
    new ClaimcheckError('EXEC_FAILED', {
      subject,
      problem: 'did not complete',
      found,
      ...(cause === undefined ? {} : { cause }),
    })
  api.count({ verb: 'create', resource: 'pods/exec', subject })
  const connecting = new Exec(await withCredentials(api.config)).exec(
    namespace,
    pod,
    container,
    [...argv],
    stdout.stream,
    stderr.stream,
    stdin === undefined ? null : Readable.from(chunksOf(stdin)),
    false,
    (status) => {
      const exit = exitOf(status)
      if (typeof exit === 'string') ended.reject(failed(exit))
      else ended.resolve({ ...exit, stdout: stdout.text(), stderr: stderr.text() })
    },
  )
  connecting.then(
    (socket) => {
      // The status precedes the close; without one the connection is broken.
      socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) =>
        setImmediate(() => ended.reject(failed(`the connection closed with ${code} ${reason}`))),
      )
    },
    (error: unknown) => {
      const message = String((error as { message?: unknown }).message ?? error)
      if (message.includes('Unexpected server response: 403'))
        void permissionError(api, namespace, subject).then(ended.reject, ended.reject)
      else ended.reject(failed(message, error))
    },
  )
  try {
    return await withTimeout(ended.promise, { ...wait, subject, until: 'to end' })
  } finally {
    void connecting.then(
      (socket) => socket.close(),
      () => undefined,
    )
  }
}

/** The client hides the response to a rejected upgrade, so a SelfSubjectAccessReview finds the missing permission. */
async function permissionError(api: Api, namespace: string, subject: string): Promise<ClaimcheckError> {
  const [permission] = await missingPermissions(
    api,
    permissionsIn(namespace).filter(({ resource }) => resource === 'pods/exec'),
  )
  return new ClaimcheckError('RBAC_DENIED', {
    subject,
    problem:
      permission === undefined ? 'was forbidden' : `requires permission to ${describePermission(permission)}`,
    hint: MISSING_PERMISSION_HINT,
    details: { ...permission },
  })
}

interface Status {
  readonly status?: string
  readonly reason?: string
  readonly message?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] }
}

/** Returns the exit code, or a message if the command did not run to its end. */
function exitOf({ status, message = '', details }: Status): Pick<ExecResult, 'code' | 'signal'> | string {
  if (status === 'Success') return { code: 0, signal: null }
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  return code === undefined ? message : { code: Number(code), signal: null }
}

function collector(): { readonly stream: PassThrough; text(): string } {
  const stream = new PassThrough()
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => (text = `${text}${chunk}`.slice(-MAX_OUTPUT)))
  return {
    stream,
    text: () => {
      // Reads what the stream has buffered.
      for (let chunk; (chunk = stream.read() as string | null) !== null;) text += chunk
      return text
    },
  }
}

const CHUNK_BYTES = 1 << 18

function* chunksOf(data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += CHUNK_BYTES) yield data.subarray(at, at + CHUNK_BYTES)
}
