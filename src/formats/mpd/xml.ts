import sax from 'sax'

/** One element. Names are without their prefix, except `xlink:href` and the like of attributes. */
export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
  /** Its own text, without that of its children, trimmed. */
  readonly text: string
  /** The line of its start tag, counted from 1. */
  readonly line: number
}

/** A document, or why it is none. */
export type XmlResult =
  | {
      readonly root: Element
      /** The first thing that strict XML forbids; what could be understood was read all the same. */
      readonly malformed: { readonly line: number; readonly says: string } | undefined
    }
  | { readonly refused: string; readonly line: number }

/** A day of a presentation with a timeline of its own for each of a few streams stays below this. */
const mostElements = 250_000
const deepest = 32
/** More faults than this and the document is not XML at all. */
const mostFaults = 100
const longestText = 16_384
const chunkSize = 65_536

interface Building {
  name: string
  attributes: Readonly<Record<string, string>>
  children: Building[]
  text: string
  line: number
}

/**
 * Reads an XML document whose root is called `rootName`: strictly first, and where strict XML ends,
 * on from there, with what was wrong. A document type is refused, so there are no entities but the
 * five of XML; nothing is ever loaded. Size, depth and faults are bounded, and nothing makes it throw.
 */
export function readXml(text: string, rootName: string): XmlResult {
  const parser = sax.parser(true, { trim: false, normalize: false, xmlns: false, position: true })
  const builder = new Builder(rootName, () => parser.line + 1)
  const take = (part: string) => builder.text(part)
  Object.assign(parser, {
    onerror(error: Error) {
      builder.fault(error.message.split('\n')[0]?.slice(0, 80) ?? 'malformed')
      // What follows is read all the same, as players do.
      Reflect.set(parser, 'error', null)
    },
    ondoctype: () => builder.refuse('has a document type, which is refused'),
    onopentag: (tag: sax.Tag) => builder.open(tag),
    onclosetag: () => builder.close(),
    ontext: take,
    oncdata: take,
  })
  for (let at = 0; at < text.length && builder.refused === undefined; at += chunkSize) {
    parser.write(text.slice(at, at + chunkSize))
  }
  if (builder.refused === undefined) parser.close()
  return builder.result()
}

/** Builds the tree from what the parser meets, within its limits. */
class Builder {
  readonly #rootName: string
  readonly #line: () => number
  readonly #open: Building[] = []
  #root: Building | undefined
  #malformed: { readonly line: number; readonly says: string } | undefined
  #elements = 0
  #faults = 0
  refused: { readonly refused: string; readonly line: number } | undefined

  constructor(rootName: string, line: () => number) {
    this.#rootName = rootName
    this.#line = line
  }

  refuse(says: string): void {
    this.refused ??= { refused: says, line: this.#line() }
  }

  fault(says: string): void {
    this.#malformed ??= { line: this.#line(), says }
    if (++this.#faults > mostFaults) this.refuse('is not XML')
  }

  open(tag: sax.Tag): void {
    if (this.refused !== undefined) return
    if (++this.#elements > mostElements)
      return this.refuse(`has more than ${mostElements} elements`)
    if (this.#open.length >= deepest)
      return this.refuse(`is nested deeper than ${deepest} elements`)
    const name = tag.name.slice(tag.name.indexOf(':') + 1)
    const element: Building = {
      name,
      attributes: tag.attributes,
      children: [],
      text: '',
      line: this.#line(),
    }
    const parent = this.#open.at(-1)
    if (parent !== undefined) parent.children.push(element)
    else if (this.#root === undefined) {
      if (name !== this.#rootName) return this.refuse(`has the root <${name.slice(0, 24)}>`)
      this.#root = element
    }
    this.#open.push(element)
  }

  close(): void {
    const element = this.#open.pop()
    if (element !== undefined) element.text = element.text.trim()
  }

  text(part: string): void {
    const element = this.#open.at(-1)
    if (element !== undefined && element.text.length < longestText) element.text += part
  }

  result(): XmlResult {
    if (this.refused !== undefined) return this.refused
    if (this.#root === undefined) return { refused: 'has no element', line: 1 }
    return { root: this.#root, malformed: this.#malformed }
  }
}

/** The children of an element with this name. */
export function all(element: Element, name: string): readonly Element[] {
  return element.children.filter((child) => child.name === name)
}

/** The first child with this name. */
export function first(element: Element | undefined, name: string): Element | undefined {
  return element?.children.find((child) => child.name === name)
}
