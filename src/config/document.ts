import { LineCounter, isAlias, isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml'
import type { Alias, Node, Scalar, YAMLMap } from 'yaml'
import { isSecretName, maskByLook, showText } from './mask.ts'
import type { Mask } from './mask.ts'
import { substitute } from './substitute.ts'
import type { SecretSources } from './substitute.ts'
import { syntaxProblems } from './syntax.ts'

/** The way to a value from the top of the file: keys of maps and positions in lists. */
export type Path = readonly (string | number)[]

/** Something wrong (or worth a warning) at one place of the file. */
export interface Problem {
  readonly path: Path
  /** Point at the key in place of the value, as for an unknown key. */
  readonly atKey?: boolean
  /** Nobody knows what the value is, so it may be a secret under a misspelt key: never quote it. */
  readonly hidesValue?: boolean
  /** Offset in the text, where it is not the place of `path`. */
  readonly offset?: number
  readonly says: string
}

/** Offsets in the text at which a key and its value begin, and where the value ends. */
interface Place {
  readonly key?: number
  readonly value: number
  readonly end: number
}

/** A configuration file as plain data, with what is needed to point at any part of it. */
export interface ConfigDocument {
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** The text is no YAML: `value` is a guess and must not be judged. */
  readonly broken: boolean
  readonly lines: LineCounter
  readonly places: ReadonlyMap<string, Place>
  /** Keys of each map as the file orders them: objects sort keys that look like numbers. */
  readonly order: ReadonlyMap<string, readonly string[]>
  /** Values whose substitution failed: they have no value to judge. */
  readonly unresolved: ReadonlySet<string>
  /** Values that must not be shown, by place. */
  readonly secretPlaces: ReadonlySet<string>
  /** Texts that must not be shown anywhere, the longest first. */
  readonly secrets: readonly string[]
  /** Stretches of the file that must not be quoted. */
  readonly masks: readonly Mask[]
}

/** A key for maps of places. */
export function placeKey(path: Path): string {
  return path.join('\0')
}

/** A scalar that holds no secret itself but only says where it stands. */
const onlyReferences = /^(?:\$\{[^}]*\})+$/u

const maxText = 1_048_576
const maxNodes = 50_000
const maxDepth = 40

/**
 * Reads YAML 1.2 (core schema, one document, merge keys allowed) into plain data and substitutes
 * `${…}` on its scalars. Never throws. Text over 1 MiB, more than 50,000 values after expanding
 * aliases, and nesting deeper than 40 are refused.
 */
export function readDocument(text: string, sources: SecretSources): ConfigDocument {
  const lines = new LineCounter()
  if (text.length > maxText) return refused(lines, 'the file is longer than 1 MiB')
  if (nestsTooDeep(text)) return refused(lines, tooDeep)
  const options = {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    schema: 'core',
  } as const
  const document = parseDocument(text, options)
  const syntax = syntaxProblems(document, text, lines)
  const reader = new Reader(sources, lines)
  const value = document.contents === null ? null : reader.read(document.contents, [], false, 0)
  const broken = syntax.length > 0
  // In broken text the tree only serves to know what to mask.
  return { ...reader.result(), value, broken, lines, problems: broken ? syntax : reader.problems }
}

const tooDeep = `nested deeper than ${maxDepth} levels`

function refused(lines: LineCounter, says: string): ConfigDocument {
  return {
    value: null,
    problems: [{ path: [], says }],
    broken: true,
    lines,
    places: new Map(),
    order: new Map(),
    unresolved: new Set(),
    secretPlaces: new Set(),
    secrets: [],
    masks: [],
  }
}

/**
 * Whether brackets or dashes nest as no configuration does. The parser recurses on them, and its
 * work grows with the square of the depth, so such text is refused before it starts. Quotes are
 * not looked at: so many brackets left open in texts are no configuration either.
 */
function nestsTooDeep(text: string): boolean {
  if (/(?:[-?:][ \t]+){64}/u.test(text)) return true
  let depth = 0
  for (const [bracket] of text.matchAll(/[[\]{}]/gu)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1)
    if (depth > 2 * maxDepth) return true
  }
  return false
}

class Reader {
  readonly problems: Problem[] = []
  readonly #places = new Map<string, Place>()
  readonly #order = new Map<string, string[]>()
  readonly #unresolved = new Set<string>()
  readonly #secretPlaces = new Set<string>()
  readonly #secrets = new Set<string>()
  readonly #masks: Mask[] = []
  readonly #sources: SecretSources
  readonly #lines: LineCounter
  readonly #open = new Set<Node>()
  readonly #anchors = new Map<string, Node>()
  #expanding = 0
  #nodes = 0

  constructor(sources: SecretSources, lines: LineCounter) {
    this.#sources = sources
    this.#lines = lines
  }

  result() {
    return {
      places: this.#places,
      order: this.#order,
      unresolved: this.#unresolved,
      secretPlaces: this.#secretPlaces,
      secrets: [...this.#secrets]
        .filter((text) => text !== '')
        .toSorted((a, b) => b.length - a.length),
      masks: this.#masks,
    }
  }

  /** The plain value of a node. `secret`: the key above it says that it must not be shown. */
  read(node: unknown, path: Path, secret: boolean, depth: number): unknown {
    this.#nodes += 1
    if (this.#nodes > maxNodes) return this.#refuse(path, `more than ${maxNodes} values`)
    if (depth > maxDepth) return this.#refuse(path, tooDeep)
    if (isNode(node)) this.#place(path, node)
    if (isAlias(node)) return this.#readAlias(node, path, secret, depth)
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return null
    // Aliases are resolved here: the library searches the whole document for each.
    if (node.anchor !== undefined && this.#expanding === 0) this.#anchors.set(node.anchor, node)
    if (isScalar(node)) return this.#readScalar(node, path, secret)
    this.#open.add(node)
    const value = isMap(node)
      ? this.#readMap(node, path, secret, depth)
      : node.items.map((item, index) => this.read(item, [...path, index], secret, depth + 1))
    this.#open.delete(node)
    return value
  }

  #refuse(path: Path, says: string): null {
    if (!this.problems.some((problem) => problem.says === says)) this.problems.push({ path, says })
    this.#unresolved.add(placeKey(path))
    return null
  }

  #place(path: Path, node: Node): void {
    const key = placeKey(path)
    const known = this.#places.get(key)
    const start = node.range?.[0] ?? known?.key ?? 0
    this.#places.set(key, { ...known, value: start, end: node.range?.[1] ?? start })
  }

  #readAlias(node: Alias, path: Path, secret: boolean, depth: number): unknown {
    const target = this.#anchors.get(node.source)
    if (target === undefined) return this.#refuse(path, 'no anchor of this name stands above')
    if (this.#open.has(target)) return this.#refuse(path, 'an anchor must not contain itself')
    this.#expanding += 1
    const value = this.read(target, path, secret, depth + 1)
    this.#expanding -= 1
    return value
  }

  #readScalar(node: Scalar, path: Path, secret: boolean): unknown {
    const value = node.value
    if (typeof value !== 'string') {
      if (!secret || value === null) return value
      this.#secretPlaces.add(placeKey(path))
      this.#secrets.add(JSON.stringify(value))
      this.#maskNode(node, '…')
      return value
    }
    const substituted = substitute(value, this.#sources)
    const shows = secret && !onlyReferences.test(value) ? '…' : showText(value)
    if (shows !== value) this.#maskNode(node, shows)
    if (secret || substituted.parts.length > 0) {
      this.#secretPlaces.add(placeKey(path))
      this.#secrets.add(substituted.text)
    }
    for (const part of substituted.parts) this.#secrets.add(part)
    for (const says of substituted.problems) this.problems.push({ path, says })
    if (substituted.problems.length > 0) this.#unresolved.add(placeKey(path))
    return substituted.text
  }

  #readMap(node: YAMLMap, path: Path, secret: boolean, depth: number): unknown {
    const data = new Map<string, unknown>()
    const merged = new Set<string>()
    const inherited = secret && typeof path.at(-1) === 'string'
    for (const pair of node.items) {
      const key = this.#readKey(pair.key, path)
      if (key === undefined) {
        this.#maskNode(pair.value, '…')
        continue
      }
      if (isMergeKey(pair.key)) {
        for (const [name, value] of this.#readMerged(pair.value, path, depth)) {
          if (data.has(name)) continue
          data.set(name, value)
          merged.add(name)
        }
        continue
      }
      const offset = keyOffset(pair.key)
      const before = this.#places.get(placeKey([...path, key]))
      if (data.has(key) && !merged.delete(key)) {
        const line = this.#lines.linePos(before?.key ?? 0).line
        const says = `duplicate key; it already stands in line ${line}`
        this.problems.push({ path: [...path, key], offset, says })
        this.#maskNode(pair.value, '…')
        continue
      }
      this.#places.set(placeKey([...path, key]), { key: offset, value: offset, end: offset })
      data.set(
        key,
        this.read(pair.value, [...path, key], inherited || isSecretName(key), depth + 1),
      )
    }
    this.#order.set(placeKey(path), [...data.keys()])
    return Object.fromEntries(data)
  }

  /** YAML's `<<: *anchor` or a list of them: keys that the map has not got itself. */
  #readMerged(node: unknown, path: Path, depth: number): [string, unknown][] {
    if (isSeq(node)) return node.items.flatMap((item) => this.#readMerged(item, path, depth + 1))
    const target = isAlias(node) ? this.#anchors.get(node.source) : node
    if (!isMap(target) || this.#open.has(target)) {
      this.problems.push({ path, says: '<< takes a map, such as an alias of one' })
      return []
    }
    this.#expanding += 1
    const value = this.read(target, path, false, depth + 1)
    this.#expanding -= 1
    return typeof value === 'object' && value !== null ? Object.entries(value) : []
  }

  #readKey(node: unknown, path: Path): string | undefined {
    if (isScalar(node)) {
      const shows = maskByLook(String(node.source))
      if (shows !== String(node.source)) this.#maskNode(node, shows)
      // The text as written: `yes`, `1` and `1.0` are names here, not values.
      if (typeof node.value === 'string') return node.value
      return node.source ?? String(node.value)
    }
    this.problems.push({ path, offset: keyOffset(node), says: 'a key must be a plain name' })
    this.#maskNode(node, '…')
    return undefined
  }

  #maskNode(node: unknown, shows: string): void {
    if (!isNode(node) || !node.range) return
    this.#masks.push({ start: node.range[0], end: node.range[1], shows })
  }
}

function isMergeKey(node: unknown): boolean {
  return isScalar(node) && node.value === '<<' && node.type === 'PLAIN'
}

function keyOffset(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0
}
