/**
 * One row of HAProxy's statistics by column name; `undefined` where the text is no such table.
 * The format is that of `show stat` and of `/stats;csv` alike (HAProxy management guide, 9.1: CSV,
 * a header that begins with `# `, fields quoted where they hold a comma or a quote).
 */
export function readRow(
  csv: string,
  proxy: string,
  server: string,
): { readonly isTable: boolean; readonly row?: ReadonlyMap<string, string> } {
  const lines = csv.split('\n')
  const start = lines.findIndex((line) => line.startsWith('# pxname,svname,'))
  const header = lines[start]
  if (header === undefined) return { isTable: false }
  const names = fieldsOf(header.slice(2))
  for (const line of lines.slice(start + 1)) {
    // Other proxies are the most of it: they are passed over without being taken apart.
    if (!line.startsWith(`${proxy},`)) continue
    const fields = fieldsOf(line)
    if (fields[1] !== server) continue
    return { isTable: true, row: new Map(names.map((name, at) => [name, fields[at] ?? ''])) }
  }
  return { isTable: true }
}

function fieldsOf(line: string): string[] {
  const fields: string[] = []
  let field = ''
  let isQuoted = false
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] ?? ''
    if (isQuoted && letter === '"' && line[at + 1] === '"') {
      field += '"'
      at += 1
    } else if (letter === '"') isQuoted = !isQuoted
    else if (letter === ',' && !isQuoted) {
      fields.push(field)
      field = ''
    } else if (letter !== '\r') field += letter
  }
  fields.push(field)
  return fields
}
