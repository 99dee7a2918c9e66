import { createHash } from 'node:crypto'

/** What stands in a file that we write. */
export interface UpstreamText {
  readonly group: string
  readonly upstream: string
  readonly context: 'http' | 'stream'
  /** Where the workers say which file they serve: an address for `listen`. */
  readonly status: string
  /** Directives before the servers, such as `least_conn`. */
  readonly settings: readonly string[]
  /** More of every server line, such as `max_fails=0`. */
  readonly parameters: string
  readonly servers: readonly {
    readonly path: string
    readonly address: string
    readonly weight: number
  }[]
}

/** A file as it was found. */
export interface UpstreamFile {
  /** The group that our mark names and the digest that it gives, where the file bears it unchanged. */
  readonly mark?: { readonly group: string; readonly digest: string }
  /** The mark is there, and the text is not what it was made for. */
  readonly isEdited: boolean
  /** Weight of each server of the upstream by address, 0 for one that is down; absent without upstream. */
  readonly weights?: ReadonlyMap<string, number>
}

const blank = '0'.repeat(16)
const markLine = /^# Written by changeover for (\S+); edits are noticed\. ([0-9a-f]{16})$/mu

/** The text of an upstream file, and the digest in it. */
export function renderUpstream(text: UpstreamText): {
  readonly text: string
  readonly digest: string
} {
  const lines = text.servers.map(({ path, address, weight }) => {
    const share = weight === 0 ? 'down' : `weight=${weight}`
    const more = text.parameters === '' ? '' : ` ${text.parameters}`
    return `    server ${address} ${share}${more}; # ${path}`
  })
  const weights = text.servers.map(({ path, weight }) => `${path}=${weight}`).join(' ')
  const answer = `return ${text.context === 'http' ? '200 ' : ''}"changeover ${blank} ${weights} worker $pid\\n";`
  const body = [
    `# Written by changeover for ${text.group}; edits are noticed. ${blank}`,
    `upstream ${text.upstream} {`,
    ...text.settings.map((each) => `    ${each};`),
    ...lines,
    '}',
    'server {',
    `    listen ${text.status};`,
    '    access_log off;',
    text.context === 'http'
      ? `    location / { default_type text/plain; ${answer} }`
      : `    ${answer}`,
    '}',
    '',
  ].join('\n')
  const digest = digestOf(body)
  return { text: body.replaceAll(blank, digest), digest }
}

/** Reads an upstream file, ours or somebody else's. */
export function parseUpstream(text: string, upstream: string): UpstreamFile {
  const match = markLine.exec(text)
  const [, group, digest] = match ?? []
  const isWhole = digest !== undefined && digestOf(text.replaceAll(digest, blank)) === digest
  const weights = weightsOf(text, upstream)
  return {
    isEdited: match !== null && !isWhole,
    ...(isWhole && group !== undefined && { mark: { group, digest } }),
    ...(weights !== undefined && { weights }),
  }
}

/** The first 64 bits of SHA-256, in hexadecimal: against mistakes, not against forgers. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** What a worker says of the file that it serves; `undefined` for any other answer. */
export function parseStatus(
  answer: string,
): { readonly digest: string; readonly weights: ReadonlyMap<string, number> } | undefined {
  const match = /(?:^|\n)changeover ([0-9a-f]{16}) ([a-z0-9=\- ]+) worker \d+\n/u.exec(answer)
  if (match?.[1] === undefined || match[2] === undefined) return undefined
  return { digest: match[1], weights: parseWeights(match[2]) }
}

/** `cdn-a=75 cdn-b=25`. */
export function parseWeights(text: string): ReadonlyMap<string, number> {
  return new Map(
    text.split(' ').map((part): [string, number] => {
      const [path = '', weight = ''] = part.split('=')
      return [path, Number(weight)]
    }),
  )
}

/** The servers of an `upstream` block (ngx_http_upstream_module, "server"): weight 1 if not said. */
function weightsOf(text: string, upstream: string): ReadonlyMap<string, number> | undefined {
  const bare = text.replaceAll(/#.*$/gmu, '')
  const blocks = [...bare.matchAll(/(?:^|[\s;}])upstream\s+"?([^\s"{]+)"?\s*\{([^}]*)\}/gu)]
  const block = blocks.find(([, name]) => name === upstream)?.[2]
  if (block === undefined) return undefined
  const weights = new Map<string, number>()
  for (const statement of block.split(';')) {
    const [directive, address, ...parameters] = statement.trim().split(/\s+/u)
    if (directive !== 'server' || address === undefined) continue
    const weight = parameters.map((each) => /^weight=(\d+)$/u.exec(each)?.[1]).find(Boolean)
    const isOut = parameters.includes('down') || parameters.includes('backup')
    weights.set(address, isOut ? 0 : Number(weight ?? 1))
  }
  return weights
}
