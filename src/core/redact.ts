/**
 * A URL as it may stand in a sentence, a log or an error: scheme, host, port and path stay;
 * user and password are dropped, every query value becomes `…` and the fragment is dropped.
 * In RTMP URLs everything after the application, the stream key, becomes `…` too.
 * What is no absolute URL becomes its path only. Never throws.
 */
export function redactUrl(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null) return redactRelative(url)
  if (parsed.host === '' && !url.includes('//')) return `${parsed.protocol}…`
  const path = parsed.protocol.startsWith('rtmp') ? withoutStreamKey(parsed) : parsed.pathname
  // What was redacted once already stays as it reads: `…`, not its percent-encoding.
  const readable = path.replaceAll('%E2%80%A6', '…')
  return `${parsed.protocol}//${parsed.host}${readable}${redactQuery(parsed.search)}`
}

/** The name under which one publishes to RTMP is a credential: whoever knows it may publish. */
function withoutStreamKey(url: URL): string {
  return url.pathname.replace(/^(\/[^/]+)\/.+$/u, '$1/…')
}

/** Redacts every absolute URL inside a sentence that others wrote, such as a library's error. */
export function redactText(text: string): string {
  return text.replaceAll(/[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/giu, (url) => redactUrl(url))
}

function redactRelative(url: string): string {
  const fragment = url.indexOf('#')
  const plain = fragment < 0 ? url : url.slice(0, fragment)
  const query = plain.indexOf('?')
  const path = query < 0 ? plain : plain.slice(0, query)
  // Something like `//user:password@host/` or a malformed absolute URL may still carry credentials.
  const at = path.lastIndexOf('@')
  const safe = at < 0 ? path : `…@${path.slice(at + 1)}`
  return query < 0 ? safe : `${safe}${redactQuery(plain.slice(query))}`
}

function redactQuery(search: string): string {
  if (search.length <= 1) return ''
  const names = search
    .slice(1)
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=')
      // A query without `=` is often a bare token: hide it whole.
      return equals < 0 ? '…' : `${pair.slice(0, equals)}=…`
    })
  return `?${names.join('&')}`
}
