import type { NoticeFact } from '../../plugin/notice-text.ts'

interface Link {
  readonly text: string
  readonly href: string
}

/** The plain part of a mail: the headline, each fact in a paragraph, links in lines of their own. */
export function textOf(
  headline: string,
  facts: readonly NoticeFact[],
  links: readonly Link[],
): string {
  const paragraphs = facts.map(({ label, text }) => `${label}: ${text}`)
  const lines = links.map(({ text, href }) => `${text}: ${href}`)
  return `${[headline, ...paragraphs, lines.join('\n')].filter(Boolean).join('\n\n')}\n`
}

/** The same as HTML: a table without pictures, scripts or colours that carry a meaning. */
export function htmlOf(
  headline: string,
  facts: readonly NoticeFact[],
  links: readonly Link[],
): string {
  const rows = facts.map(
    ({ label, text }) =>
      `<tr><th align="left" valign="top" style="padding:4px 12px 4px 0;white-space:nowrap">${escape(label)}</th><td style="padding:4px 0">${escape(text).replaceAll('\n', '<br>')}</td></tr>`,
  )
  const anchors = links.map(({ text, href }) => `<a href="${escape(href)}">${escape(text)}</a>`)
  return [
    '<div style="font:15px/1.4 sans-serif">',
    `<p style="font-size:18px;font-weight:bold;margin:0 0 8px">${escape(headline)}</p>`,
    `<table style="border-collapse:collapse;font:inherit">${rows.join('')}</table>`,
    anchors.length === 0 ? '' : `<p>${anchors.join(' · ')}</p>`,
    '</div>',
  ].join('\n')
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
