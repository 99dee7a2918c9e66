/** What the caller may do, as the server says. */
export interface Session {
  readonly role: 'none' | 'viewer' | 'operator'
  readonly name?: string
  readonly canRead: boolean
  readonly canChange: boolean
}

/** An error as the API words it. */
export class ApiFailure extends Error {
  readonly code: string
  readonly todo: string
  /** The guard that vetoes, where it can be bypassed. */
  readonly guard: string | undefined

  constructor(code: string, says: string, todo: string, guard?: string) {
    super(says)
    this.code = code
    this.todo = todo
    this.guard = guard
  }
}

const tokenKey = 'changeover-token'

/** Keeps the token for this tab only; an empty one forgets it. */
export function rememberToken(token: string): void {
  if (token === '') sessionStorage.removeItem(tokenKey)
  else sessionStorage.setItem(tokenKey, token)
}

/** Whether this tab has a token. */
export function hasToken(): boolean {
  return sessionStorage.getItem(tokenKey) !== null
}

/** The address of a group's command or view; names may hold anything. */
export function groupAddress(group: string, command: string): string {
  const [stream = '', name = ''] = group.split('/')
  return `/api/v1/groups/${encodeURIComponent(stream)}/${encodeURIComponent(name)}/${command}`
}

/** Asks the API; rejects with `ApiFailure` for whatever is not a success. */
export async function ask(
  path: string,
  options: {
    readonly method?: string
    readonly body?: unknown
    readonly signal?: AbortSignal
  } = {},
): Promise<Response> {
  const { method = 'GET', body, signal } = options
  const token = sessionStorage.getItem(tokenKey)
  const headers = new Headers()
  if (token !== null) headers.set('authorization', `Bearer ${token}`)
  if (method !== 'GET') headers.set('content-type', 'application/json')
  const response = await fetch(path, {
    method,
    headers,
    cache: 'no-store',
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  }).catch(() => {
    throw new ApiFailure('offline', 'Changeover does not answer.', 'Check that it runs; try again.')
  })
  if (response.ok) return response
  throw await failure(response)
}

/** Asks the API and reads its JSON. */
export async function askJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, signal === undefined ? {} : { signal })
  return (await response.json()) as T
}

/** What the API says of a change that was made. */
export interface Done {
  readonly says: string
  /** Of the drill that began. */
  readonly id?: string
}

/** Sends a change; gives the sentence of success. */
export async function send(path: string, body: unknown, method = 'POST'): Promise<Done> {
  const response = await ask(path, { method, body })
  return (await response.json()) as Done
}

/** Any error as one that can be shown. */
export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error
  return new ApiFailure('page', 'The page made an error.', 'Load it again.')
}

async function failure(response: Response): Promise<ApiFailure> {
  try {
    const { error } = (await response.json()) as {
      error: { code: string; says: string; todo: string; guard?: string }
    }
    return new ApiFailure(error.code, error.says, error.todo, error.guard)
  } catch {
    return new ApiFailure('answer', `The server answered ${response.status}.`, 'Try again.')
  }
}
