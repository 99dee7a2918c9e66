import { decimalInteger } from './attributes.ts'
import { limits, type TagHandler } from './draft.ts'
import { quoteValue } from './report.ts'

const defineTag: TagHandler = (draft, value, line) => {
  if (draft.variables.size >= limits.variables) return
  const attributes = draft.attributes('EXT-X-DEFINE', value, line)
  const name = attributes.get('NAME') ?? attributes.get('IMPORT') ?? attributes.get('QUERYPARAM')
  if (name === undefined) {
    draft.report.add('error', 'missing-attribute', 'EXT-X-DEFINE names no variable.', line)
    return
  }
  const defined = attributes.has('NAME')
    ? attributes.get('VALUE')
    : attributes.has('IMPORT')
      ? draft.imports?.get(name)
      : (URL.parse(draft.url ?? '')?.searchParams.get(name) ?? undefined)
  if (defined !== undefined) draft.variables.set(name, defined.slice(0, 4_096))
  else {
    // The name may be a parameter of a signed URL, but never its value: safe to say.
    const says = `EXT-X-DEFINE has no value for ${quoteValue(name)}.`
    draft.report.add('error', 'undefined-variable', says, line)
  }
}

/** The tags that both kinds of playlist may carry (rfc8216bis 4.4.1 and 4.4.2). */
export const commonTags: readonly (readonly [string, TagHandler])[] = [
  [
    '#EXT-X-VERSION',
    (draft, value, line) => {
      const version = decimalInteger(value)
      if (version === undefined || version === 0) {
        const says = `EXT-X-VERSION is no positive integer: ${quoteValue(value)}.`
        draft.report.add('warning', 'bad-version', says, line)
      } else draft.version = version
    },
  ],
  [
    '#EXT-X-INDEPENDENT-SEGMENTS',
    (draft) => {
      draft.independentSegments = true
    },
  ],
  [
    '#EXT-X-START',
    (draft, value, line) => {
      const attributes = draft.attributes('EXT-X-START', value, line)
      const offset = Number(draft.required(attributes, 'TIME-OFFSET', 'EXT-X-START', line))
      if (!Number.isFinite(offset)) return
      draft.start = { timeOffset: offset, precise: attributes.get('PRECISE') === 'YES' }
    },
  ],
  ['#EXT-X-DEFINE', defineTag],
]
