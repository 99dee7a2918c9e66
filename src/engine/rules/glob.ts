/**
 * Whether `text` matches `pattern`, where `*` stands for any characters and `?` for one. Linear in
 * practice and at worst length × length: on a mismatch only the last `*` is widened, so no pattern
 * can make it slow the way a regular expression can.
 */
export function glob(text: string, pattern: string): boolean {
  let at = 0
  let token = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    if (pattern[token] === '*') {
      star = token
      resume = at
      token += 1
    } else if (token < pattern.length && (pattern[token] === '?' || pattern[token] === text[at])) {
      at += 1
      token += 1
    } else if (star >= 0) {
      resume += 1
      at = resume
      token = star + 1
    } else {
      return false
    }
  }
  while (pattern[token] === '*') token += 1
  return token === pattern.length
}
