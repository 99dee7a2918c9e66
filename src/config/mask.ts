/** A stretch of the file, by offsets, and what is quoted in its place. */
export interface Mask {
  readonly start: number
  readonly end: number
  readonly shows: string
}

const secretName =
  /pass(?:word|wd|phrase|code)?$|secret|token|credential|authorization|cookie|headers$|(?:^|[_-])(?:key|auth|pin)$|apikey/iu

/** Whether a key's name says that its value is a secret. */
export function isSecretName(name: string): boolean {
  return secretName.test(name)
}

/**
 * A text as errors may show it. Of a URL only scheme and host are shown: paths of webhooks and
 * stream keys are credentials too. A text with an `@` may hold a password and is not shown.
 */
export function showText(text: string): string {
  if (text.includes('://')) {
    const url = URL.parse(text)
    return url === null ? '…' : `${url.protocol}//${url.host}/…`
  }
  return text.includes('@') ? '…' : text
}

/** Part of the file from `start` to `end` with everything masked that must not be shown. */
export function maskRange(
  text: string,
  start: number,
  end: number,
  masks: readonly Mask[],
): string {
  const touching = masks
    .filter((mask) => mask.start < end && mask.end > start)
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
  let result = ''
  let at = start
  for (const mask of touching) {
    if (mask.end <= at) continue
    result += text.slice(at, Math.max(at, mask.start))
    result += mask.shows
    at = Math.min(mask.end, end)
  }
  return result + text.slice(Math.min(at, end), end)
}

/**
 * Hides by the look of it, for text that is no YAML or stands where a key should: what follows a
 * name that says secret, URLs, and what ends in an `@`. Long text is not shown at all.
 */
export function maskByLook(text: string): string {
  if (text.length > 2_000) return '…'
  return text
    .replaceAll(/(?<![\w-])([\w-]+)(["'\s:=]+)(\S.*)$/gmu, maskAfterName)
    .replaceAll(/(?<!\w)\w[\w.+-]*:\/\/[^\s"'<>]+/gu, (url) => showText(url))
    .replaceAll(/(?<![^\s"'/])[^\s"'/]+@/gu, '…@')
}

function maskAfterName(whole: string, name: string, between: string, rest: string): string {
  if (isSecretName(name)) return `${name}${between}…`
  return `${name}${between}${maskByLook(rest)}`
}
