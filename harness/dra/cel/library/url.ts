/** Kubernetes' URL functions in CEL: `url("https://host:443/path?x=y").getHost()`. Absolute URLs and absolute paths. */
import { type Environment, EvaluationError } from '@marcbachmann/cel-js'

class KubernetesUrl {
  readonly scheme: string
  readonly url: URL

  constructor(text: string) {
    const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
    this.scheme = absolute ? text.slice(0, text.indexOf(':')).toLowerCase() : ''
    // The scheme is swapped for one without a default port, which URL would drop.
    this.url = new URL(absolute ? `cel${text.slice(text.indexOf(':'))}` : `cel://${text}`)
    if (!absolute && !text.startsWith('/'))
      throw new TypeError('neither an absolute URL nor an absolute path')
  }
}

export function registerUrl(env: Environment): void {
  const type = 'kubernetes.URL'
  env
    .registerType(type, KubernetesUrl)
    .registerFunction(`url(string): ${type}`, parse)
    .registerFunction('isURL(string): bool', (text: string) => tryParse(text) instanceof KubernetesUrl)
    .registerFunction(`${type}.getScheme(): string`, ({ scheme }: KubernetesUrl) => scheme)
    .registerFunction(`${type}.getHost(): string`, ({ url }: KubernetesUrl) => url.host)
    .registerFunction(`${type}.getHostname(): string`, ({ url }: KubernetesUrl) =>
      url.hostname.replace(/^\[(.*)\]$/, '$1'),
    )
    .registerFunction(`${type}.getPort(): string`, ({ url }: KubernetesUrl) => url.port)
    .registerFunction(`${type}.getEscapedPath(): string`, ({ url }: KubernetesUrl) => url.pathname)
    .registerFunction(`${type}.getQuery(): map<string, list<string>>`, ({ url }: KubernetesUrl) => {
      const names = new Set(url.searchParams.keys())
      return new Map([...names].map((name) => [name, url.searchParams.getAll(name)]))
    })
}

function parse(text: string): KubernetesUrl {
  const url = tryParse(text)
  if (url instanceof KubernetesUrl) return url
  throw new EvaluationError({ message: `"${text}" is not a URL: ${url.message}`, cause: url })
}

function tryParse(text: string): KubernetesUrl | Error {
  try {
    return new KubernetesUrl(text)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
