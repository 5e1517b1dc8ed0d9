/** What an API server, or the network before it, does to a run on a cluster. */
import type { Fault } from '../../../tests/support/fault-injecting-proxy.ts'
import type { HarnessFault } from './harness-fault.ts'

/** Answers the first `times` requests that match. */
function firstOf(times: number, pattern: RegExp, answer: Fault): Fault {
  let answered = 0
  return (request, response) => {
    if (answered >= times || !pattern.test(`${request.method} ${request.url}`)) return false
    answered++
    return answer(request, response)
  }
}

const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Fault =>
  (_request, response) => {
    response.writeHead(code, { 'Content-Type': 'application/json', ...headers })
    response.end(
      JSON.stringify({
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        code,
        message: `injected ${code}`,
      }),
    )
    return true
  }

const reset: Fault = (_request, response) => {
  response.destroy()
  return true
}

const html: Fault = (_request, response) => {
  response.writeHead(418, { 'Content-Type': 'text/html' })
  response.end('<h1>teapot</h1>')
  return true
}

/** Refuses every connection for so many milliseconds from the first request on. */
function away(milliseconds: number): Fault {
  let until: number | undefined
  return (request, response) => {
    until ??= performance.now() + milliseconds
    return performance.now() < until && reset(request, response)
  }
}

const ANY = /./
const WRITE = /^(PATCH|POST) /
const unchanged = { exits: [0], codes: ['passed'] }

export const API_FAULTS: readonly HarnessFault[] = (
  [
    [
      '429 with Retry-After, three times',
      'from the start',
      () => firstOf(3, WRITE, status(429, { 'Retry-After': '1' })),
      unchanged,
    ],
    [
      '500 to a write, twice',
      'from the start',
      () => firstOf(2, WRITE, status(500)),
      { exits: [0, 3], codes: ['passed', 'API_REFUSED'] },
    ],
    [
      '503 to a read, three times',
      'from the start',
      () => firstOf(3, /^GET /, status(503)),
      { exits: [0, 3], codes: ['passed', 'API_REFUSED', 'API_UNREACHABLE'] },
    ],
    [
      'connection reset by every request, four times',
      'from the start',
      () => firstOf(4, ANY, reset),
      unchanged,
    ],
    ['connection reset while pods run, four times', 'running', () => firstOf(4, ANY, reset), unchanged],
    [
      '410 to every watch, three times',
      'from the start',
      () => firstOf(3, /watch=true/, status(410)),
      unchanged,
    ],
    ['away for 4 s', 'scheduling', () => away(4_000), unchanged],
    ['away for 4 s', 'releasing', () => away(4_000), unchanged],
    [
      '403 to the Namespace',
      'from the start',
      () => firstOf(9, /^PATCH \/api\/v1\/namespaces\//, status(403)),
      { exits: [3], codes: ['RBAC_DENIED', 'API_REFUSED'] },
    ],
    [
      '403 to pods',
      'from the start',
      () => firstOf(99, /^(PATCH|POST) .*\/pods/, status(403)),
      { exits: [3], codes: ['RBAC_DENIED', 'API_REFUSED'] },
    ],
    [
      'a page of a proxy to everything',
      'from the start',
      () => html,
      { exits: [3], codes: ['API_REFUSED', 'API_UNREACHABLE'] },
    ],
    ['gone for good', 'from the start', () => reset, { exits: [3], codes: ['API_UNREACHABLE'] }],
    ['gone for good', 'running', () => reset, { exits: [3], codes: ['API_UNREACHABLE'], swept: true }],
  ] as const
).map(([fault, phase, api, end]): HarnessFault => ({
  target: 'cluster',
  fault: `API: ${fault}`,
  phase,
  api,
  ...end,
}))
