import { resolveUri } from '../m3u8/model.ts'

/** What the identifiers of a template stand for. */
export interface TemplateValues {
  readonly id: string
  readonly bandwidth: number | undefined
  readonly number: number
  readonly time: bigint
}

const widest = 40

/**
 * Puts values in place of `$RepresentationID$`, `$Number%05d$`, `$Time$`, `$Bandwidth$` and `$$`
 * (ISO/IEC 23009-1, 5.3.9.4.4). Identifiers that are not known stay as they are.
 */
export function fillTemplate(template: string, values: TemplateValues): string {
  return template.replaceAll(
    /\$(?:(RepresentationID|Number|Time|Bandwidth)(?:%0(\d{1,2})[diu])?)?\$/gu,
    (whole, name: string | undefined, width: string | undefined) => {
      const padded = (value: string) => value.padStart(Math.min(widest, Number(width ?? 1)), '0')
      switch (name) {
        case undefined:
          return '$'
        case 'RepresentationID':
          return values.id
        case 'Number':
          return padded(String(values.number))
        case 'Time':
          return padded(String(values.time))
        case 'Bandwidth':
          return values.bandwidth === undefined ? whole : padded(String(values.bandwidth))
        default:
          return whole
      }
    },
  )
}

/** An absolute http or https URL of a reference; `undefined` where it is none. */
export function resolveUrl(reference: string, base: string): string | undefined {
  return resolveUri(reference, base)
}
