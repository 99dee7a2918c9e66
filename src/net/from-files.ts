import { readFile } from 'node:fs/promises'
import type { HttpRequest } from '../plugin/net.ts'

/** More than any token or bundle of certificates has. */
const MAX_CHARACTERS = 2 ** 20

/**
 * The request with what stands in files: a token and the authorities to trust. They are read at each
 * request, because whoever issues them replaces them while we run.
 */
export async function fromFiles(
  request: HttpRequest,
): Promise<{ readonly request: HttpRequest } | { readonly refused: string }> {
  const { bearer, ca } = request.files ?? {}
  const token = bearer === undefined ? undefined : await textOf(bearer)
  if (token === '') return { refused: `the token file ${bearer} cannot be read, or is empty` }
  const trusted = ca === undefined ? undefined : await textOf(ca)
  if (trusted === '') return { refused: `the certificate file ${ca} cannot be read, or is empty` }
  return {
    request: {
      ...request,
      ...(token !== undefined && {
        headers: { ...request.headers, authorization: `Bearer ${token}` },
      }),
      ...(trusted !== undefined && { ca: trusted }),
    },
  }
}

async function textOf(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8')
    return text.length > MAX_CHARACTERS ? '' : text.trim()
  } catch {
    return ''
  }
}
