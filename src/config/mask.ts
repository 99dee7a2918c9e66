/** A stretch of the file, by offsets, and what is quoted in its place. */
export interface Mask {
  readonly start: number
  readonly end: number
  readonly shows: string
}

const secretName =
  /pass(?:word|wd|phrase|code)?$|secret|token|credential|authorization|cookie|(?:^|[_-])(?:key|auth|pin)$|apikey/iu

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
    .toSorted((a, b) => a.start - b.start)
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

/** For text that is no YAML: hides by the look of it, because there is no tree to go by. */
export function maskByLook(line: string): string {
  return line
    .replaceAll(/([\w-]+)("?'?\s*[:=]\s*)(\S.*)$/gu, (whole, name: string, colon: string) =>
      isSecretName(name) ? `${name}${colon}…` : whole,
    )
    .replaceAll(/[\w.+-]+:\/\/[^\s"'<>]+/gu, (url) => showText(url))
    .replaceAll(/[^\s"'/]+@/gu, '…@')
}
