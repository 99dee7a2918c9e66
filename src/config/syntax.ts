import type { Document, LineCounter, YAMLError } from 'yaml'
import type { Problem } from './document.ts'

const maxReported = 10

/** Our words where the parser's are about its tokens, or quote the text. */
const sentences: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'tabs cannot indent YAML; use spaces',
  MULTIPLE_DOCS: 'expected one document; remove what follows the --- line',
  UNEXPECTED_TOKEN:
    'this does not belong here; look for a missing quote, colon or wrong indentation',
  BLOCK_AS_IMPLICIT_KEY: 'a second "key: value" in one line; break the line, or quote the value',
  MULTILINE_IMPLICIT_KEY: 'a key must stand in one line; look for a missing colon or quote above',
  RESOURCE_EXHAUSTION: 'nested too deeply',
  TAG_RESOLVE_FAILED: 'tags (!name) are not supported',
  BAD_DIRECTIVE: 'directives (%name) are not supported',
  BAD_DQ_ESCAPE: 'invalid escape in a double-quoted text; use single quotes or \\\\',
  BAD_ALIAS: 'an alias or anchor needs a name',
}

/**
 * What the YAML parser refuses, one problem for each line and at most ten, because one mistake
 * makes many. The parser's warnings (unknown tags and directives) are refused too.
 */
export function syntaxProblems(document: Document, text: string, lines: LineCounter): Problem[] {
  const seen = new Set<number>()
  const problems: Problem[] = []
  const all = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])
  for (const error of all) {
    const { line } = lines.linePos(error.pos[0])
    if (seen.has(line) || problems.length === maxReported) continue
    seen.add(line)
    problems.push({
      path: [],
      offset: error.pos[0],
      says: sentence(error, lineOf(text, error.pos[0])),
    })
    if (error.code === 'RESOURCE_EXHAUSTION') break
  }
  return problems
}

function sentence(error: YAMLError, line: string): string {
  if (error.code === 'UNEXPECTED_TOKEN' && /[{[,].*[^'"]\$\{/u.test(line)) {
    return 'inside { } and [ ] a text with ${…} must be quoted'
  }
  return sentences[error.code] ?? lowerFirst(error.message)
}

function lineOf(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const end = text.indexOf('\n', offset)
  return text.slice(start, end < 0 ? text.length : end)
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
