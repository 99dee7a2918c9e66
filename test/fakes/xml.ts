import { parser, type SAXParser } from 'sax'

/** An element of an XML document: its name, its text, and what it contains. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  text: string
}

/** Reads a document strictly; throws for what is no XML. */
export function parseXml(source: string): XmlElement {
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  const reader = parser(true)
  const handlers: Partial<SAXParser> = {
    onerror(error) {
      throw error
    },
    onopentag({ name, attributes }) {
      const element = {
        name,
        attributes: attributes as Record<string, string>,
        children: [],
        text: '',
      }
      open.at(-1)?.children.push(element)
      open.push(element)
    },
    onclosetag: () => void open.pop(),
    ontext(text) {
      const element = open.at(-1)
      if (element !== undefined) element.text += text
    },
  }
  Object.assign(reader, handlers)
  reader.write(source).close()
  const [document] = root.children
  if (document === undefined) throw new Error('no element')
  return document
}

/** `<name>text</name>` for each entry, nested for objects, repeated for lists; `undefined` left out. */
export function toXml(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map(toXml).join('')
  if (typeof value !== 'object') return escape(`${value as string | number | boolean}`)
  return Object.entries(value)
    .map(([name, each]) => {
      if (each === undefined) return ''
      if (Array.isArray(each)) return each.map((one) => `<${name}>${toXml(one)}</${name}>`).join('')
      return `<${name}>${toXml(each)}</${name}>`
    })
    .join('')
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
