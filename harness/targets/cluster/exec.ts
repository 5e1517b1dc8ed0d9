/**
 * A command in a container that runs. Takes a command line and perhaps its input; gives exit code and output, or an error
 * within the deadline.
 */
import { PassThrough, Readable } from 'node:stream'
import { Exec } from '@kubernetes/client-node'
import { withTimeout } from '../../core/timeout.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { ExecResult, Wait } from '../../scheduling/pod.ts'
import type { Api } from './api-client.ts'
import { MISSING_PERMISSION_HINT } from './api-error.ts'
import { describePermission, missingPermissions, PERMISSIONS } from './permissions.ts'

/** Of each stream; what is more is cut from the front. */
const MOST_OUTPUT = 1_000_000

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
  const refused = (found: string, cause?: unknown): ClaimcheckError =>
    new ClaimcheckError('EXEC_FAILED', {
      subject,
      problem: 'did not get to its end',
      found,
      ...(cause === undefined ? {} : { cause }),
    })
  const right = { verb: 'create', resource: 'pods/exec', subject }
  api.count(right)
  const connecting = new Exec(api.config).exec(
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
      if (typeof exit === 'string') ended.reject(refused(exit))
      else ended.resolve({ ...exit, stdout: stdout.text(), stderr: stderr.text() })
    },
  )
  connecting.then(
    (socket) => {
      // The status comes before the close; a close without one is a connection that broke.
      socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) =>
        setImmediate(() => ended.reject(refused(`the connection closed with ${code} ${reason}`))),
      )
    },
    (error: unknown) => {
      const message = String((error as { message?: unknown }).message ?? error)
      if (message.includes('Unexpected server response: 403'))
        void forbidden(api, subject).then(ended.reject, ended.reject)
      else ended.reject(refused(message, error))
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

/** The answer to a refused upgrade is not to be had; the API server is asked which right it was. */
async function forbidden(api: Api, subject: string): Promise<ClaimcheckError> {
  const [right] = await missingPermissions(
    api,
    PERMISSIONS.filter(({ resource }) => resource === 'pods/exec'),
  )
  return new ClaimcheckError('RBAC_DENIED', {
    subject,
    problem: right === undefined ? 'was forbidden' : `needs the right to ${describePermission(right)}`,
    hint: MISSING_PERMISSION_HINT,
    details: { ...right },
  })
}

interface Status {
  readonly status?: string
  readonly reason?: string
  readonly message?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] }
}

/** Or why there is none. */
function exitOf({ status, message = '', details }: Status): Pick<ExecResult, 'code' | 'signal'> | string {
  if (status === 'Success') return { code: 0, signal: null }
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  return code === undefined ? message : { code: Number(code), signal: null }
}

function collector(): { readonly stream: PassThrough; text(): string } {
  const stream = new PassThrough()
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => (text = `${text}${chunk}`.slice(-MOST_OUTPUT)))
  return {
    stream,
    text: () => {
      // What is written and not yet read.
      for (let chunk; (chunk = stream.read() as string | null) !== null;) text += chunk
      return text
    },
  }
}

const CHUNK = 1 << 18

function* chunksOf(data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += CHUNK) yield data.subarray(at, at + CHUNK)
}
