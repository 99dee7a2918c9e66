/** Labels of a group. */
export interface GroupLabels extends Readonly<Record<string, string>> {
  readonly stream: string
  readonly group: string
}

/** Labels of a path. */
export interface PathLabels extends GroupLabels {
  readonly path: string
}

/** The labels of `<stream>/<group>`. */
export function groupLabels(name: string): GroupLabels {
  const [stream = '', group = ''] = name.split('/')
  return { stream, group }
}

/** The labels of `<stream>/<group>/<path>`. */
export function pathLabels(name: string): PathLabels {
  const [stream = '', group = '', path = ''] = name.split('/')
  return { stream, group, path }
}

/**
 * A word for a label value that comes from data: kebab-case or snake_case words pass, anything else
 * becomes `other`. So no sentence, URL or secret can become a label, whatever a writer put there.
 */
export function labelWord(value: unknown): string {
  return typeof value === 'string' && /^[a-z][a-z0-9_-]{0,39}$/u.test(value) ? value : 'other'
}
