/** The stream of a group, `<stream>/<group>`; what concerns no stream stands for itself. */
export function streamOfGroup(group: string): string {
  return group.split('/')[0] ?? group
}

/** `<stream>/<group>` of a path, `<stream>/<group>/<path>`. */
export function groupOfPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
