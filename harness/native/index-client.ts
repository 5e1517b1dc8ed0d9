/**
 * Downloads one file of a project from a package index, as PEP 503 (HTML) and PEP 691 (JSON) describe it. Proxies are those
 * of pip's settings or of HTTPS_PROXY and NO_PROXY; credentials come from the URL or from ~/.netrc.
 */
import { createHash } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import tls from 'node:tls'
import type { Dispatcher, Response } from 'undici'
import { z } from 'zod'
import { readTextFile } from '../core/input-file.ts'
import type { PackageIndex } from './package-index.ts'

const LIMIT_MS = 10 * 60_000
const ACCEPT = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1'

const projectPage = z.looseObject({
  files: z.array(z.looseObject({ filename: z.string(), url: z.string() })),
})

/** Loaded at the first download, since an old Node, which the configuration of a run refuses, cannot load it. */
const undici = (): Promise<typeof import('undici')> => import('undici')

export interface WantedFile {
  /** The name of the project: `nixl-cu12`. */
  readonly project: string
  /** Whether a file of this name is the one. */
  readonly matches: (filename: string) => boolean
}

export interface Downloaded {
  readonly filename: string
  readonly sha256: string
}

/**
 * Downloads the first matching file of the first index that has one to `path`. Rejects with an Error whose message names what
 * each index answered.
 */
export async function downloadFile(index: PackageIndex, wanted: WantedFile, path: string): Promise<Downloaded> {
  const answers: string[] = []
  const dispatcher = await dispatcherFor(index)
  try {
    for (const url of index.urls) {
      const found = await findFile(url, wanted, dispatcher).catch((error: unknown) => reasonOf(error))
      if (typeof found === 'string') answers.push(`${shown(url)}: ${found}`)
      else return { filename: found.filename, sha256: await save(found.url, url, path, dispatcher) }
    }
  } finally {
    await dispatcher.close()
  }
  throw new Error(answers.length === 0 ? 'pip is set to use no index (no-index)' : answers.join('; '))
}

async function findFile(
  index: string,
  { project, matches }: WantedFile,
  dispatcher: Dispatcher,
): Promise<{ filename: string; url: string } | string> {
  const page = new URL(`${index.replace(/\/$/, '')}/${project}/`)
  const response = await get(page, page, dispatcher, ACCEPT)
  const isJson = response.headers.get('content-type')?.includes('json') === true
  const files = isJson ? projectPage.parse(await response.json()).files : linksOf(await response.text())
  const file = files.find(({ filename }) => matches(filename))
  const base = response.url === '' ? page : response.url
  return file === undefined
    ? `no matching file among the ${files.length} of ${project}`
    : { filename: file.filename, url: new URL(file.url, base).href }
}

/** The links of an HTML page of PEP 503, whose text is the name of the file. */
const linksOf = (html: string): readonly { filename: string; url: string }[] =>
  [...html.matchAll(/<a\s[^>]*href="([^"]*)"[^>]*>([^<]*)<\/a>/gi)].map(([, url = '', name = '']) => ({
    filename: name.trim(),
    url: url.replaceAll('&amp;', '&'),
  }))

/** Returns the SHA-256 of what was written. */
async function save(url: string, index: string, path: string, dispatcher: Dispatcher): Promise<string> {
  const response = await get(new URL(url), new URL(index), dispatcher, '*/*')
  if (response.body === null) throw new Error(`${shown(url)}: the answer has no body`)
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk)
      next(undefined, chunk)
    },
  })
  await pipeline(Readable.fromWeb(response.body), hashing, createWriteStream(path))
  return hash.digest('hex')
}

/** Credentials of the index are sent to its own host only. */
async function get(url: URL, index: URL, dispatcher: Dispatcher, accept: string): Promise<Response> {
  const credentials = credentialsOf(url) ?? (url.host === index.host ? credentialsOf(index) : undefined)
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  const { fetch } = await undici()
  const response = await fetch(bare, {
    dispatcher,
    signal: AbortSignal.timeout(LIMIT_MS),
    headers: { accept, ...(credentials === undefined ? {} : { authorization: `Basic ${credentials}` }) },
  })
  if (response.ok) return response
  throw new Error(`${bare.href} answers ${response.status} ${response.statusText}`.trim())
}

/** In Base64, from the URL, or else from netrc. */
function credentialsOf({ username, password, hostname }: URL): string | undefined {
  const [user, secret] =
    username === '' ? (netrcFor(hostname) ?? []) : [decodeURIComponent(username), decodeURIComponent(password)]
  return user === undefined ? undefined : Buffer.from(`${user}:${secret ?? ''}`).toString('base64')
}

function netrcFor(host: string): readonly [user: string, password: string] | undefined {
  const path = process.env['NETRC'] ?? join(homedir(), '.netrc')
  if (!existsSync(path)) return undefined
  const entry = readTextFile(path)
    .split(/\bmachine\s+/)
    .find((one) => one.split(/\s+/)[0] === host)
  const [, user] = /\blogin\s+(\S+)/.exec(entry ?? '') ?? []
  const [, password] = /\bpassword\s+(\S+)/.exec(entry ?? '') ?? []
  return user === undefined || password === undefined ? undefined : [user, password]
}

async function dispatcherFor({ proxy, certificates, timeoutMs }: PackageIndex): Promise<Dispatcher> {
  const ca =
    certificates === undefined ? undefined : [...tls.getCACertificates('default'), readTextFile(certificates)]
  const trusted = ca === undefined ? {} : { ca }
  const options = { connect: { ...trusted, timeout: timeoutMs }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs }
  const { EnvHttpProxyAgent, ProxyAgent } = await undici()
  return proxy === undefined
    ? new EnvHttpProxyAgent({ ...options, requestTls: trusted, proxyTls: trusted })
    : new ProxyAgent({ ...options, uri: proxy, requestTls: trusted, proxyTls: trusted })
}

/** Without credentials. */
function shown(text: string): string {
  const url = new URL(text)
  return `${url.origin}${url.pathname}`
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
