import type { Lookalike } from './model.ts'

/** Guesses from its first bytes what a body is that was expected to be a playlist. */
export function lookalike(body: Buffer | string): Lookalike {
  const head = typeof body === 'string' ? body.slice(0, 512) : body.toString('utf8', 0, 512)
  const text = head
    .replace(/^\uFEFF/u, '')
    .trimStart()
    .toLowerCase()
  if (text === '') return 'empty'
  // eslint-disable-next-line no-control-regex -- control characters are what tells binary from text
  if (/[\u0000-\u0008\u000E-\u001F\uFFFD]/u.test(text)) return 'binary'
  if (
    text.startsWith('<!doctype html') ||
    text.startsWith('<html') ||
    /<(?:head|body)\b/u.test(text)
  ) {
    return 'html'
  }
  if (text.startsWith('<')) return 'xml'
  if (text.startsWith('{') || text.startsWith('[')) return 'json'
  return 'text'
}
